//! Runs scripts in a folder of their own.

use std::fs;
use std::sync::Arc;

use azml_usql::{
    Catalog, CompileOptions, Engine, Local, LocalFiles, Program, Progress, RunError, RunOptions,
    compile,
};
use tokio_util::sync::CancellationToken;

/// 2016-07-01T12:00:00Z.
const NOW: i64 = 636_029_712_000_000_000;

/// A folder with files, and what scripts made of it.
pub(crate) struct Lake {
    folder: tempfile::TempDir,
    pub(crate) options: CompileOptions,
}

/// How a script ended.
#[derive(Debug)]
pub(crate) enum Failure {
    Compile(Vec<azml_usql_syntax::Diagnostic>),
    Run(RunError),
}

impl Failure {
    /// Code and message of the first error.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Compile(diagnostics) => {
                let error = diagnostics.iter().find(|d| d.is_error()).expect("an error");
                format!("{}: {}", error.code, error.message)
            }
            Self::Run(RunError::Failed(error)) => error.to_string(),
            Self::Run(other) => format!("{other:?}"),
        }
    }
}

impl Lake {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, content) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        }
        Self {
            folder,
            options: CompileOptions::new(NOW),
        }
    }

    /// Runs a script on one and on three partitions; both must agree.
    pub(crate) fn run(&self, script: &str) -> Result<(), Failure> {
        self.run_on(script, 3)
    }

    pub(crate) fn run_on(&self, script: &str, partitions: usize) -> Result<(), Failure> {
        let files = Arc::new(LocalFiles::open(self.folder.path()).expect("a store"));
        let catalog = Catalog::load(&*files).expect("a catalog");
        let program = compile(script, &catalog, Some(files.clone()), &self.options)
            .map_err(Failure::Compile)?;
        // A program that was sent to another process does the same.
        let bytes = program.encode().expect("a document");
        let program = Program::decode(&bytes).expect("a program");
        let engine = Local::new(RunOptions {
            partitions,
            ..RunOptions::default()
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (cancel, progress) = (CancellationToken::new(), Progress::default());
        runtime
            .block_on(engine.run(&program, files, &cancel, &progress))
            .map_err(Failure::Run)?;
        Ok(())
    }

    /// The codes of what the compiler remarks on a script that it accepts.
    pub(crate) fn warnings(&self, script: &str) -> Vec<String> {
        let files = Arc::new(LocalFiles::open(self.folder.path()).expect("a store"));
        let catalog = Catalog::load(&*files).expect("a catalog");
        match compile(script, &catalog, Some(files), &self.options) {
            Ok(program) => program
                .diagnostics
                .iter()
                .map(|it| it.code.as_str().to_owned())
                .collect(),
            Err(found) => panic!("{script}\n{found:?}"),
        }
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let files = LocalFiles::open(self.folder.path()).expect("a store");
        Catalog::load(&files).expect("a catalog")
    }

    pub(crate) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join(path.trim_start_matches('/'))).ok()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        let bytes = self.bytes(path).unwrap_or_else(|| panic!("no file {path}"));
        String::from_utf8(bytes).expect("text")
    }
}

/// `V(…)` written out, and the OUTPUT that the table leaves out.
pub(crate) fn expanded(script: &str) -> String {
    let script = script.replace("V((", "SELECT * FROM (VALUES (");
    if script.contains("OUTPUT") {
        script
    } else {
        format!("{script} OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();")
    }
}

/// The script writes exactly this to /o.csv.
#[track_caller]
pub(crate) fn exactly(files: &[(&str, &[u8])], script: &str, expected: &str) {
    let lake = Lake::new(files);
    let script = expanded(script);
    if let Err(failure) = lake.run(&script) {
        panic!("{script}\n{}", failure.text());
    }
    assert_eq!(lake.text("/o.csv"), expected, "{script}");
}

/// The script writes these lines to /o.csv, in any order.
#[track_caller]
pub(crate) fn any_order(files: &[(&str, &[u8])], script: &str, expected: &[&str]) {
    let lake = Lake::new(files);
    let script = expanded(script);
    if let Err(failure) = lake.run(&script) {
        panic!("{script}\n{}", failure.text());
    }
    let text = lake.text("/o.csv");
    let mut lines: Vec<&str> = text.split_terminator("\r\n").collect();
    lines.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(lines, expected, "{script}");
}

/// The script fails with this in its message, and leaves no /o.csv.
#[track_caller]
pub(crate) fn fails(files: &[(&str, &[u8])], script: &str, message: &str) {
    let lake = Lake::new(files);
    let script = expanded(script);
    match lake.run(&script) {
        Ok(()) => panic!(
            "{script}\nwrote {:?}",
            lake.bytes("/o.csv")
                .map(|b| String::from_utf8_lossy(&b).into_owned())
        ),
        Err(failure) => {
            let text = failure.text();
            assert!(text.contains(message), "{script}\n{text}");
        }
    }
    assert_eq!(lake.bytes("/o.csv"), None, "{script}");
}
