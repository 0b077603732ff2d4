//! Data access from inside of a script: its statements run as the caller, on a session of their own.

use std::collections::HashMap;

use async_trait::async_trait;
use datafusion::arrow::{compute::concat_batches, record_batch::RecordBatch};

use super::{
    engine::ResultColumn,
    error::{Result, SqlError},
    interpreter::{self, Frame},
    output::{Event, Output},
    session::Session,
    tsql::{SqlType, object_name},
};
use crate::scripts::DataAccess;

/// A sibling of the session that runs the script.
#[derive(Debug)]
pub(super) struct Loopback {
    session: Session,
}

impl Loopback {
    pub(super) fn new(caller: &Session) -> Self {
        Self {
            session: Session::new(
                caller.server.clone(),
                caller.spid,
                caller.login.clone(),
                caller.database.clone(),
            ),
        }
    }

    async fn rows(&mut self, text: &str) -> Result<Option<RecordBatch>> {
        let (out, mut events) = Output::new();
        let session = &mut self.session;
        let run = async move {
            let mut frame = Frame::default();
            interpreter::run_batch(session, text, &mut frame, &out).await
        };
        let collect = async {
            let mut columns: Option<Vec<ResultColumn>> = None;
            let mut rows = Vec::new();
            let mut error = None;
            while let Some(event) = events.recv().await {
                match event {
                    // The last result is the one that counts.
                    Event::Columns(next) => {
                        columns = Some(next);
                        rows.clear();
                    }
                    Event::Rows(batch) => rows.push(batch),
                    Event::Message(message) if message.class > 10 => error = Some(message),
                    _ => {}
                }
            }
            (columns, rows, error)
        };
        let (ran, (columns, rows, error)) = tokio::join!(run, collect);
        ran?;
        if let Some(message) = error {
            return Err(SqlError::new(message.number, message.class, message.text));
        }
        columns.map(|columns| named(&columns, &rows)).transpose()
    }
}

/// The rows of a result as one batch whose fields are called as the result's columns.
fn named(columns: &[ResultColumn], rows: &[RecordBatch]) -> Result<RecordBatch> {
    let fields = columns.iter().map(|column| {
        Ok(column
            .sql_type
            .field(&column.name, true)?
            .with_name(&column.name))
    });
    let schema = std::sync::Arc::new(datafusion::arrow::datatypes::Schema::new(
        fields.collect::<Result<Vec<_>>>()?,
    ));
    let converted = rows
        .iter()
        .map(|rows| {
            let arrays = rows.columns().iter().zip(schema.fields());
            let arrays = arrays.map(|(array, field)| {
                Ok(datafusion::arrow::compute::cast(array, field.data_type())?)
            });
            Ok(RecordBatch::try_new(
                schema.clone(),
                arrays.collect::<Result<Vec<_>>>()?,
            )?)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(concat_batches(&schema, &converted)?)
}

#[async_trait]
impl DataAccess for Loopback {
    async fn query(&mut self, text: &str) -> std::result::Result<Option<RecordBatch>, String> {
        self.rows(text).await.map_err(|error| error.message)
    }

    async fn load(&mut self, table: &str, rows: RecordBatch) -> std::result::Result<u64, String> {
        let name =
            object_name(table).ok_or_else(|| format!("'{table}' is not the name of a table"))?;
        let columns: Vec<String> = rows
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        interpreter::bulk_load(&mut self.session, &name, &columns, vec![rows])
            .await
            .map_err(|error| error.message)
    }

    fn column_types(&self, rows: &RecordBatch) -> HashMap<String, String> {
        let fields = rows.schema();
        let described = fields.fields().iter().map(|field| {
            let sql_type = SqlType::of_arrow(field.data_type()).map_or_else(
                |_| "nvarchar(max)".to_owned(),
                |sql_type| sql_type.to_string(),
            );
            (field.name().clone(), sql_type)
        });
        described.collect()
    }
}
