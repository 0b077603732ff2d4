//! `sp_datatype_info_100`: ODBC drivers decide by its first row when a text becomes `nvarchar(max)`.

use std::sync::Arc;

use azml_tds::token::command;
use datafusion::{
    arrow::{
        array::{ArrayRef, Int16Array, Int32Array, StringArray},
        datatypes::Schema,
        record_batch::RecordBatch,
    },
    scalar::ScalarValue,
};

use super::Argument;
use crate::sql::{
    engine::ResultColumn,
    error::Result,
    output::{Done, Event, Output},
    tsql::SqlType,
};

/// A type as ODBC describes it.
struct Description {
    name: &'static str,
    odbc: i16,
    precision: i32,
    prefix: Option<&'static str>,
    suffix: Option<&'static str>,
    create: Option<&'static str>,
    scale: Option<(i16, i16)>,
    radix: Option<i32>,
    unsigned: Option<i16>,
}

const fn number(name: &'static str, odbc: i16, precision: i32, radix: i32) -> Description {
    Description {
        name,
        odbc,
        precision,
        prefix: None,
        suffix: None,
        create: None,
        scale: Some((0, 0)),
        radix: Some(radix),
        unsigned: Some(0),
    }
}

const fn text(name: &'static str, odbc: i16, precision: i32, prefix: &'static str) -> Description {
    Description {
        name,
        odbc,
        precision,
        prefix: Some(prefix),
        suffix: Some("'"),
        create: Some("max length"),
        scale: None,
        radix: None,
        unsigned: None,
    }
}

const fn moment(name: &'static str, odbc: i16, precision: i32, scale: i16) -> Description {
    Description {
        name,
        odbc,
        precision,
        prefix: Some("'"),
        suffix: Some("'"),
        create: None,
        scale: Some((0, scale)),
        radix: None,
        unsigned: None,
    }
}

/// The first of each ODBC type is the one that drivers read.
const TYPES: &[Description] = &[
    moment("datetime2", 93, 27, 7),
    moment("datetime", 93, 23, 3),
    moment("smalldatetime", 93, 16, 0),
    moment("date", 91, 10, 0),
    moment("time", -154, 16, 7),
    number("bit", -7, 1, 10),
    number("tinyint", -6, 3, 10),
    number("bigint", -5, 19, 10),
    number("smallint", 5, 5, 10),
    number("int", 4, 10, 10),
    number("real", 7, 24, 2),
    number("float", 6, 53, 2),
    number("decimal", 3, 38, 10),
    number("numeric", 2, 38, 10),
    number("money", 3, 19, 10),
    text("nvarchar", -9, 4000, "N'"),
    text("nchar", -8, 4000, "N'"),
    text("varchar", 12, 8000, "'"),
    text("char", 1, 8000, "'"),
    text("varbinary", -3, 8000, "0x"),
    text("binary", -2, 8000, "0x"),
    text("uniqueidentifier", -11, 36, "'"),
];

