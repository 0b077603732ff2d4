//! `rx_exec`: calls of a function in a compute context, as many as its arguments ask for.

mod in_sql_server;
mod job;
mod local;
mod result;

use std::sync::Arc;

use futures::{StreamExt, future::BoxFuture, stream};
use serde_json::{Map, Value as Json};

use crate::{
    error::{Error, Result},
    function::RemoteFunction,
};
pub use in_sql_server::{RxInSqlServer, RxInSqlServerBuilder};
pub use job::{RemoteJob, RxRemoteJobStatus};
pub use local::RxLocalSeq;
pub use result::TaskResult;
pub(crate) use result::task_result;

/// Where functions run.
pub trait ComputeContext: Send + Sync {
    /// Runs some calls of a function in one interpreter, one after the other. With `stop`, none runs after one that failed.
    ///
    /// The result has an entry for each call that ran; the error is for what keeps all of them from running.
    fn run<'a>(
        &'a self,
        function: &'a RemoteFunction,
        calls: &'a [Map<String, Json>],
        stop: bool,
    ) -> BoxFuture<'a, Result<Vec<Result<TaskResult>>>>;

    /// How many interpreters may run at once.
    fn num_tasks(&self) -> usize;
}

/// Calls a function once and waits for what it returns.
///
/// The result is a list of one, as it is for any number of calls; [`RxExec`] makes more.
///
/// # Errors
/// [`Error::Remote`] for an exception of the function, and what keeps it from running.
pub async fn rx_exec(
    function: RemoteFunction,
    context: &dyn ComputeContext,
) -> Result<Vec<TaskResult>> {
    let results = RxExec::new(function)
        .continue_on_failure(false)
        .run(context)
        .await?;
    results.into_iter().collect()
}

/// What is called with each result, in the order in which the calls end: the number of the call, and its result.
type Callback = Arc<dyn Fn(usize, &Result<TaskResult>) + Send + Sync>;

/// Calls of a function with lists of arguments.
#[derive(Clone)]
#[must_use = "nothing runs before `run`"]
pub struct RxExec {
    function: RemoteFunction,
    calls: Option<Vec<Map<String, Json>>>,
    spread: Map<String, Json>,
    times_to_run: Option<usize>,
    chunk: usize,
    continue_on_failure: bool,
    callback: Option<Callback>,
}

impl std::fmt::Debug for RxExec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RxExec")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

impl RxExec {
    /// Calls of this function.
    pub fn new(function: RemoteFunction) -> Self {
        Self {
            function,
            calls: None,
            spread: Map::new(),
            times_to_run: None,
            chunk: 1,
            continue_on_failure: true,
            callback: None,
        }
    }

    /// The arguments of each call.
    pub fn args(mut self, calls: Vec<Map<String, Json>>) -> Self {
        self.calls = Some(calls);
        self
    }

    /// An argument by its name: a list has a value for each call, anything else is the same for all. To pass a list, put
    /// it into a list.
    pub fn arg(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.spread.insert(name.into(), value.into());
        self
    }

    /// How many calls to make. Default: as many as the lists are long, or one.
    pub fn times_to_run(mut self, times: usize) -> Self {
        self.times_to_run = Some(times);
        self
    }

    /// How many calls in a row one interpreter makes. Default: 1.
    pub fn task_chunk_size(mut self, calls: usize) -> Self {
        self.chunk = calls.max(1);
        self
    }

    /// Whether other calls go on when one has failed. Default: yes, and its place in the result holds the error. Otherwise
    /// the first error stops the rest and is returned.
    pub fn continue_on_failure(mut self, continues: bool) -> Self {
        self.continue_on_failure = continues;
        self
    }

    /// What to call with each result as it comes.
    pub fn callback(
        mut self,
        callback: impl Fn(usize, &Result<TaskResult>) + Send + Sync + 'static,
    ) -> Self {
        self.callback = Some(Arc::new(callback));
        self
    }

