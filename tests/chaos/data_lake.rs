//! Data Lake: transfers and jobs while the emulator is killed.

use std::time::Duration;

use azml::datalake_analytics::{DataLake, Job, JobFilter, JobResult, JobState};
use azml_core::clock::{Clock, SystemClock};
use azml_tests::EmulatorProcess;
use futures::TryStreamExt;

use crate::random::Random;

fn lake(emulator: &EmulatorProcess) -> DataLake {
    DataLake::from_environment(&emulator.environment()).expect("the env file names everything")
}

async fn accounts(lake: &DataLake) {
    let store = lake.stores().create("azml", "mylake", "eastus2").await;
    store.expect("a new name").await.expect("it is made");
    let account = lake
        .accounts()
        .create("azml", "myadla", "eastus2", "mylake")
        .await;
    account.expect("a new name").await.expect("it is made");
}

/// A file is absent, or the old one, until it is whole; what was acknowledged is not sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_go_on_after_the_emulator_was_killed() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let here = tempfile::tempdir().expect("a temporary directory");
    let source = here.path().join("source");
    std::fs::create_dir(&source).expect("a directory");
    let mut random = Random::new(7);
    for (name, length) in [("small", 1000), ("middle", 9 << 20), ("large", 40 << 20)] {
        std::fs::write(source.join(name), random.bytes(length)).expect("a file");
    }
    {
        let emulator = EmulatorProcess::on(data.path()).await;
        accounts(&lake(&emulator)).await;
    }
    for seed in 1..=4 {
        let mut emulator = EmulatorProcess::on(data.path()).await;
        let files = lake(&emulator).files("mylake").expect("a name");
        let sending = tokio::spawn(files.upload(&source, "tree").overwrite(true).send());
        let pause = Duration::from_millis(100 + Random::new(seed).below(700));
        SystemClock.sleep(pause).await;
        emulator.kill();
        sending.abort();
        let _ = sending.await;
    }
    let emulator = EmulatorProcess::on(data.path()).await;
    let files = lake(&emulator).files("mylake").expect("a name");
    for name in ["small", "middle", "large"] {
        let path = format!("tree/{name}");
        if files.exists(&path).await.expect("it answers") {
            let there = files.read(&path).await.expect("it can be read");
            let sent = std::fs::read(source.join(name)).expect("it is there");
            assert!(there == sent, "{path} is there in part");
        }
    }
    let sent = files.upload(&source, "tree").overwrite(true).send().await;
    sent.expect("nothing is in the way any more");
    let target = here.path().join("target");
    let fetched = files.download("tree", &target).fetch().await;
    assert_eq!(fetched.expect("all are there").files, 3);
    for name in ["small", "middle", "large"] {
        let sent = std::fs::read(source.join(name)).expect("it is there");
        let fetched = std::fs::read(target.join(name)).expect("it is there");
        assert!(sent == fetched, "{name} differs");
    }
    let names: Vec<String> = files
        .list("tree")
        .map_ok(|entry| entry.path_suffix)
        .try_collect()
        .await
        .expect("it can be listed");
    assert_eq!(names, ["large", "middle", "small"]);
}

/// An acknowledged job never vanishes: it goes on, or ends as failed and says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_survive_the_emulator() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let directory = data.path().to_str().expect("UTF-8").to_owned();
    let arguments = ["--data-dir", &directory, "--job-state-delay", "150"];
    let mut acknowledged = Vec::new();
    for seed in 1..=3 {
        let mut emulator = EmulatorProcess::start(arguments).await;
        let lake = lake(&emulator);
        if seed == 1 {
            accounts(&lake).await;
        }
        let jobs = lake.jobs("myadla").expect("a name");
        for n in 0..6 {
            let job = Job::usql(format!("{seed}-{n}"), "// nothing");
            let job = jobs.submit(&job).await.expect("it is taken");
            acknowledged.push(job.job_id);
        }
        let pause = Duration::from_millis(Random::new(seed).below(900));
        SystemClock.sleep(pause).await;
        emulator.kill();
    }
    let emulator = EmulatorProcess::start(arguments).await;
    let jobs = lake(&emulator).jobs("myadla").expect("a name");
    let listed: Vec<_> = jobs
        .list(&JobFilter::new())
        .expect("a filter")
        .try_collect()
        .await
        .expect("they can be listed");
    assert_eq!(
        listed.len(),
        acknowledged.len(),
        "no job is lost or doubled"
    );
    for id in acknowledged {
        let limit = Some(Duration::from_secs(60));
        let job = jobs.wait_with(&id, limit, |_| {}).await.expect("it ends");
        let states: Vec<_> = job
            .state_audit_records
            .iter()
            .map(|record| record.new_state.clone())
            .collect();
        assert_eq!(states.first(), Some(&JobState::New), "{id}: {states:?}");
        let times: Vec<_> = job
            .state_audit_records
            .iter()
            .map(|it| it.time_stamp)
            .collect();
        assert!(times.is_sorted(), "{id}: times go back: {times:?}");
        match job.result {
            JobResult::Succeeded => {}
            JobResult::Failed => {
                let why = job
                    .error_message
                    .first()
                    .map(|error| error.error_id.as_str());
                assert_eq!(why, Some("E_SYSTEM_EMULATOR_RESTARTED"), "{id}");
            }
            other => assert_eq!(other, JobResult::Succeeded, "{id}"),
        }
    }
}
