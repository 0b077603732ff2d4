//! CREATE TABLE, SELECT INTO, DROP TABLE, and renaming.

use std::sync::Arc;

use azml_tds::token::command;
use datafusion::{
    arrow::record_batch::RecordBatch,
    sql::sqlparser::ast::{ObjectName, Query},
};

use super::{
    Frame,
    change::changed,
    done,
    objects::{drop_objects, name_as_written, schema_as_written},
    query::conform,
};
use crate::sql::{
    catalog::{Column, Table, TableDefinition, key},
    dml::{TableName, shown},
    error::{Result, SqlError},
    output::Output,
    session::Session,
    tsql::{CreateTable, SqlType},
};

pub(super) async fn create_table(
    session: &mut Session,
    create: &CreateTable,
    frame: &Frame,
) -> Result<()> {
    let name = TableName::resolve(&create.name, &session.database)?;
    session.require(&name.database, "CREATE TABLE")?;
    let mut columns = Vec::with_capacity(create.columns.len());
    for column in &create.columns {
        column.sql_type.arrow()?;
        if columns
            .iter()
            .any(|known: &Column| key(&known.name) == key(&column.name))
        {
            return Err(SqlError::new(
                2705,
                16,
                format!(
                    "Column names in each table must be unique. Column name '{}' in table '{}' is specified more than once.",
                    column.name,
                    shown(&create.name)
                ),
            ));
        }
        if let Some(default) = &column.default {
            // The default must be computable now, not only when the first row needs it.
            session
                .scope(&frame.variables)
                .value(default.clone())
                .await?;
        }
        let in_key = create
            .primary_key
            .iter()
            .any(|part| key(part) == key(&column.name));
        columns.push(Column {
            name: column.name.clone(),
            sql_type: column.sql_type,
            nullable: column
                .nullable
                .unwrap_or(column.identity.is_none() && !in_key),
            identity: column.identity,
            default: column.default.as_ref().map(ToString::to_string),
        });
    }
    let inline = create
        .columns
        .iter()
        .filter(|column| column.primary_key)
        .map(|column| &column.name);
    let mut primary_key = Vec::new();
    for part in inline.chain(&create.primary_key) {
        let at = columns
            .iter()
            .position(|column| key(&column.name) == key(part));
        primary_key.push(at.ok_or_else(|| {
            SqlError::new(
                1911,
                16,
                format!("Column name '{part}' does not exist in the target table or view."),
            )
        })?);
    }
    let schema = schema_as_written(&create.name);
    let table_name = name_as_written(&create.name);
    add_table(
        session,
        &name,
        &schema,
        &table_name,
        columns,
        primary_key,
        Vec::new(),
    )
    .await
}

pub(super) async fn add_table(
    session: &mut Session,
    name: &TableName,
    schema: &str,
    shown_name: &str,
    columns: Vec<Column>,
    primary_key: Vec<usize>,
    rows: Vec<RecordBatch>,
) -> Result<()> {
    changed(session, |session, change| {
        let id = session.server.store.state().ids.uuid();
        let created = session.server.store.now();
        let database = change.instance.database_mut(&name.database)?;
        if database.table(&name.schema, &name.name).is_some() {
            return Err(SqlError::new(
                2714,
                16,
                format!("There is already an object named '{shown_name}' in the database."),
            )
            .with_state(6));
        }
        let mut table = Table::new(TableDefinition {
            id,
            number: database.next_object_number(),
            schema: schema.to_owned(),
            name: shown_name.to_owned(),
            columns,
            primary_key,
            created,
        })?;
        for batch in rows {
            let batch = RecordBatch::try_new(Arc::clone(&table.arrow), batch.columns().to_vec())?;
            table.append(batch)?;
        }
        database
            .tables
            .insert((name.schema.clone(), name.name.clone()), Arc::new(table));
        Ok(())
    })
    .await
}

pub(super) async fn select_into(
    session: &mut Session,
    name: &ObjectName,
    query: &Query,
    frame: &Frame,
    out: &Output,
) -> Result<()> {
    let table = TableName::resolve(name, &session.database)?;
    session.require(&table.database, "CREATE TABLE")?;
    let planned = session.scope(&frame.variables).plan(query.clone()).await?;
    let columns: Vec<Column> = planned
        .columns
        .iter()
        .map(|column| Column {
            name: column.name.clone(),
            sql_type: column.sql_type,
            nullable: true,
            identity: None,
            default: None,
        })
        .collect();
    if let Some(at) = columns.iter().position(|column| column.name.is_empty()) {
        return Err(SqlError::new(
            1038,
            15,
            format!(
                "An object or column name is missing or empty. Column {} of SELECT INTO needs a name.",
                at + 1
            ),
        ));
    }
    let types: Vec<SqlType> = columns.iter().map(|column| column.sql_type).collect();
    let mut count = 0;
    let mut rows = Vec::new();
    for batch in planned.all().await? {
        count += u64::try_from(batch.num_rows()).unwrap_or(0);
        rows.push(conform(&batch, &types)?);
    }
    let table_name = name_as_written(name);
    add_table(
        session,
        &table,
        &schema_as_written(name),
        &table_name,
        columns,
        Vec::new(),
        rows,
    )
    .await?;
    done(session, count, command::INSERT, out).await
}

pub(super) async fn drop_tables(
    session: &mut Session,
    names: &[ObjectName],
    if_exists: bool,
) -> Result<()> {
    drop_objects(session, names, if_exists, "table", |database, name| {
        database.tables.remove(name).is_some()
    })
    .await
}

/// 1088, for a statement about the whole of a table.
pub(super) fn not_found(shown: &str) -> SqlError {
    SqlError::new(
        1088,
        16,
        format!(
            "Cannot find the object \"{shown}\" because it does not exist or you do not have permissions."
        ),
    )
    .with_state(7)
}

/// Gives a table another name, for `sp_rename`.
///
/// # Errors
/// 15225 where there is no such table, 15335 where the name is taken.
pub(in crate::sql) async fn rename_table(
    session: &mut Session,
    table: &TableName,
    shown: &str,
    new_name: &str,
) -> Result<()> {
    let may = session.may_alter(table);
    changed(session, |_, change| {
        let database = change.instance.database_mut(&table.database)?;
        let new_key = (table.schema.clone(), key(new_name));
        if database.tables.contains_key(&new_key) {
            return Err(SqlError::new(
                15335,
                11,
                format!("Error: The new name '{new_name}' is already in use as a OBJECT name and would cause a duplicate that is not permitted."),
            ));
        }
        let old_key = (table.schema.clone(), table.name.clone());
        let Some(found) = database.tables.remove(&old_key).filter(|_| may) else {
            return Err(SqlError::new(
                15225,
                11,
                format!(
                    "No item by the name of '{shown}' could be found in the current database '{}', given that @itemtype was input as '(null)'.",
                    database.name
                ),
            ));
        };
        let mut renamed = found.as_ref().clone();
        new_name.clone_into(&mut Arc::make_mut(&mut renamed.definition).name);
        let (schema, name) = &new_key;
        database
            .principals
            .rename(&old_key, (schema.as_str(), name.as_str()));
        database.tables.insert(new_key, Arc::new(renamed));
        Ok(())
    })
    .await
}
