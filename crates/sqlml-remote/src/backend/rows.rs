//! Rows from the wire straight into Arrow builders. Knows no connection.

use std::{borrow::Cow, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
        Float64Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
        Time64NanosecondBuilder, TimestampMicrosecondBuilder, UInt8Builder,
    },
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};
use mssql_tds::{
    datatypes::{
        column_values::{
            SqlDate, SqlDateTime, SqlDateTime2, SqlDateTimeOffset, SqlMoney, SqlSmallDateTime,
            SqlSmallMoney, SqlTime, SqlXml,
        },
        decoder::DecimalParts,
        row_writer::RowWriter,
        sql_json::SqlJson,
        sql_string::{EncodingType, SqlString},
        sql_vector::SqlVector,
        sqldatatypes::TdsDataType,
    },
    query::metadata::ColumnMetadata,
};

use crate::error::{Error, Result};

/// The key in a field's metadata under which the server's type stands.
pub(crate) const SQL_TYPE: &str = "sqltype";
/// A batch ends at this many rows or bytes of text and binary, whichever comes first.
const MAX_ROWS: usize = 65_536;
const MAX_BYTES: usize = 8 << 20;

const DAYS_FROM_0001_TO_1970: i64 = 719_162;
const DAYS_FROM_1900_TO_1970: i64 = 25_567;
const DAY_MICROS: i64 = 86_400_000_000;

