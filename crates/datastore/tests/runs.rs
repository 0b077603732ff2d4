//! Runs on this machine with data of a running emulator.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azml_auth::directory;
use azml_core::env;
use azml_datastore::{
    AzureBlob, AzureFile, Datastore, Error, Estimator, LocalRuns, LocalTarget, RunState,
    ScriptRunConfig, Submission, Workspace, WorkspaceOptions, WorkspaceScope,
};
use azml_test_support::TestEmulator;
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

struct Fixture {
    emulator: TestEmulator,
    workspace: Workspace,
    runs: LocalRuns,
    folder: tempfile::TempDir,
}

impl Fixture {
    async fn start() -> Self {
        Self::of(TestEmulator::start().await)
    }

    /// With an emulator that carries submitted runs out.
    async fn with_scripts() -> Self {
        Self::of(TestEmulator::start_with(azml_emulator::Builder::allow_scripts).await)
    }

    fn of(emulator: TestEmulator) -> Self {
        let environment = emulator.environment();
        let scope = WorkspaceScope::new(
            emulator.variable(env::SUBSCRIPTION_ID),
            emulator.variable(env::RESOURCE_GROUP),
            emulator.variable(env::WORKSPACE),
        );
        let credential = directory::from_environment(&environment).unwrap();
        let mut options = WorkspaceOptions::default();
        options.environment = environment;
        let folder = tempfile::tempdir().unwrap();
        Self {
            workspace: Workspace::new(scope, credential, Some(options)).unwrap(),
            runs: LocalRuns::new(folder.path().join("runs")),
            emulator,
            folder,
        }
    }

    async fn datastore(&self, name: &str) -> Datastore {
        let account = self.emulator.variable(env::ACCOUNT);
        let registration = AzureBlob::new(name, account, name)
            .account_key(self.emulator.variable(env::ACCOUNT_KEY))
            .create_if_not_exists();
        let datastores = self.workspace.datastores();
        datastores.register(registration).await.unwrap()
    }

    fn code(&self, text: &str) -> PathBuf {
        let folder = self.folder.path().join("code");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("train.py"), text).unwrap();
        folder
    }

    async fn submit(&self, submission: Submission) -> azml_datastore::RunDetails {
        let (target, cancel) = (LocalTarget::new(), CancellationToken::new());
        let submitted = self
            .runs
            .submit(&self.workspace, "sums", submission, target, &cancel);
        submitted.await.unwrap()
    }
}

async fn text(datastore: &Datastore, name: &str) -> String {
    let body: Vec<_> = datastore
        .read(name)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    String::from_utf8(body.concat()).unwrap()
}

/// storage LR-01: the article's three inputs, two downloads and one upload.
#[tokio::test]
async fn data_goes_in_and_out() {
    let f = Fixture::start().await;
    let (photos, models) = (f.datastore("photos").await, f.datastore("models").await);
    photos.write("train/a.txt", "1\n").await.unwrap();
    photos.write("train/b/c.txt", "2\n").await.unwrap();
    photos.write("training", "100\n").await.unwrap();
    models.write("base/start.txt", "10").await.unwrap();
    let script = "import os, sys\n\
        photos, base, out = [os.environ['AZUREML_DATAREFERENCE_' + n] for n in ('photos', 'base', 'result')]\n\
        total = int(open(base + '/start.txt').read())\n\
        for d, _, names in os.walk(photos + '/train'):\n\
        \x20   total += sum(int(open(os.path.join(d, n)).read()) for n in names)\n\
        print('total', total)\n\
        os.makedirs(out)\n\
        open(out + '/model.txt', 'w').write(str(total))\n";
    let estimator = Estimator::new(f.code(script), "local")
        .entry_script("train.py")
        .inputs([
            photos.path("").as_download().on_compute("in"),
            models.path("base").named("base").as_download(),
            models
                .path("out")
                .named("result")
                .as_upload()
                .on_compute("out"),
        ]);
    let run = f.submit(estimator.resolve().unwrap()).await;
    assert_eq!(run.status, RunState::Completed, "{run:?}");
    assert_eq!(text(&models, "out/model.txt").await, "13");
    assert_eq!(f.runs.log(&run.run_id).unwrap(), b"total 13\n");
    assert!(f.runs.directory(&run.run_id).join("in/train/b").is_dir());
    assert_eq!(f.runs.get(&run.run_id).unwrap(), run);
    assert_eq!(f.runs.list().unwrap(), std::slice::from_ref(&run));
    assert!(!f.runs.cancel(&run.run_id).unwrap());
    // What is there is not written over.
    let again = models.path("out").named("result").as_upload();
    let config = ScriptRunConfig::script(f.code(script), "train.py")
        .data(photos.path("").as_download())
        .data(models.path("base").named("base").as_download())
        .data(again);
    let run = f.submit(config.resolve().unwrap()).await;
    assert_eq!(run.status, RunState::Failed);
    assert!(run.error.unwrap().contains("'out/model.txt' is there"));
}

