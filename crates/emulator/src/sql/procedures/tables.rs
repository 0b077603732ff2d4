//! System procedures about tables: `sp_rename`, and `sp_tablecollations_100`, which bulk loads begin with.

use std::sync::Arc;

use azml_tds::Collation;
use datafusion::{
    arrow::array::{ArrayRef, BinaryArray, Int32Array, StringArray},
    scalar::ScalarValue,
};

use super::{Argument, data_types::send_rows};
use crate::sql::{
    dml::TableName,
    error::{Result, SqlError},
    interpreter,
    output::{Event, Message, Output},
    session::Session,
    tsql::{SqlType, object_name},
};

/// The collation of every column of text.
const COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";

/// An argument that is a text, by its name or its position.
pub(super) fn text<'a>(arguments: &'a [Argument], name: &str, at: usize) -> Option<&'a str> {
    let argument = arguments
        .iter()
        .find(|argument| argument.is_named(name))
        .or_else(|| {
            arguments
                .get(at)
                .filter(|argument| argument.name.is_empty())
        })?;
    match &argument.value.value {
        ScalarValue::Utf8(Some(text)) => Some(text),
        _ => None,
    }
}

pub(super) fn expected(procedure: &str, parameter: &str) -> SqlError {
    SqlError::new(
        201,
        16,
        format!(
            "Procedure or function '{procedure}' expects parameter '{parameter}', which was not supplied."
        ),
    )
}

/// `sp_rename`, of tables.
pub(super) async fn rename(
    session: &mut Session,
    database: &str,
    arguments: &[Argument],
    line: u32,
    out: &Output,
) -> Result<()> {
    let old = text(arguments, "objname", 0).ok_or_else(|| expected("sp_rename", "@objname"))?;
    let new = text(arguments, "newname", 1).ok_or_else(|| expected("sp_rename", "@newname"))?;
    if text(arguments, "objtype", 2).is_some_and(|kind| !kind.eq_ignore_ascii_case("object")) {
        return Err(SqlError::unsupported_clause("@objtype of sp_rename"));
    }
    let name = object_name(old).ok_or_else(|| {
        SqlError::new(15225, 11, format!("No item by the name of '{old}' could be found in the current database '{database}'."))
    })?;
    let table = TableName::resolve(&name, database)?;
    interpreter::rename_table(session, &table, old, new).await?;
    let caution =
        "Caution: Changing any part of an object name could break scripts and stored procedures.";
    out.send(Event::Message(Message::information(
        15477,
        caution.to_owned(),
        line,
    )))
    .await
}

/// `sp_tablecollations_100`: a row for each column, NULL where its type has no collation.
pub(super) async fn collations(
    session: &Session,
    database: &str,
    arguments: &[Argument],
    out: &Output,
) -> Result<()> {
    let procedure = "sp_tablecollations_100";
    let object = text(arguments, "object", 0).ok_or_else(|| expected(procedure, "@object"))?;
    let name = object_name(object).ok_or_else(|| SqlError::invalid_object(object))?;
    let name = TableName::resolve(&name, database)?;
    let snapshot = session.snapshot();
    let table = snapshot
        .database(&name.database)
        .and_then(|database| database.table(&name.schema, &name.name))
        .ok_or_else(|| SqlError::invalid_object(object))?;
    let columns = &table.definition.columns;
    let numbers: Vec<i32> = (1..).take(columns.len()).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let is_text: Vec<bool> = columns
        .iter()
        .map(|column| column.sql_type.is_text())
        .collect();
    let codes: BinaryArray = is_text
        .iter()
        .map(|text| text.then_some(Collation::LATIN1.to_bytes()))
        .collect();
    let shown: StringArray = is_text
        .iter()
        .map(|text| text.then_some(COLLATION))
        .collect();
    let columns: Vec<(&str, SqlType, ArrayRef)> = vec![
        ("colid", SqlType::Int, Arc::new(Int32Array::from(numbers))),
        (
            "name",
            SqlType::NVarChar(Some(128)),
            Arc::new(StringArray::from(names)),
        ),
        (
            "tds_collation",
            SqlType::VarBinary(Some(5)),
            Arc::new(codes),
        ),
        ("collation", SqlType::NVarChar(Some(128)), Arc::new(shown)),
    ];
    send_rows(columns, out).await
}
