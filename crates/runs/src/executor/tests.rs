//! Whole runs of shell commands with their data in a directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::{DataReference, ScriptRunConfig};

/// Datastores in memory: `{datastore}/{name}` to content.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    fn with(files: &[(&str, &str)]) -> Self {
        let files = files.iter();
        let entry = |(name, text): &(&str, &str)| ((*name).to_owned(), text.as_bytes().to_vec());
        Self(Mutex::new(files.map(entry).collect()))
    }

    fn text(&self, name: &str) -> Option<String> {
        let files = self.0.lock().unwrap();
        files
            .get(name)
            .map(|text| String::from_utf8(text.clone()).unwrap())
    }
}

#[async_trait]
impl DataAccess for Memory {
    async fn list(&self, datastore: &str, prefix: &str) -> Result<Vec<RemoteFile>, String> {
        let files = self.0.lock().unwrap();
        let start = format!("{datastore}/");
        if !files.keys().any(|name| name.starts_with(&start)) && datastore != "empty" {
            return Err("no such datastore".to_owned());
        }
        let names = files.iter().filter_map(|(name, text)| {
            let name = name.strip_prefix(&start)?;
            name.starts_with(prefix).then(|| RemoteFile {
                name: name.to_owned(),
                length: text.len() as u64,
            })
        });
        Ok(names.collect())
    }

    async fn fetch(&self, datastore: &str, name: &str, to: &Path) -> Result<(), String> {
        let text = self.0.lock().unwrap()[&format!("{datastore}/{name}")].clone();
        std::fs::write(to, text).map_err(|error| error.to_string())
    }

    async fn store(
        &self,
        datastore: &str,
        name: &str,
        from: &Path,
        overwrite: bool,
    ) -> Result<Stored, String> {
        let text = std::fs::read(from).map_err(|error| error.to_string())?;
        let mut files = self.0.lock().unwrap();
        let name = format!("{datastore}/{name}");
        if files.contains_key(&name) && !overwrite {
            return Ok(Stored::Existed);
        }
        files.insert(name, text);
        Ok(Stored::Done)
    }
}

#[derive(Default)]
struct Recorder {
    states: Mutex<Vec<RunState>>,
    warnings: Mutex<Vec<String>>,
    printed: Mutex<Vec<u8>>,
    /// Cancelled when the script prints something.
    cancel: CancellationToken,
    cancels: bool,
}

#[async_trait]
impl Watcher for Recorder {
    async fn state(&self, state: RunState) {
        self.states.lock().unwrap().push(state);
    }

    async fn warning(&self, text: &str) {
        self.warnings.lock().unwrap().push(text.to_owned());
    }

    fn output(&self, text: &[u8]) {
        self.printed.lock().unwrap().extend_from_slice(text);
        if self.cancels {
            self.cancel.cancel();
        }
    }
}

impl Recorder {
    fn text(&self) -> String {
        String::from_utf8(self.printed.lock().unwrap().clone()).unwrap()
    }
}

struct Run {
    root: tempfile::TempDir,
    job: Job,
    watcher: Recorder,
}

impl Run {
    fn of(config: ScriptRunConfig) -> Self {
        let root = tempfile::tempdir().unwrap();
        let job = Job::new(
            "exp_1",
            config.resolve().unwrap().configuration,
            root.path(),
        );
        std::fs::create_dir(job.work_dir()).unwrap();
        Self {
            root,
            job,
            watcher: Recorder::default(),
        }
    }

    fn command(command: &str) -> Self {
        Self::of(ScriptRunConfig::command(".", command))
    }

    async fn execute(&self, data: &Memory) -> Outcome {
        execute(&self.job, data, &self.watcher, &self.watcher.cancel).await
    }
}

fn reference(name: &str) -> DataReference {
    DataReference::new(name, None)
}

