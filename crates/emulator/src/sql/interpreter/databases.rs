//! CREATE DATABASE and DROP DATABASE.

use std::sync::Arc;

use super::change::changed;
use crate::sql::{
    catalog::{SYSTEM_DATABASES, key},
    error::{Result, SqlError},
    security::Scope,
    session::Session,
};

pub(super) async fn create_database(session: &mut Session, name: &str) -> Result<()> {
    if session.in_transaction() {
        return Err(SqlError::new(
            226,
            16,
            "CREATE DATABASE statement not allowed within multi-statement transaction.",
        ));
    }
    session.require_on_server("CREATE ANY DATABASE")?;
    let owner = session.caller(|caller| (!caller.is_sysadmin()).then(|| key(caller.login)));
    changed(session, |session, change| {
        if change.instance.database(name).is_some() {
            return Err(SqlError::new(
                1801,
                16,
                format!("Database '{name}' already exists. Choose a different database name."),
            )
            .with_state(3));
        }
        let mut database = session.server.store.new_database(&change.instance, name);
        database.owner = owner;
        change
            .instance
            .databases
            .insert(key(name), Arc::new(database));
        Ok(())
    })
    .await
}

pub(super) async fn drop_databases(
    session: &mut Session,
    names: &[String],
    if_exists: bool,
) -> Result<()> {
    if session.in_transaction() {
        return Err(SqlError::new(
            226,
            16,
            "DROP DATABASE statement not allowed within multi-statement transaction.",
        ));
    }
    changed(session, |session, change| {
        for name in names {
            if SYSTEM_DATABASES.contains(&key(name).as_str()) {
                return Err(SqlError::new(
                    3708,
                    16,
                    format!("Cannot drop the database '{name}' because it is a system database."),
                ));
            }
            if key(name) == key(&session.database) {
                return Err(SqlError::new(
                    3702,
                    16,
                    format!("Cannot drop database \"{name}\" because it is currently in use."),
                )
                .with_state(3));
            }
            let may = session.caller(|caller| {
                caller.may_on_server("ALTER ANY DATABASE")
                    || caller.instance.database(name).is_some_and(|database| {
                        caller.may(database, "CONTROL", &Scope::Database)
                    })
            });
            let found = change.instance.database(name).is_some();
            if may && found {
                change.instance.databases.remove(&key(name));
            } else if found || !if_exists {
                return Err(SqlError::new(
                    3701,
                    11,
                    format!("Cannot drop the database '{name}', because it does not exist or you do not have permission."),
                ));
            }
        }
        Ok(())
    })
    .await
}
