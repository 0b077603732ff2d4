//! The views that describe the catalog: `sys.*` and `INFORMATION_SCHEMA.*`, built for each query from its snapshot.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{
            ArrayRef, BooleanArray, Int16Array, Int32Array, StringArray, TimestampMicrosecondArray,
            UInt8Array,
        },
        datatypes::{Field, Schema},
        record_batch::RecordBatch,
    },
    common::{DataFusionError, Result},
};

use super::principals;
use crate::sql::{
    catalog::{DEFAULT_SCHEMA, Database, Instance, Table},
    tsql::SqlType,
};

pub(super) const SYS: &str = "sys";
pub(super) const INFORMATION_SCHEMA: &str = "information_schema";

type Build = fn(&Instance, &Database) -> Vec<(&'static str, SqlType, ArrayRef)>;

const SYS_VIEWS: &[(&str, Build)] = &[
    ("all_columns", sys_columns),
    ("columns", sys_columns),
    ("database_permissions", principals::permissions),
    ("database_principals", principals::of_database),
    ("database_role_members", principals::members),
    ("databases", sys_databases),
    ("objects", sys_objects),
    ("procedures", sys_procedures),
    ("schemas", sys_schemas),
    ("server_principals", principals::of_server),
    ("sql_logins", principals::of_server),
    ("tables", sys_tables),
    ("types", sys_types),
];
const INFORMATION_VIEWS: &[(&str, Build)] = &[
    ("columns", information_columns),
    ("tables", information_tables),
];

fn find(schema: &str, name: &str) -> Option<Build> {
    let views = match schema {
        SYS => SYS_VIEWS,
        INFORMATION_SCHEMA => INFORMATION_VIEWS,
        _ => return None,
    };
    views
        .iter()
        .find(|(view, _)| *view == name)
        .map(|(_, build)| *build)
}

pub(super) fn exists(schema: &str, name: &str) -> bool {
    find(schema, name).is_some()
}

/// The rows of a view; `None` where there is no such view.
pub(super) fn view(
    instance: &Instance,
    database: &Database,
    schema: &str,
    name: &str,
) -> Result<Option<RecordBatch>> {
    let Some(build) = find(schema, name) else {
        return Ok(None);
    };
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = build(instance, database)
        .into_iter()
        .map(|(name, sql_type, array)| {
            let field = sql_type
                .field(name, true)
                .map_err(|error| DataFusionError::Internal(error.message))?;
            Ok((field, array))
        })
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .unzip();
    Ok(Some(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        arrays,
    )?))
}

pub(super) const SYSNAME: SqlType = SqlType::NVarChar(Some(128));

pub(super) fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(super) fn ints(values: impl Iterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

pub(super) fn moments(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(
        values.map(|millis| millis.saturating_mul(1000)),
    ))
}

fn sys_databases(instance: &Instance, _: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let all = || instance.databases.values();
    let same = |text: &'static str| texts(all().map(move |_| Some(text)));
    vec![
        (
            "name",
            SYSNAME,
            texts(all().map(|database| Some(database.name.as_str()))),
        ),
        (
            "database_id",
            SqlType::Int,
            ints(all().map(|database| database.number)),
        ),
        (
            "create_date",
            SqlType::DateTime,
            moments(all().map(|database| database.created)),
        ),
        (
            "compatibility_level",
            SqlType::TinyInt,
            Arc::new(UInt8Array::from_iter_values(all().map(|_| 150))),
        ),
        (
            "collation_name",
            SYSNAME,
            same("SQL_Latin1_General_CP1_CI_AS"),
        ),
        (
            "state",
            SqlType::TinyInt,
            Arc::new(UInt8Array::from_iter_values(all().map(|_| 0))),
        ),
        ("state_desc", SYSNAME, same("ONLINE")),
        ("recovery_model_desc", SYSNAME, same("SIMPLE")),
    ]
}

/// Tables in the order of their numbers.
fn tables(database: &Database) -> Vec<&Arc<Table>> {
    let mut tables: Vec<_> = database.tables.values().collect();
    tables.sort_by_key(|table| table.definition.number);
    tables
}

