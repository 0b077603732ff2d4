//! Listing, tokens, metadata, deletion.

use azml::ErrorKind;
use azml::studio_classic::{DataTypeId, SchemaStatus, WaitOptions};
use azml_core::env;
use azml_test_support::TestEmulator;

use super::*;

#[tokio::test]
async fn both_tokens_open_the_workspace_and_others_do_not() {
    // studio S-011, S-012, S-014
    let emulator = TestEmulator::start().await;
    let secondary = emulator.variable(env::STUDIO_SECONDARY_TOKEN);
    let with = |token: String| builder(&emulator).token(token).build().expect("complete");
    assert!(with(secondary).datasets().len().await.expect("listed") > 0);
    let other_workspace = builder(&emulator)
        .id("0".repeat(32))
        .build()
        .expect("complete");
    for refused in [with("wrong".to_owned()), other_workspace] {
        let error = refused.datasets().list().await.expect_err("refused");
        assert!(error.is_unauthorized(), "{error}");
        let error = azml::Error::from(error);
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(
            error.request_id().is_some_and(|id| id.len() == 36),
            "{error}"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("region")));
    }
}

#[tokio::test]
async fn the_workspace_s_own_come_first_and_new_ones_last_among_them() {
    // studio S-020, S-021, S-025, S-026, S-027
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let before = names(&workspace).await;
    let mine = add(&workspace, AIRPORTS, "a\n1\n").await;
    let after = names(&workspace).await;
    assert_eq!(
        after.split_last(),
        Some((&AIRPORTS.to_owned(), &before[..]))
    );
    let found = workspace.datasets().get(AIRPORTS).await.expect("there");
    assert_eq!(found.id(), mine.id());
    let example = workspace
        .example_datasets()
        .get(AIRPORTS)
        .await
        .expect("there");
    assert!(example.is_example() && example.id() != mine.id());
    let all = workspace.datasets().list().await.expect("listed");
    let split = all.iter().position(SourceDataset::is_example);
    assert_eq!(split, Some(after.len()));
    assert!(
        all[after.len()..]
            .iter()
            .all(|dataset| dataset.is_example())
    );
    let types: std::collections::HashSet<_> = all
        .iter()
        .map(|dataset| dataset.data_type_id().as_str().to_owned())
        .collect();
    assert!(types.len() >= 12, "one of every type: {types:?}");
}

#[tokio::test]
async fn metadata_is_what_was_given() {
    // studio S-030 to S-034, S-036, S-062, S-063
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let text = "a,b\n1,é\n";
    let mut dataset = workspace
        .datasets()
        .add_from_raw(text, "GenericCSV", "naïve 数据", "Beschreibung: „süß“")
        .file_name("daten.csv")
        .await
        .expect("added");
    assert_eq!(dataset.name(), "naïve 数据");
    assert_eq!(dataset.description(), "Beschreibung: „süß“");
    assert_eq!(dataset.data_type_id(), &DataTypeId::GenericCsv);
    assert_eq!(dataset.owner(), Some("Rust SDK"));
    assert_eq!(dataset.source_origin(), Some("FromResourceUpload"));
    assert_eq!(dataset.uploaded_from_filename(), Some("daten.csv"));
    assert_eq!(dataset.size(), 9);
    assert!(dataset.is_latest() && !dataset.is_deprecated() && !dataset.is_example());
    assert_eq!(dataset.id().split('.').nth(1), Some(dataset.family_id()));
    assert_eq!(dataset.family_id().len(), 32);
    assert!(dataset.id().starts_with(workspace.workspace_id()));
    let created = dataset
        .created_date()
        .expect("a date")
        .unix_timestamp_nanos();
    let ticks = i128::from(dataset.created_date_ticks().expect("ticks"));
    assert_eq!(
        ticks,
        created / 100 + 621_355_968_000_000_000,
        "exact to the millisecond"
    );
    let location = dataset.download_location().expect("a location").clone();
    assert!(location.base_uri().ends_with('/'));
    assert!(location.access_credential().starts_with('?'));
    assert_eq!(location.size(), 9);
    assert!(dataset.visualize_end_point().is_some() && dataset.schema_end_point().is_some());
    let status = dataset.wait_for_schema(WaitOptions::default()).await;
    assert_eq!(status.expect("inferred"), &SchemaStatus::Complete);
    let by_id = workspace
        .datasets()
        .get_id(dataset.id())
        .await
        .expect("there");
    assert_eq!(by_id.name(), dataset.name());
}

#[tokio::test]
async fn a_deleted_family_is_gone() {
    // studio S-170
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let mut dataset = add(&workspace, "x", "a\n1\n").await;
    dataset.update_from_raw("a\n2\n").await.expect("updated");
    dataset.delete().await.expect("deleted");
    assert!(
        workspace
            .datasets()
            .try_get("x")
            .await
            .expect("listed")
            .is_none()
    );
    let error = dataset.delete().await.expect_err("gone");
    refused_with(&error, 404, "delete dataset `x`");
    assert!(
        workspace
            .datasets()
            .get_id(dataset.id())
            .await
            .expect_err("gone")
            .is_not_found()
    );
    add(&workspace, "x", "a\n3\n").await;
}

#[tokio::test]
async fn people_and_workspace_are_described() {
    // studio S-171
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let info = workspace.info().await.expect("given");
    assert_eq!(info.workspace_id, workspace.workspace_id());
    let tokens = &info.authorization_token;
    assert_eq!(
        tokens.primary().expose(),
        workspace.authorization_token().expose()
    );
    assert_eq!(
        tokens.secondary().expose(),
        emulator.variable(env::STUDIO_SECONDARY_TOKEN)
    );
    let users = workspace.users().await.expect("given");
    assert!(
        users.iter().any(|user| user.require_owner().is_ok()),
        "{users:?}"
    );
}
