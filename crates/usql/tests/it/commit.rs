//! A run that is cancelled: while it commits, its outputs are there or it was cancelled, never both.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use azml_core::clock::{Clock as _, SystemClock};
use azml_usql::{
    Catalog, CompileOptions, Engine, Entry, FileInfo, FileStore, InputFile, JobOutcome, Local,
    LocalFiles, Program, Progress, RunError, RunOptions, StorePath, Transaction, compile,
};
use tokio_util::sync::CancellationToken;

/// When the run is cancelled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Create,
    Commit,
}

/// A store that cancels the run at a moment.
#[derive(Debug)]
struct Cancelling {
    files: LocalFiles,
    cancel: CancellationToken,
    moment: Moment,
}

impl FileStore for Cancelling {
    fn info(&self, path: &StorePath) -> io::Result<Option<FileInfo>> {
        self.files.info(path)
    }

    fn list(&self, folder: &StorePath) -> io::Result<Vec<Entry>> {
        self.files.list(folder)
    }

    fn open(&self, path: &StorePath) -> io::Result<Box<dyn InputFile>> {
        self.files.open(path)
    }

    fn begin(&self) -> io::Result<Box<dyn Transaction>> {
        Ok(Box::new(CancellingTransaction {
            inner: self.files.begin()?,
            cancel: self.cancel.clone(),
            moment: self.moment,
        }))
    }
}

struct CancellingTransaction {
    inner: Box<dyn Transaction>,
    cancel: CancellationToken,
    moment: Moment,
}

impl Transaction for CancellingTransaction {
    fn create(&mut self, path: &StorePath) -> io::Result<Box<dyn Write + Send>> {
        if self.moment == Moment::Create {
            self.cancel.cancel();
        }
        self.inner.create(path)
    }

    fn remove(&mut self, path: &StorePath) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn commit(self: Box<Self>) -> io::Result<()> {
        if self.moment == Moment::Commit {
            self.cancel.cancel();
        }
        self.inner.commit()
    }
}

fn compiled(script: &str, store: &Arc<dyn FileStore>) -> Program {
    let options = CompileOptions::new(0);
    compile(
        script,
        &Catalog::default(),
        Some(Arc::clone(store)),
        &options,
    )
    .expect("it compiles")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Two outputs over a grouped input, and what was said of the run.
fn run(moment: Moment) -> (tempfile::TempDir, Result<JobOutcome, RunError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: String = (0..1000).map(|n| format!("{},{n}\n", n % 7)).collect();
    std::fs::write(folder.path().join("in.csv"), rows).expect("written");
    let cancel = CancellationToken::new();
    let store: Arc<dyn FileStore> = Arc::new(Cancelling {
        files: LocalFiles::open(folder.path()).expect("a store"),
        cancel: cancel.clone(),
        moment,
    });
    let script = "@a = EXTRACT k int, n int FROM \"/in.csv\" USING Extractors.Csv();
        @g = SELECT k, SUM(n) AS s FROM @a GROUP BY k;
        OUTPUT @g TO \"/one.csv\" USING Outputters.Csv();
        OUTPUT @a TO \"/two.csv\" USING Outputters.Csv();";
    let program = compiled(script, &store);
    let engine = Local::new(RunOptions {
        partitions: 2,
        ..RunOptions::default()
    });
    let progress = Progress::default();
    let outcome = runtime().block_on(engine.run(&program, store, &cancel, &progress));
    (folder, outcome)
}

#[test]
fn a_cancel_before_the_commit_leaves_nothing() {
    let (folder, outcome) = run(Moment::Create);
    assert!(matches!(outcome, Err(RunError::Cancelled)), "{outcome:?}");
    assert!(!folder.path().join("one.csv").exists());
    assert!(!folder.path().join("two.csv").exists());
}

#[test]
fn a_cancel_during_the_commit_comes_too_late() {
    let (folder, outcome) = run(Moment::Commit);
    let outcome = outcome.expect("the outputs are there, so the run has succeeded");
    assert_eq!(outcome.outputs.len(), 2);
    assert!(folder.path().join("one.csv").exists());
    assert!(folder.path().join("two.csv").exists());
}

/// 900 million rows are made of 30,000, which are read long before.
#[test]
fn a_join_hears_that_its_run_is_cancelled() {
    let script = "@a = SELECT n FROM (VALUES (0)) AS T(k)
                 CROSS APPLY EXPLODE(Enumerable.Range(1, 30000)) AS e(n);
        @b = SELECT n AS m FROM @a;
        @c = SELECT n, m FROM @a CROSS JOIN @b;
        @s = SELECT SUM(Math.Sqrt(n * m)) AS s FROM @c;
        OUTPUT @s TO \"/s.csv\" USING Outputters.Csv();";
    let folder = tempfile::tempdir().expect("a folder");
    let files = LocalFiles::open(folder.path()).expect("a store");
    let store: Arc<dyn FileStore> = Arc::new(files);
    let program = compiled(script, &store);
    let cancel = CancellationToken::new();
    let running = cancel.clone();
    let runtime = runtime();
    let run = runtime.spawn(async move {
        let engine = Local::new(RunOptions::default());
        engine
            .run(&program, store, &running, &Progress::default())
            .await
    });
    let outcome = runtime.block_on(async {
        SystemClock.sleep(Duration::from_secs(1)).await;
        cancel.cancel();
        tokio::time::timeout(Duration::from_secs(30), run).await
    });
    // A run that hears nothing would keep the runtime from ending too.
    runtime.shutdown_background();
    let outcome = outcome.expect("it was heard").expect("no panic");
    assert!(matches!(outcome, Err(RunError::Cancelled)), "{outcome:?}");
}

/// A stage for each kind of vertex, with what it read and wrote.
#[test]
fn stages_say_what_was_done() {
    let (folder, outcome) = run(Moment::Commit);
    let length = |name: &str| {
        std::fs::metadata(folder.path().join(name))
            .expect("a file")
            .len()
    };
    let stages = outcome.expect("it ran").stages;
    let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["SV1_Extract", "SV2_Aggregate", "SV3_Extract"]);
    assert_eq!(stages[0].bytes_read, length("in.csv"));
    assert_eq!((stages[0].bytes_written, stages[1].bytes_read), (0, 0));
    assert_eq!(stages[1].bytes_written, length("one.csv"));
    assert_eq!(stages[1].rows, 7);
    assert_eq!(stages[2].bytes_read, length("in.csv"));
    assert_eq!(stages[2].bytes_written, length("two.csv"));
    assert_eq!(stages[0].tasks, 1);
    assert_eq!(stages[1].tasks, 2);
}