/// storage LR-02: nothing starts when the target cannot use the data so.
#[tokio::test]
async fn what_cannot_work_is_refused_before_it_starts() {
    let f = Fixture::start().await;
    let photos = f.datastore("photos").await;
    let share = AzureFile::new("docs", f.emulator.variable(env::ACCOUNT), "docs")
        .account_key(f.emulator.variable(env::ACCOUNT_KEY))
        .create_if_not_exists();
    let docs = f.workspace.datastores().register(share).await.unwrap();
    let cancel = CancellationToken::new();
    for reference in [photos.path("").as_mount(), docs.path("x").as_mount()] {
        let config = ScriptRunConfig::script(f.code(""), "train.py").data(reference);
        let submission = config.resolve().unwrap();
        let submitted = f
            .runs
            .submit(&f.workspace, "a", submission, LocalTarget::new(), &cancel);
        let error = submitted.await.unwrap_err();
        assert!(error.to_string().contains("download, upload"), "{error}");
    }
    let absent = azml_datastore::DataReference::new("absent", None).as_download();
    let config = ScriptRunConfig::script(f.code(""), "train.py").data(absent);
    let submission = config.resolve().unwrap();
    let submitted = f
        .runs
        .submit(&f.workspace, "a", submission, LocalTarget::new(), &cancel);
    let error = submitted.await.unwrap_err();
    assert!(
        matches!(&error, Error::NotFound(name) if name == "absent"),
        "{error}"
    );
    let config = ScriptRunConfig::script(f.code(""), "train.py");
    let submission = config.resolve().unwrap();
    let submitted = f
        .runs
        .submit(&f.workspace, "-", submission, LocalTarget::new(), &cancel);
    assert!(matches!(submitted.await, Err(Error::Usage(_))));
    assert!(f.runs.list().unwrap().is_empty());
    assert!(f.runs.get("../x").is_err());
}

/// storage LR-03: another holder of the same directory ends a run.
#[tokio::test]
async fn a_run_is_ended_from_outside() {
    let f = Fixture::start().await;
    let printed = Arc::new(Mutex::new(Vec::new()));
    let target = {
        let printed = Arc::clone(&printed);
        LocalTarget::new().on_output(move |text| printed.lock().unwrap().extend_from_slice(text))
    };
    let config = ScriptRunConfig::command(f.code(""), "echo begun; sleep 600");
    let submission = config.resolve().unwrap();
    let cancel = CancellationToken::new();
    let submitted = f
        .runs
        .submit(&f.workspace, "long", submission, target, &cancel);
    let ask = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let all = f.runs.list().unwrap();
            if let [run] = all.as_slice()
                && !printed.lock().unwrap().is_empty()
            {
                assert_eq!(run.status, RunState::Running);
                assert!(f.runs.cancel(&run.run_id).unwrap());
                return;
            }
        }
    };
    let (run, ()) = tokio::join!(submitted, ask);
    let run = run.unwrap();
    assert_eq!(run.status, RunState::Canceled, "{run:?}");
    assert_eq!(*printed.lock().unwrap(), b"begun\n");
}

