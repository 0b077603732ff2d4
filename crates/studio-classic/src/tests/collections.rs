//! Listing and looking up datasets.

use futures::TryStreamExt;
use serde_json::json;

use super::server::{Answer, Server};
use super::*;
use crate::{DataTypeId, SchemaStatus};

async fn three_datasets() -> Server {
    let server = Server::start().await;
    let list = json!([
        dataset(
            &server,
            &format!("{WORKSPACE}.f1.v1-default-1"),
            "b",
            "GenericCSV"
        ),
        dataset(
            &server,
            &format!("{WORKSPACE}.f2.v1-default-2"),
            "a",
            "PlainText"
        ),
        dataset(&server, &format!("{EXAMPLE}.f3.v1-default-3"), "a", "ARFF"),
    ]);
    server.script(move |_| Answer::json(&list));
    server
}

#[tokio::test]
async fn every_call_carries_the_headers_of_the_protocol() {
    // studio S-009
    let server = three_datasets().await;
    workspace(&server).datasets().list().await.expect("listed");
    let asked = &server.asked()[0];
    assert_eq!(
        asked.target,
        format!("/api/workspaces/{WORKSPACE}/datasources")
    );
    assert_eq!(
        asked.headers["x-ms-metaanalytics-authorizationtoken"],
        TOKEN
    );
    assert_eq!(asked.headers["x-ms-client-session-id"], "DefaultSession");
    let agent = &asked.headers["user-agent"];
    assert!(
        agent.starts_with("azsdk-rust-azml-studio-classic/"),
        "{agent}"
    );
}

#[tokio::test]
async fn views_keep_the_order_and_part_by_owner() {
    // studio S-020, S-021, S-024, S-025
    let server = three_datasets().await;
    let workspace = workspace(&server);
    let names = async |view: crate::Datasets| {
        let list: Vec<_> = view.stream().try_collect().await.expect("listed");
        list.iter().map(ToString::to_string).collect::<String>()
    };
    assert_eq!(names(workspace.datasets()).await, "baa");
    assert_eq!(names(workspace.user_datasets()).await, "ba");
    assert_eq!(names(workspace.example_datasets()).await, "a");
    assert_eq!(workspace.datasets().len().await.expect("listed"), 3);
    assert!(!workspace.datasets().is_empty().await.expect("listed"));
    let last = workspace.user_datasets().get_index(-1).await.expect("two");
    assert_eq!(last.data_type_id(), &DataTypeId::PlainText);
    let error = workspace
        .example_datasets()
        .get_index(1)
        .await
        .expect_err("one");
    assert!(error.is_not_found());
    assert_eq!(server.paths().len(), 7, "each call fetches the list");
}

#[tokio::test]
async fn names_are_compared_exactly() {
    // studio S-022, S-023, S-027
    let server = three_datasets().await;
    let datasets = workspace(&server).datasets();
    let user = datasets.get("a").await.expect("there");
    assert!(!user.is_example(), "the workspace's own comes first");
    assert!(datasets.try_get("A").await.expect("listed").is_none());
    let error = datasets.get("A").await.expect_err("missing");
    assert_eq!(error.to_string(), "there is no dataset named `A`");
}

#[tokio::test]
async fn every_attribute_is_readable() {
    // studio S-030, S-031, S-033, S-034, S-036
    let server = three_datasets().await;
    let dataset = workspace(&server).datasets().get("b").await.expect("there");
    assert_eq!(dataset.id(), format!("{WORKSPACE}.f1.v1-default-1"));
    assert_eq!(dataset.dataset_id(), dataset.id());
    assert_eq!(dataset.family_id(), "f1");
    assert_eq!(dataset.description(), "about it");
    assert_eq!(dataset.size(), 7);
    assert_eq!(dataset.owner(), Some("Python SDK"));
    assert_eq!(dataset.source_origin(), Some("FromResourceUpload"));
    assert_eq!(dataset.uploaded_from_filename(), Some("x.csv"));
    assert_eq!(dataset.schema_status(), &SchemaStatus::Complete);
    assert_eq!(dataset.culture(), Some("en-us"));
    assert_eq!(dataset.resource_upload_id().map(str::len), Some(32));
    assert_eq!(dataset.created_date_ticks(), Some(635_540_414_681_770_000));
    assert!(dataset.is_latest() && !dataset.is_deprecated());
    assert_eq!((dataset.service_version(), dataset.batch()), (0, 0));
    for absent in [
        dataset.experiment_id(),
        dataset.client_version(),
        dataset.promoted_from(),
        dataset.category(),
    ] {
        assert_eq!(absent, None);
    }
    assert!(dataset.language().is_none());
    let location = dataset.download_location().expect("given");
    assert_eq!(location.endpoint_type(), "AzureBlobContainer");
    assert_eq!(location, dataset.schema_end_point().expect("given"));
    assert_eq!(location, dataset.visualize_end_point().expect("given"));
    assert_eq!(
        dataset.contents_url().expect("given"),
        format!("{}/blobs/b?sig=secret-signature", server.url())
    );
    let created = dataset.created_date().expect("given");
    assert_eq!(created.unix_timestamp_nanos(), 1_418_444_668_177_000_000);
}

#[tokio::test]
async fn segments_are_encoded_whole() {
    // studio 1.1
    let server = three_datasets().await;
    let datasets = workspace(&server).datasets();
    let _ = datasets.get_id("a/b?c#d%e f").await;
    let target = server.asked()[0].target.clone();
    assert!(
        target.ends_with("/datasources/a%2Fb%3Fc%23d%25e%20f"),
        "{target}"
    );
}

#[tokio::test]
async fn metadata_of_users_and_workspace() {
    // studio S-171
    let server = Server::start().await;
    server.script(|asked| {
        Answer::json(&if asked.target.ends_with("/users") {
            json!([{"Status": "Active", "User": {"Email": "a@b", "Role": "Owner"}}])
        } else {
            json!({"WorkspaceId": WORKSPACE, "FriendlyName": "mine", "Region": "South Central US"})
        })
    });
    let workspace = workspace(&server);
    assert_eq!(workspace.info().await.expect("given").friendly_name, "mine");
    let users = workspace.users().await.expect("given");
    assert!(users[0].is_owner());
    assert_eq!(
        server.paths()[0],
        format!("GET /api/workspaces/{WORKSPACE}")
    );
}
