//! The compute context that is a SQL Server: each interpreter is one call of `sp_execute_external_script`.

use std::time::Duration;

use azml_core::env::Environment;
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value as Json};

use super::{ComputeContext, TaskResult, task_result};
use crate::{
    backend::ConnectOptions,
    connection_string::ConnectionString,
    error::{Error, Result},
    function::{RemoteFunction, Returned, Script},
    session::Session,
};

/// A SQL Server as the place where functions run.
#[derive(Clone, Debug)]
pub struct RxInSqlServer {
    connection: ConnectionString,
    options: ConnectOptions,
    num_tasks: usize,
    timeout: Option<Duration>,
    packages: Vec<String>,
}

impl RxInSqlServer {
    /// The server of this connection, one interpreter at a time.
    #[must_use]
    pub fn new(connection: ConnectionString) -> Self {
        Self::builder(connection).build()
    }

    /// The server of this connection, with options.
    pub fn builder(connection: ConnectionString) -> RxInSqlServerBuilder {
        RxInSqlServerBuilder(Self {
            connection,
            options: ConnectOptions::from_environment(&Environment::process()),
            num_tasks: 1,
            timeout: None,
            packages: Vec::new(),
        })
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &ConnectionString {
        &self.connection
    }

    /// A session of its own on the server.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub async fn session(&self) -> Result<Session> {
        let mut session = Session::connect_with(&self.connection, &self.options).await?;
        session.set_timeout(self.timeout);
        Ok(session)
    }

    async fn run_calls(
        &self,
        function: &RemoteFunction,
        calls: &[Map<String, Json>],
        stop: bool,
    ) -> Result<Vec<Result<TaskResult>>> {
        let mut function = function.clone();
        function.packages.extend(self.packages.iter().cloned());
        let request = Script::new(&function, calls, stop)?.request();
        // A connection of its own: it ends with the future, and what runs on the server ends with it.
        let outcome = self.session().await?.run(request).await?;
        let frame = outcome
            .frames
            .first()
            .ok_or_else(|| Error::InvalidData("the script left no result".to_owned()))?;
        let mut results = Vec::with_capacity(calls.len());
        for batch in frame.batches() {
            results.extend(Returned::rows(batch)?.into_iter().map(task_result));
        }
        Ok(results)
    }
}

impl ComputeContext for RxInSqlServer {
    fn run<'a>(
        &'a self,
        function: &'a RemoteFunction,
        calls: &'a [Map<String, Json>],
        stop: bool,
    ) -> BoxFuture<'a, Result<Vec<Result<TaskResult>>>> {
        self.run_calls(function, calls, stop).boxed()
    }

    fn num_tasks(&self) -> usize {
        self.num_tasks
    }
}

/// Options of [`RxInSqlServer`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RxInSqlServerBuilder(RxInSqlServer);

impl RxInSqlServerBuilder {
    /// How many interpreters, each with a connection of its own, may run at once. Default: 1.
    pub fn num_tasks(mut self, tasks: usize) -> Self {
        self.0.num_tasks = tasks.max(1);
        self
    }

    /// The most time that an interpreter may take; it is stopped then. Default: no limit. Zero is no limit.
    pub fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        self
    }

    /// Packages to import before the function's source runs.
    pub fn packages_to_load<T: Into<String>>(
        mut self,
        packages: impl IntoIterator<Item = T>,
    ) -> Self {
        self.0.packages = packages.into_iter().map(Into::into).collect();
        self
    }

    /// What a connection needs beside the connection string. Default: what the environment says.
    pub fn connect_options(mut self, options: ConnectOptions) -> Self {
        self.0.options = options;
        self
    }

    /// The compute context.
    #[must_use]
    pub fn build(self) -> RxInSqlServer {
        self.0
    }
}
