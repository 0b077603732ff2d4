//! What a program outside this repository does with the datastore client by itself: here without any
//! server, so that building it is what is tested.

use azml_datastore::{AzureBlob, DataReference, WorkspaceScope};

fn main() {
    let scope = WorkspaceScope::new("subscription", "group", "workspace");
    assert!(scope.resource_id().ends_with("/workspaces/workspace"));
    let nowhere = std::env::temp_dir().join("azml-datastore-consumer/config.json");
    println!("{}", WorkspaceScope::from_config(nowhere).expect_err("no such file"));

    let reference = DataReference::new("photos", Some("train")).as_download().overwrite();
    assert!(reference.to_string().starts_with("$AZUREML_DATAREFERENCE_"));
    let container = AzureBlob::new("photos", "account", "raw").account_key("c2VjcmV0");
    assert!(!format!("{container:?}").contains("c2VjcmV0"));
}