/// The article's shape: two downloads, one upload.
#[tokio::test]
async fn data_comes_and_goes() {
    let data = Memory::with(&[
        ("photos/2024/jan/a.txt", "one\n"),
        ("photos/2024/jan/deep/b.txt", "two\n"),
        ("photos/2024/january", "not this\n"),
        ("models/base", "base\n"),
    ]);
    let photos = reference("photos")
        .path("2024/jan")
        .named("photos_in")
        .as_download();
    let base = reference("models")
        .path("base")
        .named("base")
        .as_download()
        .on_compute("start");
    let out = reference("models")
        .path("v2")
        .named("out")
        .as_upload()
        .on_compute("result");
    let script = "import os, sys\n\
        print(sys.argv[1:], os.path.exists(os.environ['AZUREML_DATAREFERENCE_base']))\n\
        text = open(sys.argv[1] + '/a.txt').read() + open(sys.argv[1] + '/deep/b.txt').read() + open(sys.argv[2][7:]).read()\n\
        os.makedirs('result/sub')\n\
        open('result/sub/m.txt', 'w').write(text)\n\
        print(sorted(os.listdir(sys.argv[1])), os.environ['A'], os.environ['AZUREML_RUN_ID'])\n";
    let config = ScriptRunConfig::script(".", "train.py")
        .argument(photos)
        .argument(format!("--base={base}"))
        .data(base)
        .data(out)
        .environment_variable("A", "b");
    let mut run = Run::of(config);
    run.job.variables = vec![("AZUREML_RUN_ID".to_owned(), "exp_1".to_owned())];
    std::fs::write(run.job.work_dir().join("train.py"), script).unwrap();
    let outcome = run.execute(&data).await;
    assert_eq!(outcome.state, RunState::Completed, "{outcome:?}");
    let root = run.root.path().canonicalize().unwrap();
    let expected = format!(
        "['{0}/exp_1-data/photos_in', '--base={0}/exp_1/start/base'] True\n['a.txt', 'deep'] b exp_1\n",
        root.display()
    );
    assert_eq!(run.watcher.text(), expected);
    assert_eq!(
        data.text("models/v2/sub/m.txt").as_deref(),
        Some("one\ntwo\nbase\n")
    );
    assert_eq!(
        *run.watcher.states.lock().unwrap(),
        [RunState::Preparing, RunState::Running, RunState::Finalizing]
    );
    assert!(run.watcher.warnings.lock().unwrap().is_empty());
}

#[tokio::test]
async fn missing_data_keeps_the_script_from_starting() {
    let data = Memory::with(&[("photos/a", "x")]);
    for reference in [
        reference("photos").path("b").as_download(),
        reference("absent").as_download(),
        reference("photos").as_download().on_compute("../../x"),
    ] {
        let config = ScriptRunConfig::command(".", "echo started").data(reference);
        let run = Run::of(config);
        let outcome = run.execute(&data).await;
        assert_eq!(outcome.state, RunState::Failed);
        assert!(outcome.reason.is_some());
        assert_eq!(run.watcher.text(), "");
    }
}

#[tokio::test]
async fn results_are_never_lost_silently() {
    let upload = |overwrite: bool| {
        let reference = reference("photos").path("out").named("out").as_upload();
        if overwrite {
            reference.overwrite()
        } else {
            reference
        }
    };
    let run = |command: &str, reference: DataReference| {
        Run::of(ScriptRunConfig::command(".", command).data(reference))
    };
    let write = "mkdir $AZUREML_DATAREFERENCE_out && echo new > $AZUREML_DATAREFERENCE_out/a";
    let data = Memory::with(&[("photos/out/a", "old\n")]);
    let conflict = run(write, upload(false)).execute(&data).await;
    assert_eq!(conflict.state, RunState::Failed);
    assert!(conflict.reason.unwrap().contains("'out/a' is there"));
    assert_eq!(data.text("photos/out/a").as_deref(), Some("old\n"));
    let replaced = run(write, upload(true)).execute(&data).await;
    assert_eq!(replaced.state, RunState::Completed, "{replaced:?}");
    assert_eq!(data.text("photos/out/a").as_deref(), Some("new\n"));
    let nothing = run("true", upload(true)).execute(&data).await;
    assert!(nothing.reason.unwrap().contains("left nothing"));
    // One file goes under its own name.
    let single = run("echo x > $AZUREML_DATAREFERENCE_out", upload(false));
    assert_eq!(single.execute(&data).await.state, RunState::Completed);
    assert_eq!(data.text("photos/out/out").as_deref(), Some("x\n"));
}

#[tokio::test]
async fn failures_say_why() {
    let data = Memory::default();
    let run = Run::command("echo out; echo bad >&2; exit 3");
    let outcome = run.execute(&data).await;
    assert_eq!(
        (outcome.state, outcome.exit_code),
        (RunState::Failed, Some(3))
    );
    assert_eq!(
        outcome.reason.as_deref(),
        Some("the script ended with exit code 3:\nbad")
    );
    let killed = Run::command("kill -9 $$").execute(&data).await;
    assert!(killed.reason.unwrap().contains("signal 9"));
    let missing = Run::of(ScriptRunConfig::script(".", "absent.py"));
    let missing = missing.execute(&data).await;
    assert!(missing.reason.unwrap().contains("'absent.py' is not in"));
    let config = ScriptRunConfig::script(".", "a.py").interpreter("/absent/python");
    let run = Run::of(config);
    std::fs::write(run.job.work_dir().join("a.py"), "").unwrap();
    let outcome = run.execute(&data).await;
    assert!(outcome.reason.unwrap().contains("did not start"));
}

