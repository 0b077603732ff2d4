//! Accounts, what belongs to them, what jobs tell, and the catalog, through our clients.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use azml::ErrorKind;
use azml::datalake_analytics::{
    AccountLimits, AccountSettings, DataLake, Job, JobFilter, JobResult, JobState, ObjectType,
    PolicyLimits, Relation, StoreSettings, StoreTier, Switch, Tier,
};
use azml_core::clock::{Clock as _, SystemClock};
use azml_test_support::TestEmulator;
use futures::TryStreamExt as _;
use uuid::Uuid;

const GROUP: &str = "azml";

async fn lake(emulator: &TestEmulator) -> DataLake {
    let lake = DataLake::from_environment(&emulator.environment()).unwrap();
    let (stores, accounts) = (lake.stores(), lake.accounts());
    let store = stores.create(GROUP, "mylake", "eastus2");
    store.await.unwrap().await.unwrap();
    let account = accounts.create(GROUP, "myadla", "eastus2", "mylake");
    account.await.unwrap().await.unwrap();
    lake
}

/// adla A8, A10, A12, A13, A15 and section 4.1.
#[tokio::test]
async fn accounts_and_what_belongs_to_them() {
    let emulator = TestEmulator::start().await;
    let lake = lake(&emulator).await;
    let (accounts, stores) = (lake.accounts(), lake.stores());

    let taken = accounts.check_name("East US 2", "myadla").await.unwrap();
    assert_eq!(
        (taken.name_available, taken.reason.as_deref()),
        (false, Some("AlreadyExists"))
    );
    assert!(
        stores
            .check_name("eastus2", "myadla")
            .await
            .unwrap()
            .name_available
    );
    let capability = accounts.capability("eastus2").await.unwrap().unwrap();
    assert_eq!(capability.account_count, 1);
    assert!(stores.capability("atlantis").await.unwrap().is_none());
    let operations: Vec<_> = accounts.operations().unwrap().try_collect().await.unwrap();
    assert!(
        operations
            .iter()
            .all(|it| it.name.starts_with("Microsoft.DataLakeAnalytics/"))
    );

    let settings = AccountSettings {
        tags: Some(BTreeMap::from([("for".to_owned(), "tests".to_owned())])),
        firewall: Some(Switch::Enabled),
        new_tier: Some(Tier::Commitment100),
        limits: AccountLimits {
            max_degree_of_parallelism: Some(15),
            ..AccountLimits::default()
        },
        ..AccountSettings::default()
    };
    let changed = accounts
        .update(GROUP, "myadla", &settings)
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(changed.tags["for"], "tests");
    assert_eq!(changed.firewall_state, Some(Switch::Enabled));
    assert_eq!(changed.limits.max_degree_of_parallelism_per_job, Some(15));
    let listed: Vec<_> = accounts
        .list_in_group(GROUP)
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!((listed.len(), &listed[0].firewall_state), (1, &None));
    let settings = StoreSettings {
        new_tier: Some(StoreTier::Commitment1Tb),
        trusted_id_providers: Some(Switch::Enabled),
        ..StoreSettings::default()
    };
    let store = stores
        .update(GROUP, "mylake", &settings)
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(store.encryption_state, Some(Switch::Enabled));

    for rules in [
        accounts.firewall_rules(GROUP, "myadla"),
        stores.firewall_rules(GROUP, "mylake"),
    ] {
        let (first, last) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 9));
        let rule = rules.create_or_update("office", first, last).await.unwrap();
        assert_eq!(rule.end_ip_address, "10.0.0.9");
        let error = rules
            .create_or_update("office", last, first)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let listed: Vec<_> = rules.list().unwrap().try_collect().await.unwrap();
        assert_eq!(listed, [rules.get("OFFICE").await.unwrap()]);
        assert!(rules.delete("office").await.unwrap());
        assert!(!rules.delete("office").await.unwrap());
    }
    let providers = stores.trusted_id_providers(GROUP, "mylake");
    let address = "https://sts.windows.net/9d5b43a0-804c-4c82-8791-36aca2f72342";
    providers
        .create_or_update("partner", address)
        .await
        .unwrap();
    assert_eq!(providers.get("partner").await.unwrap().value, address);

    let create = stores.create(GROUP, "second", "eastus2");
    create.await.unwrap().await.unwrap();
    let links = accounts.store_links(GROUP, "myadla");
    links.add("second").await.unwrap();
    let names: Vec<String> = links
        .list()
        .unwrap()
        .map_ok(|it| it.name)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, ["mylake", "second"]);
    assert!(links.add("nowhere").await.is_err());
    assert!(
        links.remove("mylake").await.is_err(),
        "the default store stays"
    );
    links.remove("second").await.unwrap();
    let storage = accounts.storage_links(GROUP, "myadla");
    storage.add("photos", &"a2V5".into()).await.unwrap();
    let link = storage.get("photos").await.unwrap();
    assert_eq!(link.suffix.as_deref(), Some("core.windows.net"));
    storage
        .update_key("photos", &"b3RoZXI=".into())
        .await
        .unwrap();
    storage.remove("photos").await.unwrap();

    let policies = accounts.policies(GROUP, "myadla");
    let limits = |units| PolicyLimits {
        max_degree_of_parallelism_per_job: Some(units),
        min_priority_per_job: None,
    };
    let id = Uuid::new_v4().to_string();
    policies
        .create_or_update("p", &id, &ObjectType::Group, &limits(2))
        .await
        .unwrap();
    let policy = policies.update("p", &limits(3)).await.unwrap();
    assert_eq!((policy.limits, policy.object_id), (limits(3), id));
}