/// Sends the types of one ODBC number, or all.
pub(super) async fn send(arguments: &[Argument], out: &Output) -> Result<()> {
    let wanted = match arguments.first().filter(|argument| !argument.is_default) {
        Some(argument) => match argument
            .value
            .value
            .cast_to(&datafusion::arrow::datatypes::DataType::Int16)?
        {
            ScalarValue::Int16(Some(number)) => number,
            _ => 0,
        },
        None => 0,
    };
    let types: Vec<&Description> = TYPES
        .iter()
        .filter(|description| wanted == 0 || description.odbc == wanted)
        .collect();
    let texts = |value: &dyn Fn(&Description) -> Option<&'static str>| -> ArrayRef {
        Arc::new(
            types
                .iter()
                .map(|description| value(description))
                .collect::<StringArray>(),
        )
    };
    let shorts = |value: &dyn Fn(&Description) -> Option<i16>| -> ArrayRef {
        Arc::new(
            types
                .iter()
                .map(|description| value(description))
                .collect::<Int16Array>(),
        )
    };
    let ints = |value: &dyn Fn(&Description) -> Option<i32>| -> ArrayRef {
        Arc::new(
            types
                .iter()
                .map(|description| value(description))
                .collect::<Int32Array>(),
        )
    };
    let is_text = |description: &Description| description.create.is_some();
    let name = SqlType::NVarChar(Some(128));
    let short = SqlType::VarChar(Some(32));
    send_rows(
        vec![
            (
                "TYPE_NAME",
                name,
                texts(&|description| Some(description.name)),
            ),
            (
                "DATA_TYPE",
                SqlType::SmallInt,
                shorts(&|description| Some(description.odbc)),
            ),
            (
                "PRECISION",
                SqlType::Int,
                ints(&|description| Some(description.precision)),
            ),
            (
                "LITERAL_PREFIX",
                short,
                texts(&|description| description.prefix),
            ),
            (
                "LITERAL_SUFFIX",
                short,
                texts(&|description| {
                    description
                        .suffix
                        .filter(|_| description.prefix != Some("0x"))
                }),
            ),
            (
                "CREATE_PARAMS",
                short,
                texts(&|description| description.create),
            ),
            ("NULLABLE", SqlType::SmallInt, shorts(&|_| Some(1))),
            ("CASE_SENSITIVE", SqlType::SmallInt, shorts(&|_| Some(0))),
            (
                "SEARCHABLE",
                SqlType::SmallInt,
                shorts(&|description| Some(if is_text(description) { 3 } else { 2 })),
            ),
            (
                "UNSIGNED_ATTRIBUTE",
                SqlType::SmallInt,
                shorts(&|description| description.unsigned),
            ),
            (
                "MONEY",
                SqlType::SmallInt,
                shorts(&|description| Some(i16::from(description.name == "money"))),
            ),
            (
                "AUTO_INCREMENT",
                SqlType::SmallInt,
                shorts(&|description| description.unsigned),
            ),
            (
                "LOCAL_TYPE_NAME",
                name,
                texts(&|description| Some(description.name)),
            ),
            (
                "MINIMUM_SCALE",
                SqlType::SmallInt,
                shorts(&|description| description.scale.map(|(low, _)| low)),
            ),
            (
                "MAXIMUM_SCALE",
                SqlType::SmallInt,
                shorts(&|description| description.scale.map(|(_, high)| high)),
            ),
            (
                "SQL_DATA_TYPE",
                SqlType::SmallInt,
                shorts(&|description| Some(description.odbc)),
            ),
            ("SQL_DATETIME_SUB", SqlType::SmallInt, shorts(&|_| None)),
            (
                "NUM_PREC_RADIX",
                SqlType::Int,
                ints(&|description| description.radix),
            ),
            ("INTERVAL_PRECISION", SqlType::SmallInt, shorts(&|_| None)),
            ("USERTYPE", SqlType::SmallInt, shorts(&|_| Some(0))),
        ],
        out,
    )
    .await
}

/// Sends the row of `sp_configure` about external scripts.
pub(super) async fn send_configuration(enabled: i32, out: &Output) -> Result<()> {
    let int = |value: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![value])) };
    let name: ArrayRef = Arc::new(StringArray::from(vec!["external scripts enabled"]));
    send_rows(
        vec![
            ("name", SqlType::NVarChar(Some(35)), name),
            ("minimum", SqlType::Int, int(0)),
            ("maximum", SqlType::Int, int(1)),
            ("config_value", SqlType::Int, int(enabled)),
            ("run_value", SqlType::Int, int(enabled)),
        ],
        out,
    )
    .await
}

/// Sends columns as one result.
pub(super) async fn send_rows(columns: Vec<(&str, SqlType, ArrayRef)>, out: &Output) -> Result<()> {
    let mut described = Vec::with_capacity(columns.len());
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, sql_type, array) in columns {
        described.push(ResultColumn {
            name: name.to_owned(),
            sql_type,
            nullable: true,
        });
        fields.push(sql_type.field(name, true)?);
        arrays.push(array);
    }
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    let count = u64::try_from(rows.num_rows()).unwrap_or(0);
    out.send(Event::Columns(described)).await?;
    out.send(Event::Rows(rows)).await?;
    out.send(Event::Done(Done {
        rows: Some(count),
        command: command::SELECT,
        ..Done::default()
    }))
    .await
}
