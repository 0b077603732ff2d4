//! The views that tell who there is and what they may do.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};

use super::views::{SYSNAME, ints, moments, texts};
use crate::sql::{
    catalog::{Database, Instance, key},
    security::{FIXED_ROLES, Granted, OWNER, SERVER_ROLES, SYSTEM_ADMINISTRATOR, Scope},
    tsql::SqlType,
};

type Columns = Vec<(&'static str, SqlType, ArrayRef)>;

/// One who can be given permissions.
struct Row<'a> {
    name: &'a str,
    number: i32,
    kind: &'static str,
    kind_name: &'static str,
    created: i64,
    enabled: bool,
}

fn columns(rows: &[Row<'_>]) -> Columns {
    vec![
        (
            "name",
            SYSNAME,
            texts(rows.iter().map(|row| Some(row.name))),
        ),
        (
            "principal_id",
            SqlType::Int,
            ints(rows.iter().map(|row| row.number)),
        ),
        (
            "type",
            SqlType::Char(1),
            texts(rows.iter().map(|row| Some(row.kind))),
        ),
        (
            "type_desc",
            SqlType::NVarChar(Some(60)),
            texts(rows.iter().map(|row| Some(row.kind_name))),
        ),
        (
            "create_date",
            SqlType::DateTime,
            moments(rows.iter().map(|row| row.created)),
        ),
        (
            "is_disabled",
            SqlType::Bit,
            Arc::new(
                rows.iter()
                    .map(|row| Some(!row.enabled))
                    .collect::<BooleanArray>(),
            ),
        ),
    ]
}

fn login(name: &str, number: i32, created: i64, enabled: bool) -> Row<'_> {
    Row {
        name,
        number,
        kind: "S",
        kind_name: "SQL_LOGIN",
        created,
        enabled,
    }
}

/// `sys.server_principals`.
pub(super) fn of_server(instance: &Instance, _: &Database) -> Columns {
    let mut rows = vec![login(SYSTEM_ADMINISTRATOR, 1, 0, true)];
    rows.extend(
        instance
            .logins
            .values()
            .map(|stored| login(&stored.name, stored.number, stored.created, stored.enabled)),
    );
    rows.extend((3..).zip(SERVER_ROLES).map(|(number, name)| Row {
        name,
        number,
        kind: "R",
        kind_name: "SERVER_ROLE",
        created: 0,
        enabled: true,
    }));
    columns(&rows)
}

/// The users and roles of a database by name, with their numbers.
fn everybody(database: &Database) -> Vec<Row<'_>> {
    let row = |name, number, role: bool, created| Row {
        name,
        number,
        kind: if role { "R" } else { "S" },
        kind_name: if role { "DATABASE_ROLE" } else { "SQL_USER" },
        created,
        enabled: true,
    };
    let mut rows = vec![row("public", 0, true, 0), row(OWNER, 1, false, 0)];
    let made = database.principals.by_name.values();
    rows.extend(made.map(|principal| {
        row(
            &principal.name,
            principal.number,
            principal.role,
            principal.created,
        )
    }));
    let fixed = (16384..).zip(FIXED_ROLES);
    rows.extend(fixed.map(|(number, name)| row(name, number, true, 0)));
    rows
}

/// `sys.database_principals`.
pub(super) fn of_database(_: &Instance, database: &Database) -> Columns {
    columns(&everybody(database))
}

fn number(database: &Database, name: &str) -> i32 {
    let mut all = everybody(database).into_iter();
    all.find(|row| key(row.name) == key(name))
        .map_or(-1, |row| row.number)
}

/// `sys.database_role_members`.
pub(super) fn members(_: &Instance, database: &Database) -> Columns {
    let pairs: Vec<(i32, i32)> = database
        .principals
        .by_name
        .values()
        .flat_map(|principal| {
            principal
                .roles
                .iter()
                .map(|role| (number(database, role), principal.number))
        })
        .collect();
    vec![
        (
            "role_principal_id",
            SqlType::Int,
            ints(pairs.iter().map(|(role, _)| *role)),
        ),
        (
            "member_principal_id",
            SqlType::Int,
            ints(pairs.iter().map(|(_, member)| *member)),
        ),
    ]
}

/// `sys.database_permissions`.
pub(super) fn permissions(_: &Instance, database: &Database) -> Columns {
    let grants = &database.principals.grants;
    let object = |on: &Scope| match on {
        Scope::Object(schema, name) => {
            let table = database.table(schema, name);
            let procedure = database.procedure(schema, name);
            table
                .map(|table| table.definition.number)
                .or(procedure.map(|procedure| procedure.number))
                .unwrap_or(0)
        }
        Scope::Database | Scope::Schema(_) => 0,
    };
    let class = |on: &Scope| match on {
        Scope::Database => "DATABASE",
        Scope::Schema(_) => "SCHEMA",
        Scope::Object(..) => "OBJECT_OR_COLUMN",
    };
    vec![
        (
            "class_desc",
            SqlType::NVarChar(Some(60)),
            texts(grants.iter().map(|grant| Some(class(&grant.on)))),
        ),
        (
            "major_id",
            SqlType::Int,
            ints(grants.iter().map(|grant| object(&grant.on))),
        ),
        (
            "grantee_principal_id",
            SqlType::Int,
            ints(grants.iter().map(|grant| number(database, &grant.grantee))),
        ),
        (
            "permission_name",
            SYSNAME,
            texts(grants.iter().map(|grant| Some(grant.permission.as_str()))),
        ),
        (
            "state_desc",
            SqlType::NVarChar(Some(60)),
            texts(grants.iter().map(|grant| {
                Some(match grant.granted {
                    Granted::Granted => "GRANT",
                    Granted::Denied => "DENY",
                })
            })),
        ),
    ]
}