/// The schemas of a database with their numbers.
fn schemas(database: &Database) -> Vec<(i32, &str)> {
    let mut named = vec![(1, DEFAULT_SCHEMA), (3, INFORMATION_SCHEMA), (4, SYS)];
    for table in database.tables.values() {
        let name = table.definition.schema.as_str();
        if !named
            .iter()
            .any(|(_, known)| known.eq_ignore_ascii_case(name))
        {
            named.push((i32::try_from(named.len()).unwrap_or(i32::MAX) + 2, name));
        }
    }
    named
}

fn schema_number(database: &Database, schema: &str) -> i32 {
    let schemas = schemas(database);
    schemas
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(schema))
        .map_or(1, |(number, _)| *number)
}

fn sys_schemas(_: &Instance, database: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let schemas = schemas(database);
    vec![
        (
            "name",
            SYSNAME,
            texts(schemas.iter().map(|(_, name)| Some(*name))),
        ),
        (
            "schema_id",
            SqlType::Int,
            ints(schemas.iter().map(|(number, _)| *number)),
        ),
    ]
}

/// What `sys.objects` tells of a table or procedure.
struct Object<'a> {
    name: &'a str,
    number: i32,
    schema: &'a str,
    created: i64,
    code: &'static str,
    kind: &'static str,
}

fn table_objects(database: &Database) -> Vec<Object<'_>> {
    tables(database)
        .into_iter()
        .map(|table| Object {
            name: &table.definition.name,
            number: table.definition.number,
            schema: &table.definition.schema,
            created: table.definition.created,
            code: "U ",
            kind: "USER_TABLE",
        })
        .collect()
}

fn procedure_objects(database: &Database) -> Vec<Object<'_>> {
    let mut all: Vec<_> = database
        .procedures
        .values()
        .map(|procedure| Object {
            name: &procedure.name,
            number: procedure.number,
            schema: &procedure.schema,
            created: procedure.created,
            code: "P ",
            kind: "SQL_STORED_PROCEDURE",
        })
        .collect();
    all.sort_by_key(|object| object.number);
    all
}

fn sys_tables(_: &Instance, database: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    objects(database, &table_objects(database))
}

fn sys_procedures(_: &Instance, database: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    objects(database, &procedure_objects(database))
}

fn sys_objects(_: &Instance, database: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let mut all = table_objects(database);
    all.extend(procedure_objects(database));
    objects(database, &all)
}

