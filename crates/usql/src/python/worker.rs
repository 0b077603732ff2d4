//! The worker process: questions on its standard input, answers on its standard output.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use azml_core::clock::{Clock, SystemClock};
use azml_usql_syntax::Code;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::{PythonReducer, PythonSource, Scripts};
use crate::error::RuntimeError;
use crate::store::FileStore;

const PROGRAM: &str = include_str!("worker.py");

/// As much of what a script prints as is kept for messages.
const KEPT: usize = 4_000;

type Result<T> = std::result::Result<T, RuntimeError>;

/// A running worker. It ends with this value.
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    printed: JoinHandle<Vec<u8>>,
    limit: Duration,
    schema: SchemaRef,
    optional: Vec<String>,
    _folder: TempDir,
}

fn failed(what: &str, error: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::new(
        Code::E_RUNTIME_SYSTEM_IO,
        format!("{what} the Python worker"),
    )
    .with_inner(error)
}

/// Bytes that JSON can hold: each as the character of its number.
fn as_text(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

fn stream(schema: &Schema, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let write = || {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.into_inner()
    };
    write().map_err(|error| failed("could not write to", error))
}

impl Worker {
    /// Starts the interpreter in a folder with the deployed files and lets it read the script.
    /// `schema` is that of results, of which the `optional` columns may be missing.
    pub(super) async fn start(
        reducer: &PythonReducer,
        scripts: &Scripts,
        store: &Arc<dyn FileStore>,
        schema: SchemaRef,
        optional: Vec<String>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|e| failed("could not make a folder for", e))?;
        let (store, resources) = (Arc::clone(store), reducer.resources.clone());
        let place = folder.path().to_owned();
        let deploying = tokio::task::spawn_blocking(move || {
            for (name, path) in resources {
                let mut file = std::fs::File::create(place.join(&name))
                    .map_err(|error| RuntimeError::io("deploy", &path, &error))?;
                crate::run::copy_file(&*store, &path, &mut file)?;
            }
            Ok::<_, RuntimeError>(())
        });
        deploying
            .await
            .map_err(|error| failed("could not deploy files for", error))??;
        let (source, name) = match &reducer.script {
            PythonSource::Text(text) => (text.clone(), "pyScript".to_owned()),
            PythonSource::Resource(name) => {
                let text = std::fs::read_to_string(folder.path().join(name));
                (
                    text.map_err(|e| failed("could not read the script of", e))?,
                    name.clone(),
                )
            }
        };
        let mut child = Command::new(&scripts.python)
            .args(["-u", "-c", PROGRAM, "1"])
            .current_dir(folder.path())
            .env_clear()
            .envs(
                ["PATH", "LANG", "HOME", "TMPDIR"]
                    .iter()
                    .filter_map(|name| std::env::var_os(name).map(|value| (*name, value))),
            )
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let python = scripts.python.display();
                failed("could not start", format!("{python}: {error}"))
            })?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(mut errors)) = pipes else {
            return Err(failed("could not talk to", "it has no pipes"));
        };
        let printed = tokio::spawn(async move {
            let mut kept = Vec::new();
            let mut buffer = vec![0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut buffer).await {
                kept.extend_from_slice(&buffer[..read]);
                let surplus = kept.len().saturating_sub(KEPT);
                kept.drain(..surplus);
            }
            kept
        });
        let mut worker = Self {
            child,
            input,
            output: BufReader::new(output),
            printed,
            limit: scripts.time_limit,
            schema,
            optional,
            _folder: folder,
        };
        worker
            .ask(json!({ "file": name }), source.as_bytes())
            .await?;
        Ok(worker)
    }

    /// What the script makes of a group.
    pub(super) async fn call(
        &mut self,
        schema: &Schema,
        group: &[RecordBatch],
    ) -> Result<Vec<RecordBatch>> {
        let question = stream(schema, group)?;
        let wanted = stream(&self.schema, &[])?;
        let header = json!({ "schema": as_text(&wanted), "optional": self.optional });
        let bytes = self.ask(header, &question).await?;
        StreamReader::try_new(&bytes[..], None)
            .and_then(Iterator::collect)
            .map_err(|error: ArrowError| failed("could not read from", error))
    }

    async fn ask(&mut self, mut header: Json, body: &[u8]) -> Result<Vec<u8>> {
        header["length"] = body.len().into();
        let mut line = header.to_string().into_bytes();
        line.push(b'\n');
        let conversation = async {
            self.input.write_all(&line).await?;
            self.input.write_all(body).await?;
            self.input.flush().await?;
            let mut line = Vec::new();
            self.output.read_until(b'\n', &mut line).await?;
            let header: Json = serde_json::from_slice(&line)?;
            let length = header["length"]
                .as_u64()
                .and_then(|n| usize::try_from(n).ok());
            let mut body = vec![0; length.unwrap_or(0)];
            self.output.read_exact(&mut body).await?;
            Ok::<_, std::io::Error>((header, body))
        };
        let answered = tokio::select! {
            answered = conversation => answered,
            () = SystemClock.sleep(self.limit) => {
                let message = format!(
                    "The Python code took longer than {} seconds for one group.",
                    self.limit.as_secs()
                );
                return Err(RuntimeError::new(
                    Code::E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE,
                    message,
                ));
            }
        };
        match answered {
            Ok((header, body)) => match header["error"].as_str() {
                None => Ok(body),
                Some(trace) => {
                    let message = "An unhandled exception from user code has been reported when invoking the Python function 'usqlml_main'";
                    Err(RuntimeError::new(
                        Code::E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE,
                        message,
                    )
                    .with_inner(trace.trim_end()))
                }
            },
            // It ended in the middle: what it printed may say why.
            Err(error) => {
                let _ = self.child.kill().await;
                let printed = (&mut self.printed).await.unwrap_or_default();
                let printed = String::from_utf8_lossy(&printed);
                Err(RuntimeError::new(
                    Code::E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE,
                    format!("The Python process ended without an answer ({error})."),
                )
                .with_inner(printed.trim_end()))
            }
        }
    }
}