/// adla J13 to J19: what lists and single jobs tell.
#[tokio::test]
async fn jobs_tell_what_became_of_them() {
    let emulator = TestEmulator::start().await;
    let lake = lake(&emulator).await;
    let jobs = lake.jobs("myadla").unwrap();
    let mut relation = Relation::recurrence(Uuid::new_v4());
    relation.pipeline_id = Some(Uuid::new_v4());
    relation.run_id = Some(Uuid::new_v4());
    relation.pipeline_name = Some("nightly".to_owned());
    for n in 0..5 {
        let job = Job::usql(format!("job {n}"), "// nothing").priority(100 + n);
        jobs.submit(&job.relation(relation.clone())).await.unwrap();
    }
    let last = jobs
        .submit(&Job::usql("watched", "// nothing"))
        .await
        .unwrap();
    let states: Vec<_> = jobs
        .watch(&last.job_id)
        .map_ok(|job| job.state)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(states.last(), Some(&JobState::Ended));
    for n in 0..5 {
        let filter = JobFilter::new().name(&format!("job {n}"));
        let job = jobs
            .list(&filter)
            .unwrap()
            .try_next()
            .await
            .unwrap()
            .unwrap();
        assert_eq!(job.related.pipeline_name.as_deref(), Some("nightly"));
        jobs.wait(&job.job_id).await.unwrap();
    }
    let all = JobFilter::new();
    assert_eq!(jobs.count(&all).await.unwrap(), 6);
    let recurrence = all.clone().recurrence(relation.recurrence_id);
    assert_eq!(
        jobs.count(&recurrence.result(&JobResult::Succeeded))
            .await
            .unwrap(),
        5
    );
    let pages = all.clone().order_by("priority desc").skip(2).page_size(2);
    let priorities: Vec<u32> = jobs
        .list(&pages)
        .unwrap()
        .map_ok(|job| job.priority)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(priorities, [103, 102, 101, 100]);
    let slim = all.clone().select("jobId,name,state,result");
    let job = jobs.list(&slim).unwrap().try_next().await.unwrap().unwrap();
    assert_eq!((job.priority, job.submit_time), (0, None));
    let now = SystemClock.now();
    let hour = time_of(3600);
    assert_eq!(
        jobs.count(&all.clone().submitted_since(now + hour))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        jobs.count(&all.submitted_before(now + hour)).await.unwrap(),
        6
    );

    let statistics = jobs.statistics(&last.job_id).await.unwrap();
    assert!(statistics.last_update_time_utc.is_some());
    let paths = jobs.debug_data_path(&last.job_id).await.unwrap();
    assert_eq!(
        (paths.job_id, paths.paths.is_empty()),
        (last.job_id.clone(), false)
    );
    let ended = jobs.get(&last.job_id).await.unwrap();
    assert!(!ended.properties.resources.is_empty());
    assert_eq!(
        jobs.yield_job(&last.job_id).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );

    let id = relation.pipeline_id.unwrap().to_string();
    let pipeline = jobs.pipeline(&id).await.unwrap();
    assert_eq!((pipeline.num_jobs_succeeded, pipeline.runs.len()), (5, 1));
    assert_eq!(pipeline.recurrences, [relation.recurrence_id.to_string()]);
    let recurrence = jobs
        .recurrence(&relation.recurrence_id.to_string())
        .await
        .unwrap();
    assert_eq!(recurrence.num_jobs_succeeded, 5);
    let found: Vec<_> = jobs
        .pipelines_between(now - hour, now + hour)
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    let mut long = jobs.recurrences_between(now - hour * 24 * 31, now).unwrap();
    let error = azml_core::Error::from(long.try_next().await.unwrap_err());
    assert_eq!(error.code(), Some("InvalidDateRange"));
}

/// adla C1, and what is not there.
#[tokio::test]
async fn the_catalog_of_a_new_account() {
    let emulator = TestEmulator::start().await;
    let catalog = lake(&emulator).await.catalog("myadla").unwrap();
    let databases: Vec<_> = catalog
        .list_databases()
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(databases[0].database_name.as_deref(), Some("master"));
    let schemas: Vec<_> = catalog
        .list_schemas("master")
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let names: Vec<_> = schemas
        .iter()
        .filter_map(|it| it.schema_name.as_deref())
        .collect();
    assert_eq!(names, ["dbo", "INFORMATION_SCHEMA", "sys", "usql"]);
    assert_eq!(
        catalog
            .get_schema("MASTER", "DBO")
            .await
            .unwrap()
            .schema_name
            .as_deref(),
        Some("dbo")
    );
    let tables = catalog.list_tables("master", "dbo").unwrap();
    assert!(tables.try_collect::<Vec<_>>().await.unwrap().is_empty());
    let missing = [
        catalog.get_database("none").await.unwrap_err(),
        catalog
            .get_table("master", "dbo", "none")
            .await
            .unwrap_err(),
        catalog
            .get_procedure("master", "dbo", "none")
            .await
            .unwrap_err(),
        catalog.get_credential("master", "none").await.unwrap_err(),
    ];
    assert!(
        missing
            .iter()
            .all(|error| error.kind() == ErrorKind::NotFound)
    );
}

fn time_of(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}
