//! Bad input and bad moments: tokens that expire in the middle of something, access that is denied, expressions that
//! cannot be read. Refused is named, and nothing is lost.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use azml::ErrorKind;
use azml::auth::directory::{
    CredentialOptions, StaticTokenCredential, UsernamePasswordCredential, client_secret,
};
use azml::datalake_analytics::{AccountState, ClientOptions, DataLake, JobFilter};
use azml_core::clock::{Clock as _, ManualClock, SystemClock};
use azml_core::env;
use azml_test_support::TestEmulator;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use futures::TryStreamExt as _;

const GROUP: &str = "azml";
const ARM: &[&str] = &["https://management.azure.com/.default"];

/// Gives the token that it was last told.
#[derive(Debug)]
struct Told(Mutex<String>);

#[async_trait]
impl TokenCredential for Told {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let expires_on = SystemClock.now() + Duration::from_secs(24 * 3600);
        Ok(AccessToken::new(self.0.lock().unwrap().clone(), expires_on))
    }
}

/// A token that the directory gives now.
async fn fresh(emulator: &TestEmulator) -> String {
    let credential = client_secret(
        &emulator.variable(env::TENANT_ID),
        &emulator.variable(env::CLIENT_ID),
        &emulator.variable(env::CLIENT_SECRET).as_str().into(),
        CredentialOptions::from_env(&emulator.environment()).unwrap(),
    )
    .unwrap();
    let token = credential.get_token(ARM, None).await.unwrap();
    token.token.secret().to_owned()
}

fn lake(emulator: &TestEmulator, credential: Arc<dyn TokenCredential>) -> DataLake {
    let options = ClientOptions::from_env(&emulator.environment()).unwrap();
    DataLake::new(credential, emulator.variable(env::SUBSCRIPTION_ID), options)
}

/// Bad input: a token that expires while an operation runs. With a new one the operation goes on; without, the refusal
/// is named and the operation ends well all the same.
#[tokio::test]
async fn operations_outlive_the_token_they_began_with() {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let (at_start, hours) = (clock.clone(), Duration::from_secs(2 * 3600));
    let emulator =
        TestEmulator::start_with(|builder| builder.clock(at_start).operation_polls(4)).await;

    let told = Arc::new(Told(Mutex::new(fresh(&emulator).await)));
    let renewing = lake(&emulator, told.clone());
    let mut created = renewing
        .stores()
        .create(GROUP, "firstlake", "eastus2")
        .await
        .unwrap();
    created.poll().await.unwrap();
    assert!(!created.is_done());
    clock.advance(hours);
    *told.0.lock().unwrap() = fresh(&emulator).await;
    let store = created.await.unwrap();
    assert_eq!(store.state, Some(AccountState::Active));

    let expires_on = SystemClock.now() + hours * 10;
    let token = fresh(&emulator).await;
    let fixed = StaticTokenCredential::new(token.into(), expires_on, Arc::new(SystemClock));
    let mut created = lake(&emulator, fixed)
        .stores()
        .create(GROUP, "secondlake", "eastus2")
        .await
        .unwrap();
    created.poll().await.unwrap();
    clock.advance(hours);
    let error = created.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unauthorized, Some("ExpiredAuthenticationToken")),
        "{error}"
    );
    *told.0.lock().unwrap() = fresh(&emulator).await;
    let mut state = None;
    while state != Some(AccountState::Active) {
        state = renewing
            .stores()
            .get(GROUP, "secondlake")
            .await
            .unwrap()
            .state;
    }
}

/// Bad input: access that is denied, with `--adls-enforce-acls`.
#[tokio::test]
async fn denied_access_is_named_and_changes_nothing() {
    let emulator = TestEmulator::start_with(|builder| builder.enforce_store_acls()).await;
    let environment = emulator.environment();
    let application = DataLake::from_environment(&environment).unwrap();
    application
        .stores()
        .create(GROUP, "mylake", "eastus2")
        .await
        .unwrap()
        .await
        .unwrap();
    let files = application.files("mylake").unwrap();
    files.write("private/file", "secret", false).await.unwrap();

    let user = UsernamePasswordCredential::new(
        &emulator.variable(env::TENANT_ID),
        None,
        emulator.variable(env::USERNAME),
        emulator.variable(env::PASSWORD).into(),
        CredentialOptions::from_env(&environment).unwrap(),
    )
    .unwrap();
    let theirs = lake(&emulator, user).files("mylake").unwrap();
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("file"), "other").unwrap();
    let target = here.path().join("copy");
    let denied = [
        theirs.read("private/file").await.map(drop).unwrap_err(),
        theirs.write("private/file", "x", true).await.unwrap_err(),
        theirs.delete("private/file", false).await.unwrap_err(),
        theirs
            .set_permission("private/file", "777")
            .await
            .unwrap_err(),
        theirs
            .upload(here.path().join("file"), "private/other")
            .send()
            .await
            .map(drop)
            .unwrap_err(),
        theirs
            .download("private/file", &target)
            .fetch()
            .await
            .map(drop)
            .unwrap_err(),
    ];
    for error in denied {
        let error = azml_core::Error::from(error);
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Forbidden, Some("AccessControlException")),
            "{error}"
        );
        assert!(error.message().contains("private/"), "{error}");
    }
    assert!(!target.exists());
    assert!(!theirs.check_access("private/file", "r--").await.unwrap());
    assert_eq!(files.read("private/file").await.unwrap(), "secret");
    let names: Vec<String> = files
        .list("private")
        .map_ok(|entry| entry.path_suffix)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, ["file"]);
}

/// Bad input: expressions that the service cannot read, over every list that takes them.
#[tokio::test]
async fn malformed_expressions_are_refused() {
    let emulator = TestEmulator::start().await;
    let lake = DataLake::from_environment(&emulator.environment()).unwrap();
    let (stores, accounts) = (lake.stores(), lake.accounts());
    let store = stores.create(GROUP, "mylake", "eastus2");
    store.await.unwrap().await.unwrap();
    let account = accounts.create(GROUP, "myadla", "eastus2", "mylake");
    account.await.unwrap().await.unwrap();
    let jobs = lake.jobs("myadla").unwrap();
    let deep = format!("{}name eq 'x'{}", "(".repeat(1000), ")".repeat(1000));
    let filters = [
        "colour eq 1",
        "name eq",
        "name eq 'open",
        "name is 'x'",
        "(name eq 'x'",
        "name eq 'x')",
        "submitTime ge datetimeoffset'yesterday'",
        "related/pipelineId eq guid'no'",
        "startswith(name)",
        deep.as_str(),
    ];
    let filters = filters.map(|text| JobFilter::new().expression(text));
    let orders = ["colour", "name sideways", "name,,priority"];
    let orders = orders.map(|text| JobFilter::new().order_by(text));
    let others = [JobFilter::new().page_size(0), JobFilter::new().skip(0)];
    for filter in filters.into_iter().chain(orders).chain(others) {
        let refused = jobs.list(&filter).unwrap().try_next().await.unwrap_err();
        let error = azml_core::Error::from(refused);
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::InvalidRequest, Some("InvalidODataQuery")),
            "{filter:?}: {error}"
        );
    }
}
