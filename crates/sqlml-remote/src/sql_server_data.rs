//! A table or query of a SQL Server as a data source and target.

use std::time::Duration;

use arrow::record_batch::RecordBatch;
use azml_auth::Secret;
use azml_core::env::Environment;

use crate::{
    backend::{ConnectOptions, Event, Request},
    columns::{ColumnInfo, Columns},
    connection_string::{Auth, ConnectionString},
    error::{Error, Result},
    identifier::TableName,
    session::{Frame, Session},
};

/// Rows that are read at once, unless said otherwise.
const ROWS_PER_READ: usize = 50_000;

/// A table or a query of a SQL Server.
#[derive(Clone, Debug)]
pub struct RxSqlServerData {
    connection: ConnectionString,
    options: ConnectOptions,
    relation: Option<Relation>,
    rows_per_read: usize,
    string_type: Option<String>,
    timeout: Option<Duration>,
    columns: Columns,
}

#[derive(Clone, Debug)]
enum Relation {
    Table(TableName),
    Query(String),
}

impl RxSqlServerData {
    /// A source of this connection; it still needs a table or a query.
    pub fn builder(connection: ConnectionString) -> RxSqlServerDataBuilder {
        RxSqlServerDataBuilder {
            connection,
            options: None,
            table: None,
            query: None,
            database: None,
            login: None,
            rows_per_read: ROWS_PER_READ,
            string_type: None,
            timeout: None,
            columns: Columns::default(),
        }
    }

    /// A table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for what is no name of a table.
    pub fn table(connection: ConnectionString, table: &str) -> Result<Self> {
        Self::builder(connection).table(table).build()
    }

    /// A query.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for what does not begin with SELECT or WITH.
    pub fn query(connection: ConnectionString, query: &str) -> Result<Self> {
        Self::builder(connection).sql_query(query).build()
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &ConnectionString {
        &self.connection
    }

    /// How many rows are read at once.
    #[must_use]
    pub fn rows_per_read(&self) -> usize {
        self.rows_per_read
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn string_type(&self) -> Option<&str> {
        self.string_type.as_deref()
    }

    /// A session of its own on the server.
    pub(crate) async fn session(&self) -> Result<Session> {
        let mut session = Session::connect_with(&self.connection, &self.options).await?;
        session.set_timeout(self.timeout);
        Ok(session)
    }

    /// The table; an error for a query.
    pub(crate) fn target(&self) -> Result<&TableName> {
        match &self.relation {
            Some(Relation::Table(table)) => Ok(table),
            Some(Relation::Query(_)) => Err(Error::InvalidArgument(
                "a query cannot be written to; name a table".to_owned(),
            )),
            None => Err(neither()),
        }
    }

    /// What stands behind FROM.
    pub(crate) fn relation(&self) -> Result<String> {
        match &self.relation {
            Some(Relation::Table(table)) => Ok(table.to_string()),
            Some(Relation::Query(query)) => Ok(format!(
                "({}) AS [source]",
                query.trim_end_matches([';', ' ', '\n', '\r', '\t'])
            )),
            None => Err(neither()),
        }
    }

    /// The query that reads these columns, or all.
    pub(crate) fn select(&self, columns: Option<&[String]>) -> Result<String> {
        match (&self.relation, columns) {
            // A query may begin with WITH or end with ORDER BY, which a derived table may not.
            (Some(Relation::Query(query)), None) => Ok(query.clone()),
            (_, None) => Ok(format!("SELECT * FROM {}", self.relation()?)),
            (_, Some(columns)) => {
                let names: Vec<String> =
                    columns.iter().map(|name| crate::quote_name(name)).collect();
                Ok(format!(
                    "SELECT {} FROM {}",
                    names.join(", "),
                    self.relation()?
                ))
            }
        }
    }

    /// All rows.
    ///
    /// # Errors
    /// The server's.
    pub async fn read(&self) -> Result<Frame> {
        let mut session = self.session().await?;
        session.start(Request::Batch(self.select(None)?)).await?;
        let mut columns = self.columns.clone();
        let mut frame = None;
        while let Some(event) = session.next().await? {
            match (event, &mut frame) {
                (Event::Columns(schema), None) => {
                    let read = columns.apply(RecordBatch::new_empty(schema))?;
                    frame = Some(Frame::empty(read.schema()));
                }
                (Event::Rows(batch), Some(frame)) => frame.push(columns.apply(batch)?),
                _ => {}
            }
        }
        frame.ok_or_else(|| Error::InvalidData("the query has no result".to_owned()))
    }
}

fn neither() -> Error {
    Error::InvalidArgument("the data source has neither a table nor a query".to_owned())
}

/// Options of [`RxSqlServerData`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RxSqlServerDataBuilder {
    connection: ConnectionString,
    options: Option<ConnectOptions>,
    table: Option<String>,
    query: Option<String>,
    database: Option<String>,
    login: Option<(String, Secret)>,
    rows_per_read: usize,
    string_type: Option<String>,
    timeout: Option<Duration>,
    columns: Columns,
}

impl RxSqlServerDataBuilder {
    /// How to read a column.
    pub fn column_info(mut self, name: impl Into<String>, info: ColumnInfo) -> Self {
        self.columns.set(name.into(), info);
        self
    }

