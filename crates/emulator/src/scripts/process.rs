//! One interpreter: its start with nothing of the emulator's environment, the conversation with it, and its end with
//! everything that it has started.

use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use datafusion::{arrow::record_batch::RecordBatch, scalar::ScalarValue};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
};

use super::{
    Console, DataAccess, Failure, Finished, RunAs, Script,
    wire::{self, kind},
};

/// The most that a script may print, in bytes.
const MAX_PRINTED: usize = 16 << 20;

/// How long the error output is read after the script has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the launcher is told first.
#[derive(Serialize)]
struct Header<'a> {
    source: &'a str,
    input: &'a str,
    output: &'a str,
    outputs: Vec<&'a str>,
}

#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    wire: Wire,
    /// The group of the interpreter and of what it starts.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

/// The two pipes that frames go through.
#[derive(Debug)]
struct Wire {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Whether the interpreter starts at all.
///
/// # Errors
/// Why it does not.
pub(super) async fn probe(python: &Path, folder: &Path, run_as: &RunAs) -> Result<(), String> {
    let mut command = command(python, folder, run_as);
    command
        .args(["-I", "-c", ""])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(shown(status)),
        Err(error) => Err(error.to_string()),
    }
}

/// The interpreter as the scripts' user, with nothing of the emulator's environment.
fn command(python: &Path, folder: &Path, run_as: &RunAs) -> Command {
    let mut command = Command::new(python);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("LANG", "C.UTF-8")
        .env("MPLBACKEND", "Agg")
        .env("MPLCONFIGDIR", folder)
        // One script is one of several: it does not take every core for itself.
        .env("OMP_NUM_THREADS", "1")
        .env("OPENBLAS_NUM_THREADS", "1")
        .kill_on_drop(true);
    #[cfg(unix)]
    {
        command.process_group(0);
        if let RunAs::User { uid, gid } = run_as {
            command.uid(*uid).gid(*gid);
        }
    }
    command
}

