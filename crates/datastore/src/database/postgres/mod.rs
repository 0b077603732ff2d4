//! Queries of PostgreSQL, with their rows as Arrow batches. The protocol is tokio-postgres';
//! here is what a datastore says of the connection, and what becomes of a row.

mod columns;
mod numeric;
mod session;
mod values;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use tokio_postgres::RowStream;

use crate::data::Datastore;
use crate::error::{Error, Result};
use crate::registry::{Kind, Location};
use columns::Columns;
use session::{Session, failed};

impl Datastore {
    /// The rows of a query of a PostgreSQL datastore. The query is one statement, and runs
    /// where nothing can be written. Batches hold at most 65,536 rows; columns have these types:
    ///
    /// | PostgreSQL | Arrow |
    /// | --- | --- |
    /// | `boolean` | `Boolean` |
    /// | `smallint`, `integer`, `bigint`, `oid` | `Int16`, `Int32`, `Int64`, `UInt32` |
    /// | `real`, `double precision` | `Float32`, `Float64` |
    /// | `numeric(p, s)` | `Decimal128`, above 38 digits `Decimal256` |
    /// | `numeric` | `Utf8`, for each value has a scale of its own |
    /// | `text` and kin, enumerations, `uuid`, `json`, `jsonb`, `xml` | `Utf8` |
    /// | `bytea` | `Binary` |
    /// | `date`, `time` | `Date32`, `Time64` in microseconds |
    /// | `timestamp`, `timestamp with time zone` | `Timestamp` in microseconds, the latter in UTC |
    /// | `interval` | `Interval` of months, days and nanoseconds |
    /// | arrays of these | `List` |
    ///
    /// A domain is as the type it is made of. The name of the type is in each field's metadata
    /// under `sqltype`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other kinds of datastores, and for a column of another type,
    /// which is named; the server's refusal with its code. A value that Arrow has no value for,
    /// such as `infinity` as a date, ends the stream with an error.
    ///
    /// ```no_run
    /// # async fn example(sales: azml_datastore::Datastore) -> azml_datastore::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let rows = sales.read_sql("SELECT region, sum(amount) FROM orders GROUP BY region").await?;
    /// let schema = rows.schema();
    /// let batches: Vec<_> = rows.try_collect().await?;
    /// # let _ = (schema, batches);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_sql(&self, query: &str) -> Result<QueryRows> {
        let record = self.record();
        let encrypted = match (&record.kind, &record.location) {
            (Kind::AzurePostgreSql, Location::Database { enforce_tls, .. }) => {
                enforce_tls.unwrap_or(true)
            }
            (kind, _) => {
                return Err(Error::Unsupported {
                    operation: "reading the rows of a query",
                    what: format!("a datastore of kind {kind}"),
                });
            }
        };
        let connection = self.database_connection().await?;
        let environment = &self.workspace().environment;
        let mut session = Session::open(&connection, encrypted, environment).await?;
        let (columns, rows) = session.query(query).await?;
        Ok(QueryRows::new(session, columns, rows))
    }
}

/// The rows of a query, batch by batch. Dropping it ends the query on the server.
pub struct QueryRows {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl QueryRows {
    fn new(session: Session, columns: Columns, rows: RowStream) -> Self {
        let schema = columns.schema();
        let start = (session, columns, Some(Box::pin(rows)));
        let batches = stream::try_unfold(start, |(mut session, mut columns, rows)| async {
            // The end is asked for once only.
            let Some(mut rows) = rows else {
                return Ok(None);
            };
            while !columns.is_full() {
                match rows.try_next().await.map_err(failed)? {
                    Some(row) => columns.append(&row)?,
                    None => {
                        session.finished();
                        if columns.is_empty() {
                            return Ok(None);
                        }
                        return Ok(Some((columns.finish()?, (session, columns, None))));
                    }
                }
            }
            Ok(Some((columns.finish()?, (session, columns, Some(rows)))))
        });
        Self {
            schema,
            batches: batches.boxed(),
        }
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Stream for QueryRows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(cx)
    }
}

impl std::fmt::Debug for QueryRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryRows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
