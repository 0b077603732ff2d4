//! The backend over Microsoft's `mssql-tds`. Every type of that library stays in this module and its neighbours.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use azml_core::env::{self, Environment};
use mssql_tds::{
    connection::{
        bulk_copy::{BulkCopy, ColumnMapping},
        client_context::{ClientContext, TdsAuthenticationMethod},
        tds_client::{ExecuteOptions, ResultSet, StatementResult, TdsClient},
    },
    connection_provider::tds_connection_provider::TdsConnectionProvider,
    core::{EncryptionOptions, EncryptionSetting},
    datatypes::{column_values::ColumnValues, sql_string::SqlString, sqltypes::SqlType},
    error::{Error as TdsError, SqlErrorInfo},
    message::{
        login_options::ApplicationIntent,
        parameters::rpc_parameters::{RpcParameter, StatusFlags},
    },
};

use super::{
    Event, Message, Parameter, Request, TdsBackend, Value,
    bulk::{self, Encoder},
    certificate,
    rows::ArrowRowWriter,
};
use crate::{
    connection_string::{Auth, ConnectionString, Encrypt},
    error::{Error, Result, ServerError},
};

/// The time in which a server must confirm that it has stopped.
const CANCEL_SECONDS: u32 = 5;

/// What a connection needs beside the connection string.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// A PEM file with authorities to trust beside the system's.
    pub ca_bundle: Option<PathBuf>,
}

impl ConnectOptions {
    /// What the environment says: `AZML_CA_BUNDLE`.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        Self {
            ca_bundle: environment.get(env::CA_BUNDLE).map(PathBuf::from),
        }
    }
}

/// A connection of `mssql-tds`.
pub struct MssqlBackend {
    client: TdsClient,
    answer: Answer,
    outputs: Vec<(String, Value)>,
    timeout: Option<Duration>,
    /// A call is under way; still set when its future was dropped, which leaves the stream at an unknown place.
    busy: bool,
}

/// Where in an answer the connection stands.
enum Answer {
    None,
    Next(StatementResult),
    Rows(Box<ArrowRowWriter>),
    Between,
}

impl std::fmt::Debug for MssqlBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MssqlBackend")
            .field("database", &self.client.database())
            .finish_non_exhaustive()
    }
}

