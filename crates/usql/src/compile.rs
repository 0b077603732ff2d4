//! Scripts to programs.

use std::collections::HashMap;
use std::sync::Arc;

use azml_usql_syntax::{Diagnostic, ParseOptions, parse_with};

use crate::bind::bind_script;
use crate::catalog::{Catalog, Change, changes};
use crate::cs::{Type, Value};
use crate::rel::{Node, Sink, SinkTarget};
use crate::store::FileStore;

/// What a script is compiled with.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// Refuse what the service refused and this engine would accept.
    pub strict: bool,
    /// Values for `DECLARE EXTERNAL`, by name without `@`, as text.
    pub parameters: HashMap<String, String>,
    /// Decides which rows SAMPLE chooses.
    pub seed: i64,
    /// The moment of `DateTime.Now`: ticks of 100 ns since 0001-01-01 UTC.
    pub now: i64,
    /// `@@JobInfo`.
    pub job: JobInfo,
}

/// What `@@JobInfo` tells a script.
#[derive(Clone, Debug, Default)]
pub struct JobInfo {
    /// `Id`.
    pub id: [u8; 16],
    /// `Name`.
    pub name: String,
    /// `Priority`.
    pub priority: i32,
    /// `Allocation`: analytics units.
    pub allocation: i32,
    /// `Account.Name`.
    pub account: String,
    /// `Submit.Alias`.
    pub submitter: String,
    /// `Submit.Date`, in ticks.
    pub submitted: i64,
}

impl CompileOptions {
    /// Options for a run at the given moment (ticks of 100 ns since 0001-01-01
    /// UTC).
    pub fn new(now: i64) -> Self {
        let job = JobInfo {
            priority: 1000,
            allocation: 1,
            submitted: now,
            ..JobInfo::default()
        };
        Self {
            strict: false,
            parameters: HashMap::new(),
            seed: 0,
            now,
            job,
        }
    }

    pub(crate) fn system_variables(&self) -> HashMap<String, (Value, Type)> {
        let job = &self.job;
        let text = |text: &str| (Value::string(text), Type::String);
        [
            ("JobInfo.Id", (Value::Guid(job.id), Type::Guid)),
            ("JobInfo.Name", text(&job.name)),
            ("JobInfo.Priority", (Value::Int(job.priority), Type::Int)),
            (
                "JobInfo.Allocation",
                (Value::Int(job.allocation), Type::Int),
            ),
            ("JobInfo.Account.Name", text(&job.account)),
            ("JobInfo.Submit.Alias", text(&job.submitter)),
            (
                "JobInfo.Submit.Date",
                (Value::date(job.submitted), Type::DateTime),
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// A script ready to run: plain data.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) sinks: Vec<Sink>,
    pub(crate) now: i64,
    /// What the catalog's folder gets when the script has succeeded.
    pub(crate) changes: Vec<Change>,
    /// The catalog after the script.
    pub catalog: Catalog,
    /// Warnings and remarks of the compiler.
    pub diagnostics: Vec<Diagnostic>,
}

impl Program {
    /// Bytes of all input files, each counted once.
    pub fn input_bytes(&self) -> u64 {
        let mut files = std::collections::BTreeMap::new();
        for sink in &self.sinks {
            sink.input.walk(&mut |node| {
                if let Node::Extract(source) = node {
                    files.extend(
                        source
                            .files
                            .iter()
                            .map(|file| (file.path.clone(), file.length)),
                    );
                }
            });
        }
        files.values().sum()
    }

    /// Whether it runs Python code.
    pub fn runs_python(&self) -> bool {
        let mut runs = false;
        for sink in &self.sinks {
            sink.input
                .walk(&mut |node| runs |= matches!(node, Node::Reduce(..)));
        }
        runs
    }

    /// The paths of the files it writes.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.sinks.iter().filter_map(|sink| match &sink.target {
            SinkTarget::File(output) => Some(output.path.as_str()),
            SinkTarget::Table(_) => None,
        })
    }
}

/// Compiles a script against a catalog. With `files`, inputs must exist and the sets of input
/// files are fixed now; without, the script is only checked and the program
/// reads nothing.
///
/// # Errors
/// All diagnostics, at least one of which is an error.
pub fn compile(
    source: &str,
    catalog: &Catalog,
    files: Option<Arc<dyn FileStore>>,
    options: &CompileOptions,
) -> Result<Program, Vec<Diagnostic>> {
    let parsed = parse_with(
        source,
        ParseOptions {
            strict: options.strict,
        },
    );
    let mut diagnostics = parsed.diagnostics;
    if diagnostics.iter().any(Diagnostic::is_error) {
        // Names from broken statements would only seem to be missing.
        return Err(diagnostics);
    }
    let bound = bind_script(source, &parsed.script, catalog, options, files);
    diagnostics.extend(bound.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let mut all = bound.contents;
    all.extend(changes(catalog, &bound.catalog));
    Ok(Program {
        sinks: bound.sinks,
        now: options.now,
        changes: all,
        catalog: bound.catalog,
        diagnostics,
    })
}