/// storage LR-04: a run whose process went away has failed.
#[tokio::test]
async fn an_abandoned_run_has_failed() {
    let f = Fixture::start().await;
    let config = ScriptRunConfig::command(f.code(""), "sleep 600");
    let submission = config.resolve().unwrap();
    let cancel = CancellationToken::new();
    let submitted = f.runs.submit(
        &f.workspace,
        "gone",
        submission,
        LocalTarget::new(),
        &cancel,
    );
    let running = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let all = f.runs.list().unwrap();
            if all.iter().any(|run| run.status == RunState::Running) {
                return;
            }
        }
    };
    tokio::select! {
        run = submitted => panic!("{run:?}"),
        () = running => {}
    }
    // A process that is being started holds the files of its parent for a moment.
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..250 {
        ticks.tick().await;
        let all = f.runs.list().unwrap();
        if all[0].status == RunState::Failed {
            assert!(all[0].error.as_deref().unwrap().contains("has ended"));
            return;
        }
    }
    panic!("{:?}", f.runs.list());
}

/// storage RR-01: our client submits to the emulator's cluster what it runs here.
#[tokio::test]
async fn the_same_run_on_the_cluster() {
    let f = Fixture::with_scripts().await;
    let (photos, models) = (f.datastore("photos").await, f.datastore("models").await);
    photos.write("train/a.txt", "1\n2\n").await.unwrap();
    let script = "import os, sys\n\
        total = sum(int(line) for line in open(sys.argv[1] + '/a.txt'))\n\
        print('total', total)\n\
        os.makedirs(sys.argv[2]); os.makedirs('outputs')\n\
        open(sys.argv[2] + '/model.txt', 'w').write(str(total))\n\
        open('outputs/note.txt', 'w').write('kept')\n";
    let config = |code: PathBuf| {
        ScriptRunConfig::script(code, "train.py")
            .compute_target("cpu-cluster")
            .argument(photos.path("train").as_download())
            .argument(models.path("out").as_upload())
            .resolve()
            .unwrap()
    };
    let runs = f.workspace.runs("sums");
    let run = runs.submit(config(f.code(script))).await.unwrap();
    let mut printed = Vec::new();
    let ended = run.wait(|text| printed.extend_from_slice(text)).await;
    let ended = ended.unwrap();
    assert_eq!(ended.status, RunState::Completed, "{ended:?}");
    assert_eq!(printed, b"total 3\n");
    assert_eq!(text(&models, "out/model.txt").await, "3");
    let artifacts = run.artifacts().await.unwrap();
    assert_eq!(artifacts, ["outputs/note.txt", "user_logs/std_log.txt"]);
    assert_eq!(run.artifact("outputs/note.txt").await.unwrap(), b"kept");
    // What was sent is not sent again; the result is in the way now.
    let run = runs.submit(config(f.code(script))).await.unwrap();
    let ended = run.wait(|_| ()).await.unwrap();
    assert_eq!(ended.status, RunState::Failed);
    assert!(ended.error.unwrap().contains("'out/model.txt' is there"));
    let all = runs.list().await.unwrap();
    let states: Vec<RunState> = all.iter().map(|run| run.status).collect();
    assert_eq!(states, [RunState::Failed, RunState::Completed]);
    let config = ScriptRunConfig::command(f.code(script), "sleep 600");
    let config = config.compute_target("cpu-cluster").resolve().unwrap();
    let run = runs.submit(config).await.unwrap();
    run.cancel().await.unwrap();
    let ended = run.wait(|_| ()).await.unwrap();
    assert_eq!(ended.status, RunState::Canceled);
}

