//! Our Data Lake clients and directory credentials against the emulator.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::sync::Arc;

use azml::ErrorKind;
use azml::auth::directory::{
    CredentialOptions, InsecureLoopback, StaticTokenCredential, UsernamePasswordCredential,
    client_secret,
};
use azml::datalake_analytics::{
    AccountLimits, AccountState, ClientOptions, DataLake, Error, FileType, Job, JobFilter,
    JobResult, JobState, ObjectType, OperationStatus, PolicyLimits, Relation,
};
use azml_core::clock::{Clock as _, SystemClock};
use azml_core::{endpoint, env};
use azml_test_support::TestEmulator;
use azure_core::credentials::TokenCredential;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

const GROUP: &str = "azml";

async fn lake(emulator: &TestEmulator) -> DataLake {
    let lake = DataLake::from_environment(&emulator.environment()).unwrap();
    lake.stores()
        .create(GROUP, "mylake", "eastus2")
        .await
        .unwrap()
        .await
        .unwrap();
    lake
}

/// Every step of the article with our own clients.
#[tokio::test]
async fn the_article() {
    let emulator = TestEmulator::start().await;
    let lake = DataLake::from_environment(&emulator.environment()).unwrap();

    let groups = lake.resource_groups();
    assert!(!groups.exists("article").await.unwrap());
    let group = groups
        .create_or_update("article", "East US 2")
        .await
        .unwrap();
    assert_eq!(
        (group.location.as_str(), group.provisioning_state.as_str()),
        ("eastus2", "Succeeded")
    );

    let mut created = lake
        .stores()
        .create("article", "articlelake", "eastus2")
        .await
        .unwrap();
    assert!(!created.is_done(), "creation is a long-running operation");
    let mut polls = 0;
    while !created.is_done() {
        created.poll().await.unwrap();
        polls += 1;
    }
    assert_eq!((polls, created.status()), (2, &OperationStatus::Succeeded));
    let store = created.await.unwrap();
    assert_eq!(store.state, Some(AccountState::Active));

    let account = lake
        .accounts()
        .create("article", "articleadla", "eastus2", "articlelake")
        .await
        .unwrap();
    let account = account.await.unwrap();
    assert_eq!(
        account.default_data_lake_store_account.as_deref(),
        Some("articlelake")
    );
    assert_eq!(account.limits.max_degree_of_parallelism, Some(30));

    let jobs = lake.jobs("articleadla").unwrap();
    let relation = Relation::recurrence(Uuid::new_v4());
    let job = Job::usql("Sample Job", "// nothing to do").relation(relation.clone());
    let submitted = jobs.submit(&job).await.unwrap();
    assert_eq!(
        (submitted.state, submitted.result),
        (JobState::Compiling, JobResult::None)
    );
    assert_eq!(
        jobs.submit(&job).await.unwrap().job_id,
        submitted.job_id,
        "submitting twice is one job"
    );
    let mut states = Vec::new();
    let ended = jobs
        .wait_with(
            &submitted.job_id,
            Some(std::time::Duration::from_secs(60)),
            |job| states.push(job.state.clone()),
        )
        .await
        .unwrap();
    assert_eq!(
        ended.result,
        JobResult::Succeeded,
        "{:?}",
        ended.error_message
    );
    assert_eq!(states.last(), Some(&JobState::Ended));
    assert_eq!(ended.state_audit_records.len(), 7);
    assert_eq!(ended.properties.script.as_deref(), Some("// nothing to do"));

    let recurrences: Vec<_> = jobs.recurrences().unwrap().try_collect().await.unwrap();
    assert_eq!(
        recurrences[0].recurrence_id,
        relation.recurrence_id.to_string()
    );
    assert_eq!(recurrences[0].num_jobs_succeeded, 1);
    let pipelines: Vec<_> = jobs.pipelines().unwrap().try_collect().await.unwrap();
    assert!(pipelines.is_empty());

    let policies = lake.policies("article", "articleadla");
    let limits = PolicyLimits {
        max_degree_of_parallelism_per_job: Some(50),
        min_priority_per_job: Some(250),
    };
    let object_id = "3b097601-4912-4d41-b9d2-78672fc2acde";
    policies
        .create_or_update("GaryMcDaniel", object_id, &ObjectType::User, &limits)
        .await
        .unwrap();
    let listed: Vec<_> = policies.list().unwrap().try_collect().await.unwrap();
    assert_eq!(
        (listed[0].name.as_str(), listed[0].limits),
        ("GaryMcDaniel", limits)
    );
    assert!(policies.delete("GaryMcDaniel").await.unwrap());
    assert!(!policies.delete("GaryMcDaniel").await.unwrap());

    groups.delete("article").await.unwrap().await.unwrap();
    assert!(!groups.exists("article").await.unwrap());
}

