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
mod columns;
mod connection_string;
mod data_step;
mod ddl;
mod error;
mod exec;
mod files;
mod formula;
mod function;
mod identifier;
mod info;
mod model;
mod objects;
mod options;
mod png;
mod procedure;
mod sample_data;
mod server_info;
mod session;
mod sql_server_data;
mod summary;

pub use backend::{
    ConnectOptions, Event, Message, MssqlBackend, Parameter, Request, TdsBackend, Value,
};
pub use columns::{ColumnClass, ColumnInfo};
pub use connection_string::{Auth, ConnectionString, Encrypt, Secrets, Server};
pub use data_step::{
    Append, DataSink, DataSource, DataStep, StepResult, TransformContext, rx_data_step, rx_import,
};
pub use error::{Error, RemoteError, Result, ServerError};
pub use exec::{
    ComputeContext, RemoteJob, RxExec, RxInSqlServer, RxInSqlServerBuilder, RxLocalSeq,
    RxRemoteJobStatus, TaskResult, rx_exec,
};
pub use files::{RxTextData, RxXdfData};
pub use function::{RemoteFunction, Return};
pub use identifier::{TableName, quote_name};
pub use info::{GetInfo, RxInfo, VariableInfo, rx_get_info, rx_get_var_info, rx_get_var_names};
pub use model::{Coefficient, ModelKind, RxModel, rx_lin_mod, rx_logit, rx_predict};
pub use objects::{
    ObjectKey, rx_delete_object, rx_list_keys, rx_read_bytes, rx_read_object, rx_write_bytes,
    rx_write_object,
};
pub use options::RxOptions;
pub use png::Png;
pub use procedure::ParameterType;
pub use sample_data::write_sample_text;
pub use server_info::{Permissions, ServerInfo};
pub use session::{Frame, Outcome, Session};
pub use sql_server_data::{RxSqlServerData, RxSqlServerDataBuilder};
pub use summary::{Cells, Counts, RxSummary, Statistics, Summary, rx_summary};
