//! SQL Server Machine Learning from Rust: connect, load a frame, send a Python function to the data, and bring back only
//! its result.
//!
//! ```no_run
//! use azml_sqlml_remote::{ConnectionString, RemoteFunction, RxInSqlServer, rx_exec};
//!
//! # async fn picture() -> azml_sqlml_remote::Result<()> {
//! let connection = ConnectionString::parse("Server=localhost;Database=irissql;UID=sa;PWD={secret};")?;
//! let in_sql_server = RxInSqlServer::new(connection);
//! let function = RemoteFunction::from_file("plot.py", "send_this_func_to_sql")?;
//! rx_exec(function, &in_sql_server).await?.remove(0).png()?.save("iris.png")?;
//! # Ok(())
//! # }
//! ```

mod backend;
mod connection_string;
mod data_step;
mod ddl;
mod error;
mod exec;
mod formula;
mod function;
mod identifier;
mod model;
mod png;
mod procedure;
mod server_info;
mod session;
mod sql_server_data;
mod summary;

pub use backend::{
    ConnectOptions, Event, Message, MssqlBackend, Parameter, Request, TdsBackend, Value,
};
pub use connection_string::{Auth, ConnectionString, Encrypt, Secrets, Server};
pub use data_step::{
    Append, DataSource, DataStep, StepResult, TransformContext, rx_data_step, rx_import,
};
pub use error::{Error, RemoteError, Result, ServerError};
pub use exec::{
    ComputeContext, RxExec, RxInSqlServer, RxInSqlServerBuilder, RxLocalSeq, TaskResult, rx_exec,
};
pub use function::{RemoteFunction, Return};
pub use identifier::{TableName, quote_name};
pub use model::{Coefficient, ModelKind, RxModel, rx_lin_mod, rx_logit, rx_predict};
pub use png::Png;
pub use procedure::ParameterType;
pub use server_info::{Permissions, ServerInfo};
pub use session::{Frame, Outcome, Session};
pub use sql_server_data::{RxSqlServerData, RxSqlServerDataBuilder};
pub use summary::{Cells, Counts, RxSummary, Statistics, Summary, rx_summary};
