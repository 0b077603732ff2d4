//! INSERT, UPDATE, DELETE and bulk loads: rows are computed by the engine, made to fit the table, and become new
//! segments.

mod fit;
mod key;
mod target;

use std::sync::Arc;

use datafusion::{arrow::array::RecordBatch, scalar::ScalarValue, sql::sqlparser::ast::ObjectName};

use super::{
    catalog::{DEFAULT_SCHEMA, key},
    engine::{Scope, relation},
    error::{Result, SqlError},
    session::Variable,
    tsql::{Insert, SqlType},
};
pub(super) use fit::fit;
pub(super) use key::check_primary_key;
pub(super) use target::{Target, delete_target, update_target};

/// A table's full name, all parts as [`key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) name: String,
}

impl TableName {
    /// The full name behind a written one.
    ///
    /// # Errors
    /// 40517 for names of four parts.
    pub(super) fn resolve(written: &ObjectName, database: &str) -> Result<Self> {
        let mut written = written.clone();
        relation(&mut written)?;
        let mut parts: Vec<String> = written
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(|ident| ident.value.clone()))
            .collect();
        let name = parts.pop().unwrap_or_default();
        if name.starts_with('#') {
            return Err(SqlError::unsupported_clause("temporary table"));
        }
        let schema = parts
            .pop()
            .filter(|schema| !schema.is_empty())
            .unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        Ok(Self {
            database: parts.pop().map_or_else(|| key(database), |name| key(&name)),
            schema,
            name,
        })
    }
}

/// The written name as it stands in messages.
pub(super) fn shown(written: &ObjectName) -> String {
    let parts = written
        .0
        .iter()
        .filter_map(|part| part.as_ident().map(|ident| ident.value.as_str()));
    parts.collect::<Vec<_>>().join(".")
}

/// The rows of an INSERT's VALUES or SELECT.
///
/// # Errors
/// The errors of the query.
pub(super) async fn source_rows(scope: &Scope, insert: &Insert) -> Result<Vec<RecordBatch>> {
    use super::tsql::InsertSource;
    match &insert.source {
        InsertSource::Query(query) => scope.plan(query.as_ref().clone()).await?.all().await,
        InsertSource::DefaultValues => {
            let empty = Arc::new(datafusion::arrow::datatypes::Schema::empty());
            let options =
                datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
            Ok(vec![RecordBatch::try_new_with_options(
                empty,
                Vec::new(),
                &options,
            )?])
        }
        InsertSource::Execute(_) => Err(SqlError::unsupported("INSERT EXEC")),
    }
}

/// A variable's value in its declared type.
///
/// # Errors
/// The errors of conversion.
pub(super) fn assign(variable: &mut Variable, value: &ScalarValue) -> Result<()> {
    let wanted = variable.sql_type.arrow()?;
    variable.value = if value.is_null() {
        ScalarValue::try_from(&wanted)?
    } else {
        value.cast_to(&wanted)?
    };
    // Text that is too long for a variable is cut, unlike in a table.
    let limit = match variable.sql_type {
        SqlType::Char(limit) | SqlType::NChar(limit) => Some(limit),
        SqlType::VarChar(limit) | SqlType::NVarChar(limit) => limit,
        _ => None,
    };
    if let (Some(limit), ScalarValue::Utf8(Some(text))) = (limit, &mut variable.value)
        && let Some((at, _)) = text.char_indices().nth(limit.into())
    {
        text.truncate(at);
    }
    Ok(())
}