/// The article's three inputs, with a target: two downloads and an upload under a name of
/// its own.
fn three_inputs(code: PathBuf, target: &str, photos: &Datastore, models: &Datastore) -> Submission {
    let estimator = Estimator::new(code, target)
        .entry_script("train.py")
        .inputs([
            photos.path("").as_download().on_compute("in"),
            models.path("base").named("base").as_download(),
            models
                .path(target)
                .named("result")
                .as_upload()
                .on_compute("out"),
        ]);
    estimator.resolve().unwrap()
}

/// storage RR-02: the article's example gives the same here and on the cluster.
#[tokio::test]
async fn the_same_results_here_and_on_the_cluster() {
    let f = Fixture::with_scripts().await;
    let (photos, models) = (f.datastore("photos").await, f.datastore("models").await);
    photos.write("train/a.txt", "1\n").await.unwrap();
    photos.write("train/b/c.txt", "2\n").await.unwrap();
    models.write("base/start.txt", "10").await.unwrap();
    let script = "import json, os\n\
        base, out = [os.environ['AZUREML_DATAREFERENCE_' + n] for n in ('base', 'result')]\n\
        found = {'start': open(base + '/start.txt').read()}\n\
        for d, _, names in os.walk('in'):\n\
        \x20   found.update((os.path.join(d, n), open(os.path.join(d, n)).read()) for n in names)\n\
        os.makedirs(out + '/deep')\n\
        open(out + '/deep/found.json', 'w').write(json.dumps(found, sort_keys=True))\n";
    let local = three_inputs(f.code(script), "local", &photos, &models);
    let run = f.submit(local).await;
    assert_eq!(run.status, RunState::Completed, "{run:?}");
    let remote = three_inputs(f.code(script), "cpu-cluster", &photos, &models);
    let run = f.workspace.runs("sums").submit(remote).await.unwrap();
    let ended = run.wait(|_| ()).await.unwrap();
    assert_eq!(ended.status, RunState::Completed, "{ended:?}");
    let here = text(&models, "local/deep/found.json").await;
    assert_eq!(
        here,
        r#"{"in/train/a.txt": "1\n", "in/train/b/c.txt": "2\n", "start": "10"}"#
    );
    assert_eq!(text(&models, "cpu-cluster/deep/found.json").await, here);
}

/// storage LR-05: where the check is left out, a mount is a real one.
#[cfg(all(feature = "mount", target_os = "linux"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_mount_on_this_machine() {
    if !azml_datastore::mount::is_available() {
        assert!(std::env::var_os("CI").is_none(), "/dev/fuse cannot be used");
        return;
    }
    let f = Fixture::start().await;
    let photos = f.datastore("photos").await;
    photos.write("train/a.txt", "1\n").await.unwrap();
    let command = "cat $AZUREML_DATAREFERENCE_in/a.txt $AZUREML_DATAREFERENCE_one; \
        touch $AZUREML_DATAREFERENCE_in/b 2> /dev/null || echo refused";
    let config = ScriptRunConfig::command(f.code(""), command)
        .data(photos.path("train").named("in").as_mount())
        .data(photos.path("train/a.txt").named("one").as_mount());
    let (target, cancel) = (LocalTarget::new().any_access(), CancellationToken::new());
    let submission = config.resolve().unwrap();
    let submitted = f
        .runs
        .submit(&f.workspace, "a", submission, target, &cancel);
    let run = submitted.await.unwrap();
    assert_eq!(run.status, RunState::Completed, "{run:?}");
    assert_eq!(f.runs.log(&run.run_id).unwrap(), b"1\n1\nrefused\n");
    // A single file is copied.
    assert_eq!(run.warnings.len(), 1, "{run:?}");
    assert!(run.warnings[0].contains("one file"), "{run:?}");
    // Nothing is left of the mount, and nothing of the datastore was touched.
    let left = f.folder.path().join(format!("runs/{}-data/in", run.run_id));
    assert_eq!(std::fs::read_dir(left).unwrap().count(), 0);
    assert_eq!(text(&photos, "train/a.txt").await, "1\n");
}
