//! What tables and procedures have in common: their names, and how they are dropped.

use datafusion::sql::sqlparser::ast::ObjectName;

use super::change::changed;
use crate::sql::{
    catalog::{DEFAULT_SCHEMA, Database},
    dml::{TableName, shown},
    error::{Result, SqlError},
    session::Session,
};

/// The schema of a written name, as written.
pub(super) fn schema_as_written(name: &ObjectName) -> String {
    let parts = &name.0;
    let schema = parts
        .len()
        .checked_sub(2)
        .and_then(|at| parts.get(at))
        .and_then(|part| part.as_ident());
    match schema {
        Some(schema) if !schema.value.is_empty() => schema.value.clone(),
        _ => DEFAULT_SCHEMA.to_owned(),
    }
}

/// The last part of a written name, as written.
pub(super) fn name_as_written(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.clone()).unwrap_or_default()
}

/// Takes an object out of a database by schema and name; whether it was there.
type Remove = fn(&mut Database, &(String, String)) -> bool;

/// Drops tables or procedures, all of them or none, with the permissions on them.
///
/// # Errors
/// 3701 for one that is not there, or that the login may not drop.
pub(super) async fn drop_objects(
    session: &mut Session,
    names: &[ObjectName],
    if_exists: bool,
    what: &str,
    remove: Remove,
) -> Result<()> {
    let mut resolved = Vec::with_capacity(names.len());
    for name in names {
        resolved.push((TableName::resolve(name, &session.database)?, shown(name)));
    }
    changed(session, |session, change| {
        for (name, shown) in &resolved {
            let may = session.may_alter(name);
            let database = change.instance.database_mut(&name.database)?;
            let removed = remove(database, &(name.schema.clone(), name.name.clone()));
            if removed && may {
                database.principals.forget(&name.schema, &name.name);
            } else if removed || !if_exists {
                return Err(SqlError::new(
                    3701,
                    11,
                    format!("Cannot drop the {what} '{shown}', because it does not exist or you do not have permission."),
                )
                .with_state(5));
            }
        }
        Ok(())
    })
    .await
}
