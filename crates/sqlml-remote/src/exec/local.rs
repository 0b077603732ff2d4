//! The compute context that is this machine: the same functions in a local interpreter, one after the other.

use std::{path::PathBuf, process::Stdio, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value as Json};
use tokio::process::Command;

use super::{ComputeContext, TaskResult, task_result};
use crate::{
    error::{Error, Result},
    function::{RemoteFunction, Returned, Script},
};

/// This machine as the place where functions run: `python3` with pandas. What runs here runs in [`super::RxInSqlServer`]
/// with the same result.
#[derive(Clone, Debug)]
pub struct RxLocalSeq {
    python: PathBuf,
    timeout: Option<Duration>,
}

impl Default for RxLocalSeq {
    fn default() -> Self {
        Self::new()
    }
}

impl RxLocalSeq {
    /// The interpreter `python3` of the search path.
    #[must_use]
    pub fn new() -> Self {
        Self {
            python: PathBuf::from("python3"),
            timeout: None,
        }
    }

    /// Another interpreter. It needs pandas.
    #[must_use]
    pub fn python(mut self, interpreter: impl Into<PathBuf>) -> Self {
        self.python = interpreter.into();
        self
    }

    /// The most time that an interpreter may take; it is ended then. Default: no limit.
    #[must_use]
    pub fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        self
    }

    async fn run_calls(
        &self,
        function: &RemoteFunction,
        calls: &[Map<String, Json>],
        stop: bool,
    ) -> Result<Vec<Result<TaskResult>>> {
        if function.input_query.is_some() {
            return Err(Error::InvalidArgument(
                "a function with an input query runs where the data is: in a SQL Server".to_owned(),
            ));
        }
        let script = Script::new(function, calls, stop)?;
        let folder = tempfile::tempdir().map_err(|source| Error::Io {
            path: std::env::temp_dir(),
            source,
        })?;
        let file = |name: &str| folder.path().join(name);
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(file(name), bytes).map_err(|source| Error::Io {
                path: file(name),
                source,
            })
        };
        write("script.py", Script::program().as_bytes())?;
        write("call.json", &script.call_file()?)?;
        let child = Command::new(&self.python)
            .args(["-I", "-X", "utf8", "script.py"])
            .current_dir(folder.path())
            .env("MPLBACKEND", "Agg")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Error::Io {
                path: self.python.clone(),
                source,
            })?;
        let ended = child.wait_with_output();
        let ended = match self.timeout {
            Some(timeout) => tokio::time::timeout(timeout, ended)
                .await
                .map_err(|_| Error::Timeout(timeout))?,
            None => ended.await,
        };
        let ended = ended.map_err(|source| Error::Io {
            path: self.python.clone(),
            source,
        })?;
        let Ok(result) = std::fs::read(file("result.json")) else {
            let said = String::from_utf8_lossy(&ended.stderr);
            let last = said
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default();
            return Err(Error::InvalidData(format!(
                "'{}' ended ({}) without a result: {last}",
                self.python.display(),
                ended.status
            )));
        };
        Ok(Returned::file(&result)?
            .into_iter()
            .map(task_result)
            .collect())
    }
}

impl ComputeContext for RxLocalSeq {
    fn run<'a>(
        &'a self,
        function: &'a RemoteFunction,
        calls: &'a [Map<String, Json>],
        stop: bool,
    ) -> BoxFuture<'a, Result<Vec<Result<TaskResult>>>> {
        self.run_calls(function, calls, stop).boxed()
    }

    fn num_tasks(&self) -> usize {
        1
    }
}