    /// Makes the calls. The results are in the order of the calls.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for lists of different lengths; what keeps a call from running, unless others go on.
    pub async fn run(self, context: &dyn ComputeContext) -> Result<Vec<Result<TaskResult>>> {
        let calls = self.calls()?;
        let stop = !self.continue_on_failure;
        // Boxed one by one, so that the whole can be sent to another thread.
        let mut chunks: Vec<BoxFuture<'_, _>> = Vec::new();
        for (number, calls) in calls.chunks(self.chunk).enumerate() {
            let ran = context.run(&self.function, calls, stop);
            chunks.push(Box::pin(async move { (number, calls.len(), ran.await) }));
        }
        let mut running = stream::iter(chunks).buffer_unordered(context.num_tasks().max(1));
        let mut results: Vec<Option<Result<TaskResult>>> = calls.iter().map(|_| None).collect();
        while let Some((number, count, ran)) = running.next().await {
            let first = number * self.chunk;
            let of_chunk = match ran {
                Ok(of_chunk) => of_chunk,
                Err(error) if stop => return Err(error),
                // What kept the interpreter from running is told once, and for the other calls of the chunk again.
                Err(error) => {
                    let text = error.to_string();
                    let others = (1..count).map(|_| Err(Error::InvalidData(text.clone())));
                    std::iter::once(Err(error)).chain(others).collect()
                }
            };
            for (at, result) in of_chunk.into_iter().enumerate() {
                if let Some(callback) = &self.callback {
                    callback(first + at, &result);
                }
                match result {
                    Err(error) if stop => return Err(error),
                    Err(error) => {
                        tracing::warn!(call = first + at, %error, "a call has failed");
                        results[first + at] = Some(Err(error));
                    }
                    result => results[first + at] = Some(result),
                }
            }
        }
        let missing = || Err(Error::InvalidData("the call has left no result".to_owned()));
        Ok(results
            .into_iter()
            .map(|result| result.unwrap_or_else(missing))
            .collect())
    }

    /// The arguments of each call.
    fn calls(&self) -> Result<Vec<Map<String, Json>>> {
        let invalid = |text: String| Err(Error::InvalidArgument(text));
        let lists = self
            .spread
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_array()?.len())));
        let mut length: Option<(&str, usize)> = None;
        for (name, list) in lists {
            match length {
                Some((other, known)) if known != list => {
                    return invalid(format!(
                        "the lists '{other}' and '{name}' have {known} and {list} elements"
                    ));
                }
                _ => length = Some((name, list)),
            }
        }
        let given = self
            .calls
            .as_ref()
            .map(Vec::len)
            .filter(|count| *count != 1);
        let count = match (self.times_to_run, given, length) {
            (Some(times), Some(given), _) if times != given => {
                return invalid(format!(
                    "there are arguments for {given} calls, and {times} are asked for"
                ));
            }
            (Some(times), _, Some((name, list))) if times != list => {
                return invalid(format!(
                    "the list '{name}' has {list} elements, and {times} calls are asked for"
                ));
            }
            (_, Some(given), Some((name, list))) if given != list => {
                return invalid(format!(
                    "the list '{name}' has {list} elements, and there are arguments for {given} calls"
                ));
            }
            (Some(times), ..) => times,
            (None, Some(given), _) => given,
            (None, None, Some((_, list))) => list,
            (None, None, None) => 1,
        };
        let call = |at: usize| {
            let mut call = self.function.arguments.clone();
            for (name, value) in &self.spread {
                let value = value.as_array().map_or(Some(value), |list| list.get(at));
                call.extend(value.map(|value| (name.clone(), value.clone())));
            }
            let own = self.calls.as_ref().and_then(|calls| {
                if calls.len() == 1 {
                    calls.first()
                } else {
                    calls.get(at)
                }
            });
            call.extend(
                own.into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
            call
        };
        Ok((0..count).map(call).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn calls(exec: &RxExec) -> Vec<String> {
        let calls = exec.calls().unwrap();
        calls
            .into_iter()
            .map(|call| Json::Object(call).to_string())
            .collect()
    }

    fn exec() -> RxExec {
        RxExec::new(RemoteFunction::python("def f(): pass"))
    }

    #[test]
    fn c17_c18_lists_are_spread_over_calls() {
        assert_eq!(calls(&exec()), ["{}"]);
        let spread = exec().arg("x", json!([1, 2, 3])).arg("y", 6);
        assert_eq!(
            calls(&spread),
            [r#"{"x":1,"y":6}"#, r#"{"x":2,"y":6}"#, r#"{"x":3,"y":6}"#]
        );
        assert_eq!(
            calls(&exec().arg("x", json!([[0, 1, 2]]))),
            [r#"{"x":[0,1,2]}"#]
        );
        assert_eq!(
            calls(&exec().arg("x", 1).times_to_run(2)),
            [r#"{"x":1}"#; 2]
        );
    }

    #[test]
    fn lengths_that_differ_are_refused() {
        for exec in [
            exec().arg("x", json!([1, 2])).arg("y", json!([1])),
            exec().arg("x", json!([1, 2])).times_to_run(3),
            exec().args(vec![Map::new(), Map::new()]).times_to_run(3),
        ] {
            assert!(matches!(exec.calls(), Err(Error::InvalidArgument(_))));
        }
    }
}