/// A job that cannot be run, or does not compile, is a job that failed and says why.
#[tokio::test]
async fn failed_jobs_explain_themselves() {
    let emulator = TestEmulator::start().await;
    let lake = lake(&emulator).await;
    lake.accounts()
        .create(GROUP, "myadla", "eastus2", "mylake")
        .await
        .unwrap()
        .await
        .unwrap();
    let jobs = lake.jobs("myadla").unwrap();
    let bad = Job::usql("bad", "DROP DATABASE IF EXIST FOO; CREATE DATABASE FOO;");
    let built = jobs.build(&bad).await.unwrap();
    let diagnostic = &built.properties.diagnostics[0];
    assert_eq!(
        (
            diagnostic.line_number,
            diagnostic.column_number,
            diagnostic.start
        ),
        (1, 18, 17)
    );
    let submitted = jobs.submit(&bad).await.unwrap();
    let ended = jobs.wait(&submitted.job_id).await.unwrap();
    assert_eq!(ended.result, JobResult::Failed);
    assert_eq!(ended.error_message[0].error_id, "E_CSC_USER_SYNTAXERROR");

    for n in 0..3 {
        let job = Job::usql(format!("it's {n}"), "// nothing").priority(100 + n);
        let job = jobs.submit(&job).await.unwrap();
        jobs.wait(&job.job_id).await.unwrap();
    }
    let filter = JobFilter::new().name("it's 1").state(&JobState::Ended);
    let found: Vec<_> = jobs.list(&filter).unwrap().try_collect().await.unwrap();
    assert_eq!((found.len(), found[0].priority), (1, 101));
    let ordered: Vec<_> = jobs
        .list(&JobFilter::new().order_by("priority"))
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        ordered.iter().map(|job| job.priority).collect::<Vec<_>>(),
        [100, 101, 102, 1000]
    );
    let wrong = JobFilter::new().expression("colour eq 1");
    let error = jobs.list(&wrong).unwrap().try_next().await.unwrap_err();
    assert_eq!(
        azml_core::Error::from(error).code(),
        Some("InvalidODataQuery")
    );

    let limits = AccountLimits {
        max_degree_of_parallelism: Some(15),
        ..AccountLimits::default()
    };
    let account = lake
        .accounts()
        .set_limits(GROUP, "myadla", &limits)
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(account.limits.max_degree_of_parallelism_per_job, Some(15));
    let error = jobs
        .submit(&Job::usql("wide", "// x").degree_of_parallelism(16))
        .await
        .unwrap_err();
    assert_eq!(
        azml_core::Error::from(error).code(),
        Some("DegreeOfParallelismExceedsMaximum")
    );
    jobs.cancel(&ended.job_id).await.unwrap();
    assert_eq!(
        jobs.get(&Uuid::new_v4().to_string())
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn files_go_up_and_come_back() {
    let emulator = TestEmulator::start().await;
    let files = lake(&emulator).await.files("mylake").unwrap();
    for name in ["a/b/plain", "a/with space", "a/100% + more?", "a/naïve#1"] {
        files
            .write(name, name.as_bytes().to_vec(), false)
            .await
            .unwrap();
        assert_eq!(files.read(name).await.unwrap(), name.as_bytes());
    }
    let names: Vec<_> = files
        .list("a")
        .map_ok(|entry| entry.path_suffix)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, ["100% + more?", "b", "naïve#1", "with space"]);
    let error = files.write("a/b/plain", "x", false).await.unwrap_err();
    assert_eq!(
        azml_core::Error::from(error).code(),
        Some("FileAlreadyExistsException")
    );

    let chunks: Vec<Bytes> = (0..9_u8).map(|n| vec![n; 1 << 20].into()).collect();
    let written = files
        .write_stream("big", stream::iter(chunks.clone()).map(Ok), true)
        .await
        .unwrap();
    assert_eq!(written, 9 << 20);
    assert_eq!(files.read("big").await.unwrap(), chunks.concat());
    files.write("empty", "", true).await.unwrap();
    let status = files.status("empty").await.unwrap();
    assert_eq!((status.length, status.file_type), (0, FileType::File));
    // Exactly one part: it is closed by the request that creates it, or another writer would be kept out.
    files.write("part", vec![1; 4 << 20], true).await.unwrap();
    files.write("part", "again", true).await.unwrap();

    files.rename("a", "moved/here").await.unwrap();
    assert_eq!(files.summary("moved").await.unwrap().file_count, 4);
    let error = files.rename("nowhere", "x").await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotDone {
                operation: "RENAME",
                ..
            }
        ),
        "{error}"
    );
    let error = files.delete("moved", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    files.delete("moved", true).await.unwrap();
    let error = azml_core::Error::from(files.read("moved/here/b").await.unwrap_err());
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::NotFound, Some("FileNotFoundException"))
    );
    assert!(error.message().contains("moved/here/b"), "{error}");

    let user = "6b190b7a-0acf-43c8-ab14-965f5aea6243";
    files
        .modify_acl("big", &format!("user:{user}:r-x"))
        .await
        .unwrap();
    files.set_permission("big", "750").await.unwrap();
    let acl = files.acl("big").await.unwrap();
    assert_eq!((acl.entries.len(), acl.permission.as_str()), (5, "750"));
}