impl MssqlBackend {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Timeout`], and the server's 18456 and 4060.
    pub async fn connect(connection: &ConnectionString, options: &ConnectOptions) -> Result<Self> {
        let timeout = connection.timeout();
        tokio::time::timeout(timeout, Self::log_in(connection, options))
            .await
            .map_err(|_| Error::Timeout(timeout))?
    }

    async fn log_in(connection: &ConnectionString, options: &ConnectOptions) -> Result<Self> {
        let server = connection.server();
        let source = format!("tcp:{server}");
        let mut context = ClientContext::with_data_source(&source);
        context.application_name = connection.application().to_owned();
        context.packet_size = connection.packet_size();
        // A session that was silently made anew would have lost its transaction and its settings.
        context.connect_retry_count = 0;
        context.connect_timeout =
            u32::try_from(connection.timeout().as_secs().max(1)).unwrap_or(u32::MAX);
        if let Some(database) = connection.database() {
            database.clone_into(&mut context.database);
        }
        if let Some(workstation) = connection.workstation() {
            workstation.clone_into(&mut context.workstation_id);
        }
        if connection.is_read_only() {
            context.application_intent = ApplicationIntent::ReadOnly;
        }
        match connection.auth()? {
            Auth::SqlLogin { user, password } => {
                context.tds_authentication_method = TdsAuthenticationMethod::Password;
                context.user_name = user;
                password.expose().clone_into(&mut context.password);
            }
            Auth::Integrated => context.tds_authentication_method = TdsAuthenticationMethod::SSPI,
            Auth::AccessToken(token) => {
                context.tds_authentication_method = TdsAuthenticationMethod::AccessToken;
                context.access_token = Some(token.expose().to_owned());
            }
        }
        let pinned = pin(connection, options).await?;
        context.encryption_options = EncryptionOptions {
            mode: match connection.encrypt() {
                Encrypt::Mandatory => EncryptionSetting::Required,
                Encrypt::Optional => EncryptionSetting::PreferOff,
                Encrypt::Strict => EncryptionSetting::Strict,
            },
            trust_server_certificate: connection.trusts_server_certificate(),
            host_name_in_cert: connection
                .host_name_in_certificate()
                .filter(|_| pinned.is_none())
                .map(str::to_owned),
            server_certificate: pinned
                .as_ref()
                .map(|file| file.path().to_owned())
                .or_else(|| connection.server_certificate().cloned()),
        };
        let client = TdsConnectionProvider::new()
            .create_client(context, &source, None)
            .await
            .map_err(|error| match converted(error) {
                Error::ConnectionLost(reason) => Error::Connect {
                    server: server.to_string(),
                    reason,
                },
                error => error,
            })?;
        Ok(Self {
            client,
            answer: Answer::None,
            outputs: Vec::new(),
            timeout: None,
            busy: false,
        })
    }

    fn failed(&mut self, error: TdsError) -> Error {
        self.answer = Answer::None;
        match (converted(error), self.timeout) {
            (Error::Timeout(_), Some(timeout)) => Error::Timeout(timeout),
            (error, _) => error,
        }
    }

    async fn send(&mut self, request: Request) -> Result<StatementResult, TdsError> {
        if self.client.has_open_batch() {
            self.client.cancel_query(CANCEL_SECONDS).await?;
        }
        let mut options = ExecuteOptions::new();
        if let Some(timeout) = self.timeout {
            let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
            options = options.timeout_secs(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX));
        }
        match request {
            Request::Batch(text) => self.client.execute(text, options).await,
            Request::Statement(text, parameters) => {
                let parameters = parameters.into_iter().map(parameter).collect();
                self.client
                    .execute_sp_executesql(text, parameters, options)
                    .await
            }
            Request::Procedure(name, parameters) => {
                let parameters = parameters.into_iter().map(parameter).collect();
                self.client
                    .execute_stored_procedure(name, None, Some(parameters), options)
                    .await
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Event>, TdsError> {
        loop {
            match std::mem::replace(&mut self.answer, Answer::None) {
                Answer::None => return Ok(None),
                Answer::Between => self.answer = Answer::Next(self.client.advance().await?),
                Answer::Next(StatementResult::Rows) => {
                    let writer = ArrowRowWriter::new(self.client.get_metadata());
                    let schema = writer.schema();
                    self.answer = Answer::Rows(Box::new(writer));
                    return Ok(Some(Event::Columns(schema)));
                }
                Answer::Next(StatementResult::NoRows { rows_affected }) => {
                    self.answer = Answer::Between;
                    return Ok(Some(Event::Done(rows_affected)));
                }
                Answer::Next(StatementResult::End) => {
                    self.outputs = self
                        .client
                        .get_return_values()
                        .into_iter()
                        .filter_map(output)
                        .collect();
                    return Ok(None);
                }
                Answer::Rows(mut writer) => {
                    let mut more = true;
                    while more && !writer.is_full() {
                        more = self.client.next_row_into(writer.as_mut()).await?;
                    }
                    let batch = (!writer.is_empty()).then(|| writer.finish()).transpose();
                    self.answer = if more {
                        Answer::Rows(writer)
                    } else {
                        Answer::Between
                    };
                    match batch {
                        Ok(Some(batch)) => return Ok(Some(Event::Rows(batch))),
                        Ok(None) => {}
                        Err(error) => return Err(TdsError::TypeConversionError(error.to_string())),
                    }
                }
            }
        }
    }

    async fn load_rows(
        &mut self,
        table: &str,
        rows: &[RecordBatch],
        portion: usize,
    ) -> Result<u64> {
        let Some(first) = rows.first() else {
            return Ok(0);
        };
        if self.client.has_open_batch() {
            self.client
                .cancel_query(CANCEL_SECONDS)
                .await
                .map_err(converted)?;
        }
        let timeout = self.timeout.unwrap_or(Duration::ZERO);
        let mut bulk = BulkCopy::new(&mut self.client, table)
            .table_lock(true)
            .keep_nulls(true)
            .timeout(timeout);
        let metadata = bulk
            .retrieve_destination_metadata()
            .await
            .map_err(converted)?;
        let targets = bulk::targets(&first.schema(), &metadata, table)?;
        bulk = bulk.keep_identity(targets.iter().any(|target| target.metadata.is_identity));
        for (at, target) in targets.iter().enumerate() {
            bulk = bulk
                .add_column_mapping(ColumnMapping::by_ordinal(at, &target.metadata.column_name));
        }
        // All is converted before anything is sent, so that a bad value changes nothing.
        let mut portions: Vec<Vec<Encoder>> = vec![Vec::new()];
        let mut room = portion.max(1);
        for batch in rows {
            let mut from = 0;
            while from < batch.num_rows() {
                let count = room.min(batch.num_rows() - from);
                let encoder = Encoder::new(&batch.slice(from, count), &targets)?;
                if let Some(last) = portions.last_mut() {
                    last.push(encoder);
                }
                from += count;
                room -= count;
                if room == 0 {
                    portions.push(Vec::new());
                    room = portion.max(1);
                }
            }
        }
        for encoders in portions.into_iter().filter(|encoders| !encoders.is_empty()) {
            bulk.write_to_server_zerocopy(encoders.into_iter().flatten())
                .await
                .map_err(converted)?;
        }
        Ok(rows
            .iter()
            .map(|batch| u64::try_from(batch.num_rows()).unwrap_or(u64::MAX))
            .sum())
    }
}

#[async_trait]
impl TdsBackend for MssqlBackend {
    async fn start(&mut self, request: Request) -> Result<()> {
        self.busy = true;
        self.answer = Answer::None;
        self.outputs.clear();
        let sent = self.send(request).await;
        self.busy = false;
        self.answer = Answer::Next(sent.map_err(|error| self.failed(error))?);
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Event>> {
        self.busy = true;
        let event = self.step().await;
        self.busy = false;
        event.map_err(|error| self.failed(error))
    }

    fn take_messages(&mut self) -> Vec<Message> {
        let messages = self.client.take_info_messages().into_iter();
        messages
            .map(|message| Message {
                number: message.number,
                text: message.message,
            })
            .collect()
    }

    fn take_outputs(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.outputs)
    }

    async fn load(&mut self, table: &str, rows: &[RecordBatch], portion: usize) -> Result<u64> {
        self.busy = true;
        self.answer = Answer::None;
        let loaded = self.load_rows(table, rows, portion).await;
        self.busy = false;
        loaded
    }

    async fn cancel(&mut self) -> Result<()> {
        self.busy = true;
        self.answer = Answer::None;
        let cancelled = self.client.cancel_query(CANCEL_SECONDS).await;
        self.busy = false;
        cancelled.map_err(converted)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    fn is_usable(&self) -> bool {
        !self.busy && !self.client.is_connection_dead()
    }

    fn server_version(&self) -> Option<String> {
        let version = self.client.server_version()?;
        Some(format!(
            "{}.{}.{}",
            version.major, version.minor, version.build
        ))
    }

    fn database(&self) -> String {
        self.client.database().to_owned()
    }
}

/// The server's certificate in a file, where it was checked against authorities that the library does not know.
async fn pin(
    connection: &ConnectionString,
    options: &ConnectOptions,
) -> Result<Option<tempfile::NamedTempFile>> {
    let Some(authorities) = options.ca_bundle.clone() else {
        return Ok(None);
    };
    let checked = connection.encrypt() != Encrypt::Optional
        && !connection.trusts_server_certificate()
        && connection.server_certificate().is_none();
    let Some(port) = connection.server().port().filter(|_| checked) else {
        return Ok(None);
    };
    let connection = Arc::new(connection.clone());
    let fetched = tokio::task::spawn_blocking(move || {
        let host = connection.server().host();
        let peer = certificate::Peer {
            host,
            port,
            name: connection.host_name_in_certificate().unwrap_or(host),
            strict: connection.encrypt() == Encrypt::Strict,
            timeout: connection.timeout(),
        };
        certificate::fetch(&peer, &authorities)
    });
    let certificate = fetched.await.map_err(|_| Error::Cancelled)??;
    let store = || {
        let mut file = tempfile::NamedTempFile::new()?;
        std::io::Write::write_all(&mut file, &certificate)?;
        Ok(file)
    };
    store().map(Some).map_err(|source| Error::Io {
        path: std::env::temp_dir(),
        source,
    })
}

fn parameter(parameter: Parameter) -> RpcParameter {
    let status = if parameter.output {
        StatusFlags::BY_REF_VALUE
    } else {
        StatusFlags::NONE
    };
    let value = match parameter.value {
        Value::Bit(value) => SqlType::Bit(value),
        Value::Int(value) => SqlType::Int(value),
        Value::BigInt(value) => SqlType::BigInt(value),
        Value::Float(value) => SqlType::Float(value),
        Value::Text(value) => SqlType::NVarcharMax(value.map(SqlString::from_utf8_string)),
        Value::Bytes(value) => SqlType::VarBinaryMax(value),
    };
    RpcParameter::new(Some(parameter.name), status, value)
}

fn output(returned: mssql_tds::query::result::ReturnValue) -> Option<(String, Value)> {
    let value = match returned.value {
        ColumnValues::Bit(value) => Value::Bit(Some(value)),
        ColumnValues::TinyInt(value) => Value::Int(Some(value.into())),
        ColumnValues::SmallInt(value) => Value::Int(Some(value.into())),
        ColumnValues::Int(value) => Value::Int(Some(value)),
        ColumnValues::BigInt(value) => Value::BigInt(Some(value)),
        ColumnValues::Real(value) => Value::Float(Some(value.into())),
        ColumnValues::Float(value) => Value::Float(Some(value)),
        ColumnValues::String(value) => Value::Text(Some(value.to_utf8_string())),
        ColumnValues::Bytes(value) => Value::Bytes(Some(value)),
        ColumnValues::Null => Value::Text(None),
        _ => return None,
    };
    Some((returned.param_name, value))
}

fn converted(error: TdsError) -> Error {
    match error {
        TdsError::SqlServerError { diagnostics } => server_error(diagnostics.errors),
        TdsError::TimeoutError(_) => Error::Timeout(Duration::ZERO),
        TdsError::OperationCancelledError(_) => Error::Cancelled,
        TdsError::UsageError(text) => Error::InvalidArgument(text),
        TdsError::TypeConversionError(text) => Error::InvalidData(text),
        TdsError::UnimplementedFeature { feature, context } => {
            Error::Unsupported(format!("{feature} is not supported: {context}"))
        }
        error => Error::ConnectionLost(error.to_string()),
    }
}

fn server_error(errors: Vec<SqlErrorInfo>) -> Error {
    let mut errors = errors.into_iter().map(|error| ServerError {
        line: error.line_number,
        procedure: error.proc_name.filter(|name| !name.is_empty()),
        ..ServerError::new(error.number, error.class, error.state, error.message)
    });
    match errors.next() {
        Some(mut first) => {
            first.others = errors.collect();
            Error::Server(Box::new(first))
        }
        None => {
            Error::ConnectionLost("the server reported an error without saying which".to_owned())
        }
    }
}
