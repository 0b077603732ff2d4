//! The client against a scripted server in this process: what goes over the wire, and what the
//! client makes of answers that a well-behaved server would not give.

mod collections;
mod errors;
mod experiments;
mod frames;
mod reading;
mod secrets;
mod server;
mod uploading;

use std::sync::Arc;

use azml_core::clock::ManualClock;
use azml_core::env::Environment;
use azure_core::http::{ClientOptions, FixedRetryOptions, RetryOptions};
use serde_json::{Value, json};

use crate::{Workspace, WorkspaceBuilder};
use server::Server;

const WORKSPACE: &str = "4c29e1adeba2e5a7cbeb0e4f4adfb4df";
const TOKEN: &str = "the+token/of==";
const EXAMPLE: &str = "506153734175476c4f62416c57734963";

fn builder(server: &Server) -> WorkspaceBuilder {
    let retry = FixedRetryOptions {
        delay: azure_core::time::Duration::milliseconds(1),
        max_retries: 2,
        ..FixedRetryOptions::default()
    };
    Workspace::builder()
        .id(WORKSPACE)
        .token(TOKEN)
        .endpoint(server.url())
        .environment(Environment::from_pairs::<&str, &str>([]))
        .home("/nonexistent")
        .clock(Arc::new(ManualClock::new(time::OffsetDateTime::UNIX_EPOCH)))
        .client_options(ClientOptions {
            retry: RetryOptions::fixed(retry),
            ..ClientOptions::default()
        })
}

fn workspace(server: &Server) -> Workspace {
    builder(server).build().expect("complete")
}

/// A dataset as the service describes it, its contents at `/blobs/{name}` of the same server.
fn dataset(server: &Server, id: &str, name: &str, data_type_id: &str) -> Value {
    let location = json!({
        "BaseUri": format!("{}/blobs/", server.url()), "Size": 7, "Name": "",
        "EndpointType": "AzureBlobContainer", "CredentialContainer": "",
        "AccessCredential": "?sig=secret-signature", "Location": name, "FileType": "",
        "IsAuxiliary": false
    });
    json!({
        "VisualizeEndPoint": location, "SchemaEndPoint": location, "SchemaStatus": "Complete",
        "Id": id, "DataTypeId": data_type_id, "Name": name, "Description": "about it",
        "FamilyId": id.split('.').nth(1), "ResourceUploadId": "u".repeat(32),
        "SourceOrigin": "FromResourceUpload", "Size": 7, "CreatedDate": "/Date(1418444668177)/",
        "Owner": "Python SDK", "ExperimentId": null, "ClientVersion": null, "PromotedFrom": null,
        "UploadedFromFilename": "x.csv", "ServiceVersion": 0, "IsLatest": true, "Category": null,
        "DownloadLocation": location, "IsDeprecated": false, "Culture": "en-us", "Batch": 0,
        "CreatedDateTicks": 635_540_414_681_770_000_i64
    })
}
