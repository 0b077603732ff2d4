//! `azml::studio_classic` against an emulator in this process: every row of the conformance table
//! of the Studio (classic) protocol notes that a client can show, and what goes wrong on the way.

mod adding;
mod datasets;
mod experiments;
mod faults;
mod formats;
mod reading;
mod restart;
mod updating;

use azml::studio_classic::{Error, SourceDataset, Workspace, WorkspaceBuilder};
use azml_test_support::TestEmulator;
use azure_core::http::{ClientOptions, FixedRetryOptions, RetryOptions};
use azure_core::time::Duration;

/// An example of type `GenericCSV`.
const AIRPORTS: &str = "Airport Codes Dataset";
/// The finished experiment of a new workspace and its readable output.
const EXPERIMENT: &str = "4c29e1adeba2e5a7cbeb0e4f4adfb4df.f-id.22222222222222222222222222222222";
const NODE: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565";
const PORT: &str = "Results dataset";

fn builder(emulator: &TestEmulator) -> WorkspaceBuilder {
    let retry = FixedRetryOptions {
        delay: Duration::milliseconds(10),
        max_retries: 2,
        ..FixedRetryOptions::default()
    };
    Workspace::builder()
        .environment(emulator.environment())
        .home("/nonexistent")
        .client_options(ClientOptions {
            retry: RetryOptions::fixed(retry),
            ..ClientOptions::default()
        })
}

fn workspace(emulator: &TestEmulator) -> Workspace {
    builder(emulator)
        .build()
        .expect("the environment names everything")
}

/// A small dataset of the workspace.
async fn add(workspace: &Workspace, name: &str, text: &'static str) -> SourceDataset {
    let added = workspace
        .datasets()
        .add_from_raw(text, "GenericCSV", name, "about it");
    added.await.expect("added")
}

/// The names of the workspace's own datasets, in order.
async fn names(workspace: &Workspace) -> Vec<String> {
    let list = workspace.user_datasets().list().await.expect("listed");
    list.iter().map(ToString::to_string).collect()
}

fn refused_with(error: &Error, status: u16, text: &str) {
    assert_eq!(error.status(), Some(status), "{error}");
    assert!(error.to_string().contains(text), "{error}");
}