    /// Whether columns of text become factors when they are read. Default: no.
    pub fn strings_as_factors(mut self, converts: bool) -> Self {
        self.columns.strings_as_factors(converts);
        self
    }

    /// The table: `table`, `schema.table` or `database.schema.table`.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// A query instead of a table.
    pub fn sql_query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Another database than the connection's.
    pub fn database_name(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// Another login than the connection's.
    pub fn login(mut self, user: impl Into<String>, password: Secret) -> Self {
        self.login = Some((user.into(), password));
        self
    }

    /// How many rows a transform gets at once. Default: 50000.
    pub fn rows_per_read(mut self, rows: usize) -> Self {
        self.rows_per_read = rows.max(1);
        self
    }

    /// The type for columns of text in a table that is created. Default: `nvarchar` of 50, 255, 4000 or `max` by the
    /// longest value.
    pub fn string_type(mut self, sql_type: impl Into<String>) -> Self {
        self.string_type = Some(sql_type.into());
        self
    }

    /// The most time that each statement may take. Default: no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What a connection needs beside the connection string. Default: what the environment says.
    pub fn connect_options(mut self, options: ConnectOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// The data source.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for both a table and a query, and for texts that are neither. That there is one of them
    /// is checked when it is read.
    pub fn build(self) -> Result<RxSqlServerData> {
        let relation = match (self.table, self.query) {
            (Some(_), Some(_)) => {
                return Err(Error::InvalidArgument(
                    "a table and a query cannot both be given".to_owned(),
                ));
            }
            (Some(table), None) => Some(Relation::Table(TableName::parse(&table)?)),
            (None, Some(query)) => {
                let first = query
                    .trim_start()
                    .split(|character: char| !character.is_ascii_alphabetic())
                    .next();
                if !first.is_some_and(|word| {
                    ["SELECT", "WITH"].contains(&word.to_ascii_uppercase().as_str())
                }) {
                    return Err(Error::InvalidArgument(
                        "the query of a data source begins with SELECT or WITH".to_owned(),
                    ));
                }
                Some(Relation::Query(query))
            }
            (None, None) => None,
        };
        let mut connection = self.connection;
        if let Some(database) = self.database {
            connection = connection.with_database(database);
        }
        if let Some((user, password)) = self.login {
            connection = connection.with_auth(Auth::SqlLogin { user, password });
        }
        Ok(RxSqlServerData {
            connection,
            options: self
                .options
                .unwrap_or_else(|| ConnectOptions::from_environment(&Environment::process())),
            relation,
            rows_per_read: self.rows_per_read,
            string_type: self.string_type,
            timeout: self.timeout,
            columns: self.columns,
        })
    }
}