impl Process {
    /// Starts the interpreter in its folder.
    pub(super) fn start(
        python: &Path,
        library: &Path,
        folder: &Path,
        run_as: &RunAs,
    ) -> io::Result<Self> {
        let mut command = command(python, folder, run_as);
        command
            .args(["-I", "-X", "utf8"])
            .arg(library.join("azml_launcher.py"))
            .arg(match run_as {
                RunAs::Own => "own-user",
                RunAs::User { .. } => "user-of-scripts",
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let taken = || io::Error::other("the interpreter's pipes are taken");
        let input = child.stdin.take().ok_or_else(taken)?;
        let output = child.stdout.take().ok_or_else(taken)?;
        Ok(Self {
            #[cfg(unix)]
            group: child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .and_then(rustix::process::Pid::from_raw),
            child,
            wire: Wire {
                input,
                output: BufReader::new(output),
            },
        })
    }

    /// Sends the script, serves its data access, and collects what it leaves.
    pub(super) async fn converse(
        &mut self,
        script: Script,
        console: mpsc::Sender<Console>,
        data: &mut dyn DataAccess,
    ) -> Result<Finished, Failure> {
        let stderr = self.child.stderr.take();
        let errors = console.clone();
        let printed = async move {
            if let Some(mut stderr) = stderr {
                forward_errors(&mut stderr, &errors).await;
            }
        };
        let talked = async {
            let mut talk = std::pin::pin!(self.wire.talk(&script, &console, data));
            let talked = tokio::select! {
                biased;
                talked = &mut talk => talked,
                // What the script has started may hold the pipes open; what it has said is still in them.
                _ = self.child.wait() => {
                    #[cfg(unix)]
                    kill(self.group);
                    talk.await
                }
            };
            let talked = match talked {
                // A pipe that broke is the symptom; how the interpreter ended is the cause.
                Err(Failure::Interpreter { .. }) => {
                    #[cfg(unix)]
                    kill(self.group);
                    Err(Failure::Died(match self.child.wait().await {
                        Ok(status) => shown(status),
                        Err(error) => error.to_string(),
                    }))
                }
                other => other,
            };
            // Nothing that the script has started outlives it, and nothing of it holds the error output open.
            #[cfg(unix)]
            kill(self.group);
            talked
        };
        let mut talked = std::pin::pin!(talked);
        let mut printed = std::pin::pin!(printed);
        tokio::select! {
            biased;
            talked = &mut talked => {
                // What has left the group may hold the error output open for ever.
                let _ = tokio::time::timeout(LAST_WORDS, printed).await;
                talked
            }
            () = &mut printed => talked.await,
        }
    }

    /// Whether nothing has ended it.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Wire {
    async fn talk(
        &mut self,
        script: &Script,
        console: &mpsc::Sender<Console>,
        data: &mut dyn DataAccess,
    ) -> Result<Finished, Failure> {
        self.send_script(script).await?;
        let mut finished = Finished {
            output: None,
            parameters: Vec::new(),
        };
        let mut printed = 0;
        loop {
            let (kind, payload) = self.receive().await?;
            match kind {
                kind::STDOUT => {
                    printed += payload.len();
                    if printed <= MAX_PRINTED {
                        let text = String::from_utf8_lossy(&payload).into_owned();
                        // Nobody reads any more when the client is gone; this future is then dropped too.
                        let _ = console.send(Console::Stdout(text)).await;
                    }
                }
                kind::OUTPUT => finished.output = Some(wire::decode(&payload)?),
                kind::RESULTS => finished.parameters = scalars(&wire::decode(&payload)?)?,
                kind::EXCEPTION => {
                    return Err(Failure::Exception(
                        String::from_utf8_lossy(&payload).into_owned(),
                    ));
                }
                kind::DONE => {
                    if printed > MAX_PRINTED {
                        let notice = format!(
                            "(the script printed {printed} bytes; what went beyond {MAX_PRINTED} was dropped)"
                        );
                        let _ = console.send(Console::Stdout(notice)).await;
                    }
                    return Ok(finished);
                }
                kind::QUERY => {
                    let text = String::from_utf8_lossy(&payload).into_owned();
                    match data.query(&text).await {
                        Ok(Some(rows)) => self.send(kind::ROWS, &wire::encode(&rows)?).await?,
                        Ok(None) => self.send(kind::NO_ROWS, &[]).await?,
                        Err(error) => self.send(kind::REFUSED, error.as_bytes()).await?,
                    }
                }
                kind::LOAD => {
                    let (table, rows) = named_batch(&payload)?;
                    match data.load(&table, rows).await {
                        Ok(_) => self.send(kind::NO_ROWS, &[]).await?,
                        Err(error) => self.send(kind::REFUSED, error.as_bytes()).await?,
                    }
                }
                kind::COLUMN_TYPES => {
                    let types = wire::column_types(&data.column_types(&wire::decode(&payload)?));
                    self.send(kind::COLUMN_TYPES, &types).await?;
                }
                other => {
                    return Err(Failure::Data(format!(
                        "the interpreter sent a frame of the unknown kind {other}"
                    )));
                }
            }
        }
    }

    async fn send_script(&mut self, script: &Script) -> Result<(), Failure> {
        let outputs = script
            .parameters
            .iter()
            .filter(|parameter| parameter.is_output);
        let header = Header {
            source: &script.source,
            input: &script.input_name,
            output: &script.output_name,
            outputs: outputs.map(|parameter| parameter.name.as_str()).collect(),
        };
        let header =
            serde_json::to_vec(&header).map_err(|error| Failure::Data(error.to_string()))?;
        self.send(kind::HEADER, &header).await?;
        if !script.parameters.is_empty() {
            let columns = script.parameters.iter().map(|parameter| {
                let array = parameter
                    .value
                    .to_array()
                    .map_err(|error| Failure::Data(error.to_string()))?;
                Ok((parameter.name.as_str(), array, true))
            });
            let columns = columns.collect::<Result<Vec<_>, Failure>>()?;
            let row = RecordBatch::try_from_iter_with_nullable(columns)
                .map_err(|error| Failure::Data(error.to_string()))?;
            self.send(kind::PARAMETERS, &wire::encode(&row)?).await?;
        }
        if let Some(input) = &script.input {
            self.send(kind::INPUT, &wire::encode(input)?).await?;
        }
        self.send(kind::START, &[]).await
    }

    async fn send(&mut self, kind: u8, payload: &[u8]) -> Result<(), Failure> {
        let length = u32::try_from(payload.len())
            .map_err(|_| Failure::Data("a frame has at most 4 GiB".to_owned()))?;
        let input = &mut self.input;
        input
            .write_all(&length.to_le_bytes())
            .await
            .map_err(broken)?;
        input.write_u8(kind).await.map_err(broken)?;
        input.write_all(payload).await.map_err(broken)?;
        input.flush().await.map_err(broken)
    }

    async fn receive(&mut self) -> Result<(u8, Vec<u8>), Failure> {
        let length = self.output.read_u32_le().await.map_err(broken)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > wire::MAX_FRAME {
            return Err(Failure::Data(format!(
                "a frame has at most {} bytes",
                wire::MAX_FRAME
            )));
        }
        let kind = self.output.read_u8().await.map_err(broken)?;
        let mut payload = Vec::new();
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        (&mut self.output)
            .take(limit)
            .read_to_end(&mut payload)
            .await
            .map_err(broken)?;
        if payload.len() < length {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok((kind, payload))
    }
}

/// Ends every process of a group.
#[cfg(unix)]
fn kill(group: Option<rustix::process::Pid>) {
    if let Some(group) = group {
        // They may have ended already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

fn broken(source: io::Error) -> Failure {
    Failure::Interpreter {
        python: Path::new("python").to_owned(),
        source,
    }
}

#[cfg(unix)]
fn shown(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(signal) => format!("it was ended by signal {signal}"),
        None => format!("it ended with {status}"),
    }
}

#[cfg(not(unix))]
fn shown(status: ExitStatus) -> String {
    format!("it ended with {status}")
}

/// Passes on what the interpreter writes to its error output.
async fn forward_errors(
    stderr: &mut (impl tokio::io::AsyncRead + Unpin),
    console: &mpsc::Sender<Console>,
) {
    let mut buffer = vec![0; 8192];
    let mut printed = 0;
    while let Ok(read) = stderr.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        printed += read;
        if printed <= MAX_PRINTED {
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let _ = console.send(Console::Stderr(text)).await;
        }
    }
}

/// The values of a batch of one row.
fn scalars(row: &RecordBatch) -> Result<Vec<(String, ScalarValue)>, Failure> {
    let schema = row.schema();
    let values = schema.fields().iter().zip(row.columns());
    values
        .map(|(field, array)| {
            let value = ScalarValue::try_from_array(array, 0)
                .map_err(|error| Failure::Data(error.to_string()))?;
            Ok((field.name().clone(), value))
        })
        .collect()
}

/// A table's name and the rows behind it.
fn named_batch(payload: &[u8]) -> Result<(String, RecordBatch), Failure> {
    let damaged = || Failure::Data("the interpreter sent a damaged frame".to_owned());
    let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
    let (name, rows) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let name = std::str::from_utf8(name).map_err(|_| damaged())?.to_owned();
    Ok((name, wire::decode(rows)?))
}

impl Drop for Process {
    /// Ends the interpreter with everything it has started.
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.child.id().is_some() {
            kill(self.group);
        }
    }
}