/// auth T1, T3, T5, T10 with our credentials.
#[tokio::test]
async fn every_credential_signs_in() {
    let emulator = TestEmulator::start().await;
    let environment = emulator.environment();
    let options = || CredentialOptions::from_env(&environment).unwrap();
    let tenant = emulator.variable(env::TENANT_ID);
    let client = emulator.variable(env::CLIENT_ID);
    let secret = emulator.variable(env::CLIENT_SECRET);
    let (user, password) = (
        emulator.variable(env::USERNAME),
        emulator.variable(env::PASSWORD),
    );
    let scope = ["https://management.azure.com/.default"];

    let expires_on = SystemClock.now() + time_of(3600);
    let token = emulator.variable(env::TOKEN);
    let credentials: [Arc<dyn TokenCredential>; 3] = [
        client_secret(&tenant, &client, &secret.as_str().into(), options()).unwrap(),
        UsernamePasswordCredential::new(&tenant, None, &user, password.as_str().into(), options())
            .unwrap(),
        StaticTokenCredential::new(token.into(), expires_on, Arc::new(SystemClock)),
    ];
    let subscription = emulator.variable(env::SUBSCRIPTION_ID);
    for credential in credentials {
        let lake = DataLake::new(
            credential,
            &subscription,
            ClientOptions::from_env(&environment).unwrap(),
        );
        assert!(lake.resource_groups().exists(GROUP).await.unwrap());
    }

    let wrong = client_secret(&tenant, &client, &"hunter2".into(), options()).unwrap();
    let error = wrong.get_token(&scope, None).await.unwrap_err();
    assert!(
        error.to_string().contains("AADSTS7000215") && !format!("{error:?}").contains("hunter2"),
        "{error:?}"
    );
    let wrong =
        UsernamePasswordCredential::new(&tenant, None, &user, "hunter2".into(), options()).unwrap();
    let error = wrong.get_token(&scope, None).await.unwrap_err();
    let shown = format!("{error:?}");
    assert!(
        shown.contains("AADSTS50126") && !shown.contains("hunter2"),
        "{shown}"
    );

    let mut http = options();
    http.authority_host = endpoint::parse(emulator.http_endpoint().as_str()).unwrap();
    let refused =
        UsernamePasswordCredential::new(&tenant, None, &user, password.as_str().into(), http)
            .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}

/// auth T14: tokens go over plain http to this machine only when that is asked for.
#[tokio::test]
async fn plain_http_needs_the_switch() {
    let emulator = TestEmulator::start().await;
    let environment = emulator.environment();
    let credential = azml::auth::directory::from_environment(&environment).unwrap();
    let mut options = ClientOptions::from_env(&environment).unwrap();
    options.resource_manager = emulator.http_endpoint().clone();
    let subscription = emulator.variable(env::SUBSCRIPTION_ID);
    let closed = DataLake::new(credential.clone(), &subscription, options.clone());
    let error = closed.resource_groups().exists(GROUP).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    options.insecure_loopback = InsecureLoopback::Allow;
    let open = DataLake::new(credential, &subscription, options);
    assert!(open.resource_groups().exists(GROUP).await.unwrap());
}

fn time_of(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}