/// A column that is being filled.
#[derive(Debug)]
enum Column {
    Bit(BooleanBuilder),
    TinyInt(UInt8Builder),
    SmallInt(Int16Builder),
    Int(Int32Builder),
    BigInt(Int64Builder),
    Real(Float32Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Time(Time64NanosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
}

/// Collects rows into batches.
#[derive(Debug)]
pub(super) struct ArrowRowWriter {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    text: String,
    /// The first value that did not fit its column.
    misfit: Option<String>,
}

/// The Arrow type of a column, and the server's name for its type.
fn data_type(column: &ColumnMetadata) -> (DataType, String) {
    use TdsDataType as Tds;
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    let length = column.type_info.length;
    let sized = |name: &str, unit: usize| {
        if column.is_plp() || length >= 0xFFFF {
            format!("{name}(max)")
        } else {
            format!("{name}({})", length / unit)
        }
    };
    let plain = |data_type: DataType, name: &str| (data_type, name.to_owned());
    match column.data_type {
        Tds::Bit | Tds::BitN => plain(DataType::Boolean, "bit"),
        Tds::Int1 => plain(DataType::UInt8, "tinyint"),
        Tds::Int2 => plain(DataType::Int16, "smallint"),
        Tds::Int4 => plain(DataType::Int32, "int"),
        Tds::Int8 => plain(DataType::Int64, "bigint"),
        Tds::IntN => match length {
            1 => plain(DataType::UInt8, "tinyint"),
            2 => plain(DataType::Int16, "smallint"),
            8 => plain(DataType::Int64, "bigint"),
            _ => plain(DataType::Int32, "int"),
        },
        Tds::Flt4 => plain(DataType::Float32, "real"),
        Tds::Flt8 => plain(DataType::Float64, "float"),
        Tds::FltN if length == 4 => plain(DataType::Float32, "real"),
        Tds::FltN => plain(DataType::Float64, "float"),
        Tds::Decimal | Tds::DecimalN | Tds::Numeric | Tds::NumericN => {
            let precision = column.get_precision().unwrap_or(38).clamp(1, 38);
            let scale = column.get_scale().unwrap_or(0).min(precision);
            (
                DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(0)),
                format!("decimal({precision},{scale})"),
            )
        }
        Tds::Money => plain(DataType::Decimal128(19, 4), "money"),
        Tds::Money4 => plain(DataType::Decimal128(10, 4), "smallmoney"),
        Tds::MoneyN if length == 4 => plain(DataType::Decimal128(10, 4), "smallmoney"),
        Tds::MoneyN => plain(DataType::Decimal128(19, 4), "money"),
        Tds::DateN => plain(DataType::Date32, "date"),
        Tds::TimeN => (
            DataType::Time64(TimeUnit::Nanosecond),
            format!("time({})", column.get_scale().unwrap_or(7)),
        ),
        Tds::DateTime => plain(moment, "datetime"),
        Tds::DateTim4 => plain(moment, "smalldatetime"),
        Tds::DateTimeN if length == 4 => plain(moment, "smalldatetime"),
        Tds::DateTimeN => plain(moment, "datetime"),
        Tds::DateTime2N => (
            moment,
            format!("datetime2({})", column.get_scale().unwrap_or(7)),
        ),
        Tds::DateTimeOffsetN => (
            DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
            format!("datetimeoffset({})", column.get_scale().unwrap_or(7)),
        ),
        Tds::Guid => plain(DataType::Utf8, "uniqueidentifier"),
        Tds::VarBinary | Tds::BigVarBinary => (DataType::Binary, sized("varbinary", 1)),
        Tds::Binary | Tds::BigBinary => (DataType::Binary, sized("binary", 1)),
        Tds::Image => plain(DataType::Binary, "image"),
        Tds::Udt => plain(DataType::Binary, "udt"),
        Tds::NVarChar => (DataType::Utf8, sized("nvarchar", 2)),
        Tds::NChar => (DataType::Utf8, sized("nchar", 2)),
        Tds::VarChar | Tds::BigVarChar => (DataType::Utf8, sized("varchar", 1)),
        Tds::Char | Tds::BigChar => (DataType::Utf8, sized("char", 1)),
        Tds::Text => plain(DataType::Utf8, "text"),
        Tds::NText => plain(DataType::Utf8, "ntext"),
        Tds::Xml => plain(DataType::Utf8, "xml"),
        _ => plain(DataType::Utf8, "sql_variant"),
    }
}

/// The schema of a result. Unnamed columns are called by their position, as nothing else tells them apart.
fn schema(columns: &[ColumnMetadata]) -> SchemaRef {
    let fields = columns.iter().map(|column| {
        let (data_type, sql_type) = data_type(column);
        Field::new(&column.column_name, data_type, true)
            .with_metadata([(SQL_TYPE.to_owned(), sql_type)].into())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl ArrowRowWriter {
    pub(super) fn new(columns: &[ColumnMetadata]) -> Self {
        let schema = schema(columns);
        let columns = schema
            .fields()
            .iter()
            .map(|field| Column::new(field.data_type()));
        Self {
            columns: columns.collect(),
            schema,
            rows: 0,
            bytes: 0,
            text: String::new(),
            misfit: None,
        }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= MAX_ROWS || self.bytes >= MAX_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows so far, as a batch; the next begins empty.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        if let Some(misfit) = self.misfit.take() {
            return Err(Error::InvalidData(misfit));
        }
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(Column::finish).collect();
        let options =
            arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        Ok(RecordBatch::try_new_with_options(
            self.schema(),
            columns,
            &options,
        )?)
    }

    fn misfit(&mut self, at: usize, what: &str) {
        let name = self
            .schema
            .fields()
            .get(at)
            .map_or("", |field| field.name());
        self.misfit.get_or_insert_with(|| {
            format!("column '{name}' has {what}, which its type does not allow")
        });
        if let Some(column) = self.columns.get_mut(at) {
            column.append_null();
        }
    }

    fn append_text(&mut self, at: usize, text: &str) {
        self.bytes += text.len();
        match self.columns.get_mut(at) {
            Some(Column::Text(column)) => column.append_value(text),
            _ => self.misfit(at, "a text"),
        }
    }

    fn append_moment(&mut self, at: usize, micros: i64) {
        match self.columns.get_mut(at) {
            Some(Column::Moment(column)) => column.append_value(micros),
            // A sql_variant is shown as text.
            Some(Column::Text(_)) => {
                let text = moment_text(micros);
                self.append_text(at, &text);
            }
            _ => self.misfit(at, "a time"),
        }
    }

    fn append_decimal(&mut self, at: usize, unscaled: i128, scale: u8) {
        match self.columns.get_mut(at) {
            Some(Column::Decimal(column)) => column.append_value(unscaled),
            Some(Column::Text(_)) => {
                let parts = DecimalParts::new(unscaled >= 0, 38, scale, unscaled.unsigned_abs());
                let text = parts.to_decimal_string();
                self.append_text(at, &text);
            }
            _ => self.misfit(at, "a decimal number"),
        }
    }
}

fn moment_text(micros: i64) -> String {
    let nanos = i128::from(micros) * 1000;
    time::OffsetDateTime::from_unix_timestamp_nanos(nanos).map_or_else(
        |_| micros.to_string(),
        |moment| format!("{} {}", moment.date(), moment.time()),
    )
}

impl Column {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Bit(BooleanBuilder::new()),
            DataType::UInt8 => Self::TinyInt(UInt8Builder::new()),
            DataType::Int16 => Self::SmallInt(Int16Builder::new()),
            DataType::Int32 => Self::Int(Int32Builder::new()),
            DataType::Int64 => Self::BigInt(Int64Builder::new()),
            DataType::Float32 => Self::Real(Float32Builder::new()),
            DataType::Float64 => Self::Float(Float64Builder::new()),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()))
            }
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Time64(_) => Self::Time(Time64NanosecondBuilder::new()),
            DataType::Timestamp(..) => {
                Self::Moment(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Bit(column) => column.append_null(),
            Self::TinyInt(column) => column.append_null(),
            Self::SmallInt(column) => column.append_null(),
            Self::Int(column) => column.append_null(),
            Self::BigInt(column) => column.append_null(),
            Self::Real(column) => column.append_null(),
            Self::Float(column) => column.append_null(),
            Self::Text(column) => column.append_null(),
            Self::Bytes(column) => column.append_null(),
            Self::Decimal(column) => column.append_null(),
            Self::Date(column) => column.append_null(),
            Self::Time(column) => column.append_null(),
            Self::Moment(column) => column.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Bit(column) => Arc::new(column.finish()),
            Self::TinyInt(column) => Arc::new(column.finish()),
            Self::SmallInt(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::BigInt(column) => Arc::new(column.finish()),
            Self::Real(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
            Self::Bytes(column) => Arc::new(column.finish()),
            Self::Decimal(column) => Arc::new(column.finish()),
            Self::Date(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
            Self::Moment(column) => Arc::new(column.finish()),
        }
    }
}

/// UTF-16LE to text; what is no valid text becomes U+FFFD.
fn utf16(bytes: &[u8], text: &mut String) {
    text.clear();
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let high = units.clone().fold(0, |all, unit| all | unit);
    if high < 0x80 {
        text.extend(bytes.iter().step_by(2).map(|byte| char::from(*byte)));
    } else {
        text.extend(
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
    }
}

/// The library counts in units of 100 ns, whatever the field is called.
fn hundreds_of_nanos(time: &SqlTime) -> i64 {
    i64::try_from(time.time_nanoseconds).unwrap_or(i64::MAX)
}

fn micros_since_0001(days: u32, time: &SqlTime) -> i64 {
    (i64::from(days) - DAYS_FROM_0001_TO_1970) * DAY_MICROS + hundreds_of_nanos(time) / 10
}

/// A number into its builder; a `sql_variant` shows it as text.
macro_rules! number {
    ($name:ident, $type:ty, $column:ident, $what:literal) => {
        fn $name(&mut self, col: usize, val: $type) {
            match self.columns.get_mut(col) {
                Some(Column::$column(column)) => column.append_value(val),
                Some(Column::Text(_)) => self.append_text(col, &val.to_string()),
                _ => self.misfit(col, $what),
            }
        }
    };
}

impl RowWriter for ArrowRowWriter {
    fn write_null(&mut self, col: usize) {
        if let Some(column) = self.columns.get_mut(col) {
            column.append_null();
        }
    }

    number!(write_bool, bool, Bit, "a bit");
    number!(write_u8, u8, TinyInt, "a tinyint");
    number!(write_i16, i16, SmallInt, "a smallint");
    number!(write_i32, i32, Int, "an int");
    number!(write_i64, i64, BigInt, "a bigint");
    number!(write_f32, f32, Real, "a real");
    number!(write_f64, f64, Float, "a float");

    fn write_string(&mut self, col: usize, bytes: Cow<'_, [u8]>, encoding_type: EncodingType) {
        let mut text = std::mem::take(&mut self.text);
        match encoding_type {
            EncodingType::Utf16 => utf16(&bytes, &mut text),
            EncodingType::Utf8 => {
                text.clear();
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            // Every code page that SQL Server has contains ASCII.
            EncodingType::LcidBased(_) if !bytes.is_ascii() => {
                text = SqlString::decode(&bytes, encoding_type);
            }
            _ => {
                text.clear();
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        self.append_text(col, &text);
        self.text = text;
    }

    fn write_bytes(&mut self, col: usize, bytes: Cow<'_, [u8]>) {
        self.bytes += bytes.len();
        match self.columns.get_mut(col) {
            Some(Column::Bytes(column)) => column.append_value(&bytes),
            Some(Column::Text(_)) => {
                let text: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                self.append_text(col, &format!("0x{text}"));
            }
            _ => self.misfit(col, "bytes"),
        }
    }

    fn write_decimal(&mut self, col: usize, val: DecimalParts) {
        let Ok(magnitude) = i128::try_from(val.magnitude()) else {
            return self.misfit(col, "a number of more than 38 digits");
        };
        let unscaled = if val.is_positive {
            magnitude
        } else {
            -magnitude
        };
        self.append_decimal(col, unscaled, val.scale);
    }

    fn write_numeric(&mut self, col: usize, val: DecimalParts) {
        self.write_decimal(col, val);
    }

    fn write_date(&mut self, col: usize, val: SqlDate) {
        let days = i64::from(val.get_days()) - DAYS_FROM_0001_TO_1970;
        match self.columns.get_mut(col) {
            Some(Column::Date(column)) => {
                column.append_value(i32::try_from(days).unwrap_or(i32::MAX))
            }
            _ => self.append_moment(col, days * DAY_MICROS),
        }
    }

    fn write_time(&mut self, col: usize, val: SqlTime) {
        let hundreds = hundreds_of_nanos(&val);
        match self.columns.get_mut(col) {
            Some(Column::Time(column)) => column.append_value(hundreds.saturating_mul(100)),
            _ => self.append_moment(col, hundreds / 10),
        }
    }

    fn write_datetime(&mut self, col: usize, val: SqlDateTime) {
        // Ticks of 1/300 s, shown by the server rounded to milliseconds.
        let millis = (i64::from(val.time) * 10 + 1) / 3;
        let days = i64::from(val.days) - DAYS_FROM_1900_TO_1970;
        self.append_moment(col, days * DAY_MICROS + millis * 1000);
    }

    fn write_smalldatetime(&mut self, col: usize, val: SqlSmallDateTime) {
        let days = i64::from(val.days) - DAYS_FROM_1900_TO_1970;
        self.append_moment(col, days * DAY_MICROS + i64::from(val.time) * 60_000_000);
    }

    fn write_datetime2(&mut self, col: usize, val: SqlDateTime2) {
        self.append_moment(col, micros_since_0001(val.days, &val.time));
    }

    fn write_datetimeoffset(&mut self, col: usize, val: SqlDateTimeOffset) {
        // On the wire the time is UTC already.
        self.append_moment(
            col,
            micros_since_0001(val.datetime2.days, &val.datetime2.time),
        );
    }

    fn write_money(&mut self, col: usize, val: SqlMoney) {
        let low = i128::from(u32::from_ne_bytes(val.lsb_part.to_ne_bytes()));
        self.append_decimal(col, (i128::from(val.msb_part) << 32) | low, 4);
    }

    fn write_smallmoney(&mut self, col: usize, val: SqlSmallMoney) {
        self.append_decimal(col, i128::from(val.int_val), 4);
    }

    fn write_uuid(&mut self, col: usize, val: uuid::Uuid) {
        let text = val.hyphenated().to_string().to_uppercase();
        self.append_text(col, &text);
    }

    fn write_xml(&mut self, col: usize, val: SqlXml) {
        let text = val.as_string();
        self.append_text(col, text.trim_start_matches('\u{feff}'));
    }

    fn write_json(&mut self, col: usize, val: SqlJson) {
        let text = val.as_string();
        self.append_text(col, &text);
    }

    fn write_vector(&mut self, col: usize, _: SqlVector) {
        self.misfit(col, "a vector");
    }

    fn end_row(&mut self) {
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_the_basic_plane_and_broken_text_are_read() {
        let mut text = String::new();
        let bytes: Vec<u8> = "it's 中 😀"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        utf16(&bytes, &mut text);
        assert_eq!(text, "it's 中 😀");
        utf16(&[0x00, 0xD8, b'a', 0], &mut text);
        assert_eq!(text, "\u{fffd}a");
        utf16(b"a\0b\0", &mut text);
        assert_eq!(text, "ab");
    }
}
