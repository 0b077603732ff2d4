//! What the README and the guide tell people to type works when it is typed.
//!
//! Blocks behind a `<!-- run -->` comment are run: shell as it stands, Python with the original
//! client of the page under `azml emulator exec`. Rust blocks are compiled as doctests of
//! this package.

mod links;

use std::path::Path;
use std::process::Command;

use azml_tests::{EmulatorProcess, repository};
use tempfile::TempDir;

/// A page and its text.
struct Page {
    name: &'static str,
    text: &'static str,
}

/// A page below `docs`.
macro_rules! page {
    ($name:literal) => {
        Page {
            name: concat!("docs/", $name),
            text: include_str!(concat!("../../docs/", $name)),
        }
    };
}

const README: Page = Page {
    name: "README.md",
    text: include_str!("../../README.md"),
};

const STUDIO: Page = page!("guide/studio-classic.md");

const DATASTORES: Page = page!("guide/datastores.md");

const DATA_LAKE: Page = page!("guide/data-lake.md");

const TRAINING: Page = page!("guide/training.md");

const USQL: Page = page!("guide/usql.md");

const TESTING: Page = page!("guide/testing.md");

impl Page {
    /// The blocks of one language behind this comment.
    fn blocks(&self, comment: &str, language: &str) -> Vec<&'static str> {
        let opening = format!("```{language}\n");
        let blocks: Vec<_> = self
            .text
            .split(comment)
            .skip(1)
            .filter_map(|rest| rest.trim_start().strip_prefix(&opening))
            .filter_map(|rest| rest.split_once("\n```"))
            .map(|(block, _)| block)
            .collect();
        assert!(!blocks.is_empty(), "{} has no {language} to run", self.name);
        blocks
    }

    /// Runs the shell blocks in their order, as one person would: one folder, one emulator; gives the folder.
    async fn run_shell(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.shell(&EmulatorProcess::ephemeral().await, folder.path());
        folder
    }

    fn shell(&self, emulator: &EmulatorProcess, folder: &Path) {
        let bin = folder.join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::os::unix::fs::symlink(emulator.azml().get_program(), bin.join("azml"))
            .expect("a link");
        let path = std::env::var("PATH").unwrap_or_default();
        for block in self.blocks("<!-- run -->", "sh") {
            let mut shell = Command::new("sh");
            shell
                .args(["-eu", "-c", block])
                .current_dir(folder)
                .env("PATH", format!("{}:{path}", bin.display()))
                .env("HOME", folder)
                .envs(emulator.names());
            self.succeed(&mut shell, block);
        }
    }

    /// Runs the Python blocks, each a program of its own, with the client that this environment holds.
    fn python(&self, emulator: &EmulatorProcess, folder: &Path, environment: &str) {
        for block in self.blocks("<!-- run with the original client -->", "python") {
            self.program(emulator, folder, environment, block);
        }
    }

    /// Runs one program.
    fn program(&self, emulator: &EmulatorProcess, folder: &Path, environment: &str, text: &str) {
        let drivers = azml_tests::odbc_drivers();
        let program = folder.join("program.py");
        std::fs::write(&program, text).expect("a file in the temporary folder");
        let mut command = emulator.exec(azml_tests::python(environment));
        command
            .arg(&program)
            .current_dir(folder)
            .env("ODBCSYSINI", drivers.path());
        self.succeed(&mut command, text);
    }

    /// Fails with everything that the command wrote unless it ended well.
    fn succeed(&self, command: &mut Command, block: &str) {
        let output = command.output().expect("the command starts");
        assert!(
            output.status.success(),
            "{}: {}\n{block}\n{}{}",
            self.name,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Runs the Python blocks in a folder of their own, against an emulator that runs scripts with their interpreter.
async fn run_python(page: &Page, environment: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let emulator = EmulatorProcess::start(azml_tests::allowing_scripts(environment)).await;
    page.python(&emulator, folder.path(), environment);
}

#[tokio::test]
async fn the_tour_of_the_readme_works() {
    let folder = README.run_shell().await;
    assert!(folder.path().join("iris.parquet").is_file());
    run_python(&README, "studio").await;
}

#[tokio::test]
async fn the_studio_page_works_on_the_command_line() {
    let folder = STUDIO.run_shell().await;
    assert!(folder.path().join("age.svg").is_file());
}

#[tokio::test]
async fn the_studio_page_works_with_the_original_client() {
    run_python(&STUDIO, "studio").await;
}

#[tokio::test]
async fn the_page_of_azureml_works() {
    run_python(&page!("clients/azureml.md"), "studio").await;
}

#[tokio::test]
async fn the_page_of_azureml_core_works() {
    run_python(&page!("clients/azureml-core.md"), "datastore").await;
}

#[tokio::test]
async fn the_page_of_azure_storage_works() {
    run_python(&page!("clients/azure-storage.md"), "azure-storage").await;
}

#[tokio::test]
async fn the_page_of_azure_identity_works() {
    run_python(&page!("clients/azure-identity.md"), "adla").await;
}

#[tokio::test]
async fn the_page_of_azure_mgmt_datalake_analytics_works() {
    let page = page!("clients/azure-mgmt-datalake-analytics.md");
    run_python(&page, "adla").await;
}

#[tokio::test]
async fn the_page_of_azure_datalake_store_works() {
    let page = page!("clients/azure-datalake-store.md");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let emulator = EmulatorProcess::ephemeral().await;
    page.shell(&emulator, folder.path());
    page.python(&emulator, folder.path(), "adla");
}

#[tokio::test]
async fn the_page_of_pyodbc_works() {
    run_python(&page!("clients/pyodbc.md"), "sql").await;
}

#[tokio::test]
async fn the_page_of_sqlmlutils_works() {
    run_python(&page!("clients/sqlmlutils.md"), "sql").await;
}

#[tokio::test]
async fn the_datastores_page_works() {
    let folder = DATASTORES.run_shell().await;
    assert!(folder.path().join("copy/train/2024/b.txt").is_file());
}

#[tokio::test]
async fn the_training_page_works() {
    let folder = TRAINING.run_shell().await;
    let total = std::fs::read_to_string(folder.path().join("copy/sums/total.txt"));
    assert_eq!(total.expect("the result"), "3");
}

#[tokio::test]
async fn the_data_lake_page_works_on_the_command_line() {
    let folder = DATA_LAKE.run_shell().await;
    assert!(folder.path().join("data.csv").is_file());
}

/// The blocks of this page are one program.
#[tokio::test]
async fn the_data_lake_page_works_with_the_original_clients() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let emulator = EmulatorProcess::ephemeral().await;
    let program = DATA_LAKE
        .blocks("<!-- run with the original client -->", "python")
        .join("\n");
    DATA_LAKE.program(&emulator, folder.path(), "adla", &program);
}

#[tokio::test]
async fn the_usql_page_works() {
    let folder = USQL.run_shell().await;
    let totals = std::fs::read(folder.path().join("lake/totals.csv")).expect("the last output");
    assert_eq!(totals, b"\"north\",5\r\n\"south\",4\r\n");
}

#[tokio::test]
async fn the_testing_page_works() {
    let folder = TESTING.run_shell().await;
    assert!(folder.path().join("test.env").is_file());
}

/// Every kind of error has its line in the troubleshooting page.
#[test]
fn every_kind_of_error_is_explained() {
    let root = repository();
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("a page");
    let source = read("crates/core/src/error.rs");
    let page = read("docs/TROUBLESHOOTING.md");
    let (_, kinds) = source
        .split_once("pub enum ErrorKind {")
        .expect("the kinds");
    let (kinds, _) = kinds.split_once("\n}").expect("their end");
    let kinds: Vec<_> = kinds
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in kinds {
        assert!(page.contains(&format!("| `{kind}` |")), "{kind} is missing");
    }
}