/// Waits until a process is gone or a zombie: the kernel ends it a little after the signal.
async fn ends(pid: &str) -> bool {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..250 {
        ticks.tick().await;
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z") {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn the_whole_group_ends() {
    let data = Memory::default();
    // One that hangs and does not listen, with a child of the same kind.
    let mut run = Run::command("trap '' TERM; sleep 600 & echo $!; wait; sleep 600");
    run.watcher.cancels = true;
    run.job.limits.grace = Duration::from_millis(100);
    let outcome = run.execute(&data).await;
    assert_eq!(outcome.state, RunState::Canceled);
    let child = run.watcher.text();
    assert!(ends(child.trim()).await, "{child}");
    // One that ends and leaves another one behind, which holds its pipes.
    let run = Run::command("sleep 600 & echo $!");
    let outcome = run.execute(&data).await;
    assert_eq!(outcome.state, RunState::Completed);
    assert!(ends(run.watcher.text().trim()).await);
}

#[tokio::test]
async fn limits_hold() {
    let data = Memory::default();
    let config = ScriptRunConfig::command(".", "sleep 600").max_run_duration_seconds(1);
    let outcome = Run::of(config).execute(&data).await;
    assert_eq!(outcome.state, RunState::Canceled);
    assert!(outcome.reason.unwrap().contains("1 seconds"));
    let mut run = Run::command("head -c 100000 /dev/zero > big; sleep 600");
    run.job.limits.disk_bytes = 50_000;
    let outcome = run.execute(&data).await;
    assert!(outcome.reason.unwrap().contains("wrote more"));
    let mut run = Run::command("for i in 1 2 3 4 5 6 7 8 9; do echo 123456789; done");
    run.job.limits.log_bytes = 25;
    let outcome = run.execute(&data).await;
    assert_eq!(outcome.state, RunState::Completed);
    let text = run.watcher.text();
    assert!(text.contains("beyond 25 bytes was dropped"), "{text}");
    assert!(text.len() < 80, "{text}");
}

#[tokio::test]
async fn a_mount_that_cannot_be_is_copied_and_said() {
    let data = Memory::with(&[("photos/a", "x")]);
    let config = ScriptRunConfig::command(".", "cat $AZUREML_DATAREFERENCE_photos/a")
        .data(reference("photos"));
    let run = Run::of(config);
    assert_eq!(run.execute(&data).await.state, RunState::Completed);
    assert_eq!(run.watcher.text(), "x");
    assert_eq!(run.watcher.warnings.lock().unwrap().len(), 1);
}

/// As root: the script's user owns its folders, and cannot send what it cannot read.
#[tokio::test]
async fn another_user_s_links_do_not_lead_out() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let data = Memory::with(&[("photos/a", "x"), ("photos/out/keep", "y")]);
    let secret = tempfile::NamedTempFile::new().unwrap();
    let run = |command: String, on_compute: &str| {
        let reference = reference("photos")
            .path("out")
            .named("out")
            .as_upload()
            .on_compute(on_compute);
        let input = reference_in();
        let config = ScriptRunConfig::command(".", command)
            .data(reference)
            .data(input);
        let mut run = Run::of(config);
        std::fs::set_permissions(
            run.root.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        run.job.run_as = RunAs::User {
            uid: 65534,
            gid: 65534,
        };
        run.job.inherit_environment = false;
        run
    };
    let path = secret.path().display();
    let link = run(format!("ln -s {path} out"), "out");
    assert_eq!(link.execute(&data).await.state, RunState::Failed);
    let parent = secret.path().parent().unwrap().display();
    let folder = run(format!("ln -s {parent} d"), "d/out");
    std::fs::remove_dir_all(folder.job.work_dir().join("d")).ok();
    assert_eq!(folder.execute(&data).await.state, RunState::Failed);
    let fine = run(
        format!(
            "id -u; mkdir out; cat $AZUREML_DATAREFERENCE_in/a > out/a; ln -s {path} out/secret"
        ),
        "out",
    );
    let outcome = fine.execute(&data).await;
    assert_eq!(outcome.state, RunState::Completed, "{outcome:?}");
    assert_eq!(fine.watcher.text(), "65534\n");
    assert_eq!(data.text("photos/out/a").as_deref(), Some("x"));
    assert_eq!(data.text("photos/out/secret"), None);
}

fn reference_in() -> DataReference {
    reference("photos").named("in").as_download()
}

#[tokio::test]
async fn results_of_failed_scripts_go_back_when_asked_for() {
    let data = Memory::with(&[("photos/a", "x")]);
    for wanted in [false, true] {
        let config = ScriptRunConfig::command(".", "echo x > part; exit 1").data(
            reference("photos")
                .named("out")
                .as_upload()
                .on_compute("part"),
        );
        let mut run = Run::of(config);
        run.job.upload_on_failure = wanted;
        assert_eq!(run.execute(&data).await.state, RunState::Failed);
        assert_eq!(data.text("photos/part").is_some(), wanted);
    }
}