fn objects(database: &Database, all: &[Object<'_>]) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let each = || all.iter();
    vec![
        (
            "name",
            SYSNAME,
            texts(each().map(|object| Some(object.name))),
        ),
        (
            "object_id",
            SqlType::Int,
            ints(each().map(|object| object.number)),
        ),
        (
            "schema_id",
            SqlType::Int,
            ints(each().map(|object| schema_number(database, object.schema))),
        ),
        (
            "type",
            SqlType::Char(2),
            texts(each().map(|object| Some(object.code))),
        ),
        (
            "type_desc",
            SYSNAME,
            texts(each().map(|object| Some(object.kind))),
        ),
        (
            "create_date",
            SqlType::DateTime,
            moments(each().map(|object| object.created)),
        ),
        (
            "is_ms_shipped",
            SqlType::Bit,
            Arc::new(each().map(|_| Some(false)).collect::<BooleanArray>()),
        ),
    ]
}

/// A type's number, length in bytes, precision and scale, as `sys.columns` has them.
fn described(sql_type: SqlType) -> (u8, i16, u8, u8) {
    let length = |length: Option<u16>, unit: i16| {
        length.map_or(-1, |length| i16::try_from(length).unwrap_or(-1) * unit)
    };
    match sql_type {
        SqlType::Bit => (104, 1, 1, 0),
        SqlType::TinyInt => (48, 1, 3, 0),
        SqlType::SmallInt => (52, 2, 5, 0),
        SqlType::Int => (56, 4, 10, 0),
        SqlType::BigInt => (127, 8, 19, 0),
        SqlType::Real => (59, 4, 24, 0),
        SqlType::Float => (62, 8, 53, 0),
        SqlType::Decimal { precision, scale } => {
            let bytes = match precision {
                0..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            };
            (106, bytes, precision, scale)
        }
        SqlType::Money => (60, 8, 19, 4),
        SqlType::SmallMoney => (122, 4, 10, 4),
        SqlType::Date => (40, 3, 10, 0),
        SqlType::Time(scale) => (41, 5, 16, scale),
        SqlType::DateTime => (61, 8, 23, 3),
        SqlType::SmallDateTime => (58, 4, 16, 0),
        SqlType::DateTime2(scale) => (42, 8, 27, scale),
        SqlType::DateTimeOffset(scale) => (43, 10, 34, scale),
        SqlType::Char(n) => (175, length(Some(n), 1), 0, 0),
        SqlType::VarChar(n) => (167, length(n, 1), 0, 0),
        SqlType::NChar(n) => (239, length(Some(n), 2), 0, 0),
        SqlType::NVarChar(n) => (231, length(n, 2), 0, 0),
        SqlType::Binary(n) => (173, length(Some(n), 1), 0, 0),
        SqlType::VarBinary(n) => (165, length(n, 1), 0, 0),
        SqlType::UniqueIdentifier => (36, 16, 0, 0),
    }
}

fn sys_columns(_: &Instance, database: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let all = tables(database);
    let each = || {
        all.iter().flat_map(|table| {
            let columns = table.definition.columns.iter().enumerate();
            columns.map(|(at, column)| (table.definition.number, at + 1, column))
        })
    };
    let number = |number: u8| i32::from(number);
    vec![
        (
            "object_id",
            SqlType::Int,
            ints(each().map(|(table, ..)| table)),
        ),
        (
            "name",
            SYSNAME,
            texts(each().map(|(.., column)| Some(column.name.as_str()))),
        ),
        (
            "column_id",
            SqlType::Int,
            ints(each().map(|(_, at, _)| i32::try_from(at).unwrap_or(i32::MAX))),
        ),
        (
            "system_type_id",
            SqlType::TinyInt,
            Arc::new(UInt8Array::from_iter_values(
                each().map(|(.., column)| described(column.sql_type).0),
            )),
        ),
        (
            "user_type_id",
            SqlType::Int,
            ints(each().map(|(.., column)| number(described(column.sql_type).0))),
        ),
        (
            "max_length",
            SqlType::SmallInt,
            Arc::new(Int16Array::from_iter_values(
                each().map(|(.., column)| described(column.sql_type).1),
            )),
        ),
        (
            "precision",
            SqlType::TinyInt,
            Arc::new(UInt8Array::from_iter_values(
                each().map(|(.., column)| described(column.sql_type).2),
            )),
        ),
        (
            "scale",
            SqlType::TinyInt,
            Arc::new(UInt8Array::from_iter_values(
                each().map(|(.., column)| described(column.sql_type).3),
            )),
        ),
        (
            "is_nullable",
            SqlType::Bit,
            Arc::new(
                each()
                    .map(|(.., column)| Some(column.nullable))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "is_identity",
            SqlType::Bit,
            Arc::new(
                each()
                    .map(|(.., column)| Some(column.identity.is_some()))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "is_computed",
            SqlType::Bit,
            Arc::new(each().map(|_| Some(false)).collect::<BooleanArray>()),
        ),
        (
            "collation_name",
            SYSNAME,
            texts(each().map(|(.., column)| {
                column
                    .sql_type
                    .is_text()
                    .then_some("SQL_Latin1_General_CP1_CI_AS")
            })),
        ),
    ]
}

fn sys_types(_: &Instance, _: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    const TYPES: &[(&str, SqlType)] = &[
        ("bigint", SqlType::BigInt),
        ("binary", SqlType::Binary(8000)),
        ("bit", SqlType::Bit),
        ("char", SqlType::Char(8000)),
        ("date", SqlType::Date),
        ("datetime", SqlType::DateTime),
        ("datetime2", SqlType::DateTime2(7)),
        (
            "decimal",
            SqlType::Decimal {
                precision: 38,
                scale: 38,
            },
        ),
        ("float", SqlType::Float),
        ("int", SqlType::Int),
        ("money", SqlType::Money),
        ("nchar", SqlType::NChar(4000)),
        ("nvarchar", SqlType::NVarChar(Some(4000))),
        ("real", SqlType::Real),
        ("smalldatetime", SqlType::SmallDateTime),
        ("smallint", SqlType::SmallInt),
        ("smallmoney", SqlType::SmallMoney),
        ("time", SqlType::Time(7)),
        ("tinyint", SqlType::TinyInt),
        ("uniqueidentifier", SqlType::UniqueIdentifier),
        ("varbinary", SqlType::VarBinary(Some(8000))),
        ("varchar", SqlType::VarChar(Some(8000))),
    ];
    let each = || TYPES.iter();
    vec![
        ("name", SYSNAME, texts(each().map(|(name, _)| Some(*name)))),
        (
            "system_type_id",
            SqlType::TinyInt,
            Arc::new(UInt8Array::from_iter_values(
                each().map(|(_, sql_type)| described(*sql_type).0),
            )),
        ),
        (
            "user_type_id",
            SqlType::Int,
            ints(each().map(|(_, sql_type)| described(*sql_type).0.into())),
        ),
        (
            "max_length",
            SqlType::SmallInt,
            Arc::new(Int16Array::from_iter_values(
                each().map(|(_, sql_type)| described(*sql_type).1),
            )),
        ),
    ]
}

fn information_tables(_: &Instance, database: &Database) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let all = tables(database);
    let each = || all.iter().map(|table| &table.definition);
    vec![
        (
            "TABLE_CATALOG",
            SYSNAME,
            texts(each().map(|_| Some(database.name.as_str()))),
        ),
        (
            "TABLE_SCHEMA",
            SYSNAME,
            texts(each().map(|table| Some(table.schema.as_str()))),
        ),
        (
            "TABLE_NAME",
            SYSNAME,
            texts(each().map(|table| Some(table.name.as_str()))),
        ),
        (
            "TABLE_TYPE",
            SqlType::VarChar(Some(10)),
            texts(each().map(|_| Some("BASE TABLE"))),
        ),
    ]
}

fn information_columns(
    _: &Instance,
    database: &Database,
) -> Vec<(&'static str, SqlType, ArrayRef)> {
    let all = tables(database);
    let each = || {
        all.iter().flat_map(|table| {
            let columns = table.definition.columns.iter().enumerate();
            columns.map(|(at, column)| (&table.definition, at + 1, column))
        })
    };
    let type_names: Vec<String> = each()
        .map(|(.., column)| {
            column
                .sql_type
                .to_string()
                .split('(')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let lengths = each().map(|(.., column)| {
        let (_, bytes, ..) = described(column.sql_type);
        let unit = if matches!(column.sql_type, SqlType::NChar(_) | SqlType::NVarChar(_)) {
            2
        } else {
            1
        };
        let is_variable = column.sql_type.is_text()
            || matches!(column.sql_type, SqlType::Binary(_) | SqlType::VarBinary(_));
        is_variable.then_some(if bytes < 0 {
            -1
        } else {
            i32::from(bytes) / unit
        })
    });
    vec![
        (
            "TABLE_CATALOG",
            SYSNAME,
            texts(each().map(|_| Some(database.name.as_str()))),
        ),
        (
            "TABLE_SCHEMA",
            SYSNAME,
            texts(each().map(|(table, ..)| Some(table.schema.as_str()))),
        ),
        (
            "TABLE_NAME",
            SYSNAME,
            texts(each().map(|(table, ..)| Some(table.name.as_str()))),
        ),
        (
            "COLUMN_NAME",
            SYSNAME,
            texts(each().map(|(.., column)| Some(column.name.as_str()))),
        ),
        (
            "ORDINAL_POSITION",
            SqlType::Int,
            ints(each().map(|(_, at, _)| i32::try_from(at).unwrap_or(i32::MAX))),
        ),
        (
            "IS_NULLABLE",
            SqlType::VarChar(Some(3)),
            texts(each().map(|(.., column)| Some(if column.nullable { "YES" } else { "NO" }))),
        ),
        (
            "DATA_TYPE",
            SYSNAME,
            texts(type_names.iter().map(|name| Some(name.as_str()))),
        ),
        (
            "CHARACTER_MAXIMUM_LENGTH",
            SqlType::Int,
            Arc::new(lengths.collect::<Int32Array>()),
        ),
    ]
}
