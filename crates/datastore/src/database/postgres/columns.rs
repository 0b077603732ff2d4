//! Rows into Arrow columns. Knows no connection.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder,
    Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder,
    IntervalMonthDayNanoBuilder, ListArray, NullBufferBuilder, StringBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt32Builder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use azml_core::ErrorKind;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Row, Statement};

use super::numeric::Numeric;
use super::values::{self, Raw, fixed};
use crate::error::{Error, Result};

/// A batch ends at this many rows or bytes, whichever comes first.
const MAX_ROWS: usize = 65_536;
const MAX_BYTES: usize = 8 << 20;
/// Where the name of the server's type stands in a field's metadata.
const SQL_TYPE: &str = "sqltype";
const UTC: &str = "+00:00";

/// The columns of a result, filled row by row.
pub(super) struct Columns {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl Columns {
    /// The columns of a prepared statement.
    pub(super) fn of(statement: &Statement) -> Result<Self> {
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for column in statement.columns() {
            let built = Column::of(column.type_(), column.type_modifier()).ok_or_else(|| {
                let what = format!("column '{}' of type {}", column.name(), column.type_());
                Error::Unsupported {
                    operation: "reading a value into Arrow",
                    what: format!("{what}; cast it to text in the query"),
                }
            })?;
            let metadata = [(SQL_TYPE.to_owned(), column.type_().name().to_owned())];
            let field = Field::new(column.name(), built.data_type(), true);
            fields.push(field.with_metadata(metadata.into()));
            columns.push(built);
        }
        Ok(Self {
            schema: Arc::new(Schema::new(fields)),
            columns,
            rows: 0,
            bytes: 0,
        })
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

    pub(super) fn append(&mut self, row: &Row) -> Result<()> {
        for (at, column) in self.columns.iter_mut().enumerate() {
            let value: Option<Raw<'_>> = row.try_get(at).map_err(super::session::failed)?;
            let value = value.map(|Raw(bytes)| bytes);
            self.bytes += value.map_or(0, <[u8]>::len);
            column.append(value).map_err(|what| {
                let name = self.schema.field(at).name();
                let text = format!("column '{name}' holds {what}, which Arrow has no value for");
                azml_core::Error::new(ErrorKind::InvalidData, text)
                    .with_hint("cast the column to text in the query")
            })?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The rows so far, as a batch; the next begins empty.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(self.schema(), arrays, &options).map_err(|error| {
            let text = "the rows do not fit their columns";
            let error = azml_core::Error::new(ErrorKind::InvalidData, text).with_source(error);
            Error::Service(error)
        })
    }
}

/// A column that is being filled.
enum Column {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt32(UInt32Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    /// Text behind the number of its format.
    Jsonb(StringBuilder),
    Uuid(StringBuilder),
    Bytes(BinaryBuilder),
    Decimal128(Decimal128Builder, u8, u32),
    Decimal256(Decimal256Builder, u8, u32),
    /// Numbers without a precision, as text.
    Number(StringBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
    MomentInUtc(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    List(Box<List>),
}

/// A column of arrays.
struct List {
    field: FieldRef,
    elements: Column,
    lengths: Vec<usize>,
    valid: NullBufferBuilder,
}

impl Column {
    /// A column for this type; `None` for a type that Arrow has none for.
    fn of(kind: &Type, modifier: i32) -> Option<Self> {
        match kind.kind() {
            Kind::Array(element) => {
                let elements = Self::of(element, modifier)?;
                let field = Field::new_list_field(elements.data_type(), true);
                return Some(Self::List(Box::new(List {
                    field: Arc::new(field),
                    elements,
                    lengths: Vec::new(),
                    valid: NullBufferBuilder::new(0),
                })));
            }
            Kind::Domain(base) => return Self::of(base, modifier),
            Kind::Enum(_) => return Some(Self::Text(StringBuilder::new())),
            Kind::Simple => {}
            _ => return None,
        }
        Some(match *kind {
            Type::BOOL => Self::Boolean(BooleanBuilder::new()),
            Type::INT2 => Self::Int16(Int16Builder::new()),
            Type::INT4 => Self::Int32(Int32Builder::new()),
            Type::INT8 => Self::Int64(Int64Builder::new()),
            Type::OID => Self::UInt32(UInt32Builder::new()),
            Type::FLOAT4 => Self::Float32(Float32Builder::new()),
            Type::FLOAT8 => Self::Float64(Float64Builder::new()),
            Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::CHAR
            | Type::UNKNOWN
            | Type::XML
            | Type::JSON => Self::Text(StringBuilder::new()),
            Type::JSONB => Self::Jsonb(StringBuilder::new()),
            Type::UUID => Self::Uuid(StringBuilder::new()),
            Type::BYTEA => Self::Bytes(BinaryBuilder::new()),
            Type::NUMERIC => Self::numeric(modifier),
            Type::DATE => Self::Date(Date32Builder::new()),
            Type::TIME => Self::Time(Time64MicrosecondBuilder::new()),
            Type::TIMESTAMP => Self::Moment(TimestampMicrosecondBuilder::new()),
            Type::TIMESTAMPTZ => {
                let builder = TimestampMicrosecondBuilder::new().with_timezone(UTC);
                Self::MomentInUtc(builder)
            }
            Type::INTERVAL => Self::Interval(IntervalMonthDayNanoBuilder::new()),
            // Of an extension, and so without a number that is known.
            _ if kind.name() == "citext" => Self::Text(StringBuilder::new()),
            _ => return None,
        })
    }

    /// The modifier holds precision and scale, behind a header; scales may be negative or larger
    /// than the precision, which Arrow does not take.
    fn numeric(modifier: i32) -> Self {
        let text = || Self::Number(StringBuilder::new());
        let Ok(modifier) = u32::try_from(modifier - 4) else {
            return text();
        };
        // Eleven bits, the highest of them a sign.
        let (precision, scale) = (modifier >> 16, modifier & 0x7FF);
        let (Ok(precision), Ok(digits)) = (u8::try_from(precision), i8::try_from(scale)) else {
            return text();
        };
        let narrow = Decimal128Builder::new().with_precision_and_scale(precision, digits);
        let wide = Decimal256Builder::new().with_precision_and_scale(precision, digits);
        match (narrow, wide) {
            (Ok(builder), _) => Self::Decimal128(builder, precision, scale),
            (_, Ok(builder)) => Self::Decimal256(builder, precision, scale),
            _ => text(),
        }
    }

    fn data_type(&self) -> DataType {
        let digits = |scale: u32| i8::try_from(scale).unwrap_or_default();
        match self {
            Self::Boolean(_) => DataType::Boolean,
            Self::Int16(_) => DataType::Int16,
            Self::Int32(_) => DataType::Int32,
            Self::Int64(_) => DataType::Int64,
            Self::UInt32(_) => DataType::UInt32,
            Self::Float32(_) => DataType::Float32,
            Self::Float64(_) => DataType::Float64,
            Self::Text(_) | Self::Jsonb(_) | Self::Uuid(_) | Self::Number(_) => DataType::Utf8,
            Self::Bytes(_) => DataType::Binary,
            Self::Decimal128(_, precision, scale) => {
                DataType::Decimal128(*precision, digits(*scale))
            }
            Self::Decimal256(_, precision, scale) => {
                DataType::Decimal256(*precision, digits(*scale))
            }
            Self::Date(_) => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Microsecond),
            Self::Moment(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::MomentInUtc(_) => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
            Self::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::List(list) => DataType::List(Arc::clone(&list.field)),
        }
    }

    /// Adds a value; fails with what there is no place for.
    fn append(&mut self, value: Option<&[u8]>) -> std::result::Result<(), &'static str> {
        const MALFORMED: &str = "a malformed value";
        /// Adds what the bytes are, or a null.
        macro_rules! append {
            ($builder:expr, $read:expr, $otherwise:expr) => {{
                let read = match value {
                    Some(bytes) => Some($read(bytes).ok_or($otherwise)?),
                    None => None,
                };
                $builder.append_option(read);
            }};
        }
        match self {
            Self::Boolean(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(|[byte]| byte != 0),
                    MALFORMED
                );
            }
            Self::Int16(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(i16::from_be_bytes),
                    MALFORMED
                );
            }
            Self::Int32(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(i32::from_be_bytes),
                    MALFORMED
                );
            }
            Self::Int64(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(i64::from_be_bytes),
                    MALFORMED
                );
            }
            Self::UInt32(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(u32::from_be_bytes),
                    MALFORMED
                );
            }
            Self::Float32(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(f32::from_be_bytes),
                    MALFORMED
                );
            }
            Self::Float64(column) => {
                append!(
                    column,
                    |bytes| fixed(bytes).map(f64::from_be_bytes),
                    MALFORMED
                );
            }
            Self::Text(column) => append!(column, text, "text that is not Unicode"),
            Self::Jsonb(column) => {
                append!(column, json, "JSON of an unknown format");
            }
            Self::Uuid(column) => {
                let read = |bytes| fixed(bytes).map(|id| uuid::Uuid::from_bytes(id).to_string());
                append!(column, read, MALFORMED);
            }
            Self::Bytes(column) => column.append_option(value),
            Self::Number(column) => {
                let read = |bytes| Numeric::read(bytes).map(|number| number.to_string());
                append!(column, read, MALFORMED);
            }
            Self::Decimal128(column, _, scale) => {
                append!(column, |bytes| decimal(bytes, *scale), NO_DECIMAL)
            }
            Self::Decimal256(column, _, scale) => {
                append!(column, |bytes| decimal(bytes, *scale), NO_DECIMAL)
            }
            Self::Date(column) => append!(column, values::date, "a date without end"),
            Self::Time(column) => append!(column, values::time, "the time 24:00"),
            Self::Moment(column) | Self::MomentInUtc(column) => {
                append!(column, values::moment, "a time without end");
            }
            Self::Interval(column) => append!(column, values::interval, "a larger interval"),
            Self::List(list) => {
                let mut length = 0;
                if let Some(bytes) = value {
                    for element in values::elements(bytes)? {
                        list.elements.append(element)?;
                        length += 1;
                    }
                }
                list.lengths.push(length);
                list.valid.append(value.is_some());
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(column) => Arc::new(column.finish()),
            Self::Int16(column) => Arc::new(column.finish()),
            Self::Int32(column) => Arc::new(column.finish()),
            Self::Int64(column) => Arc::new(column.finish()),
            Self::UInt32(column) => Arc::new(column.finish()),
            Self::Float32(column) => Arc::new(column.finish()),
            Self::Float64(column) => Arc::new(column.finish()),
            Self::Text(column)
            | Self::Jsonb(column)
            | Self::Uuid(column)
            | Self::Number(column) => Arc::new(column.finish()),
            Self::Bytes(column) => Arc::new(column.finish()),
            Self::Decimal128(column, ..) => Arc::new(column.finish()),
            Self::Decimal256(column, ..) => Arc::new(column.finish()),
            Self::Date(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
            Self::Moment(column) | Self::MomentInUtc(column) => Arc::new(column.finish()),
            Self::Interval(column) => Arc::new(column.finish()),
            Self::List(list) => {
                let offsets = OffsetBuffer::from_lengths(list.lengths.drain(..));
                let elements = list.elements.finish();
                let field = Arc::clone(&list.field);
                Arc::new(ListArray::new(
                    field,
                    offsets,
                    elements,
                    list.valid.finish(),
                ))
            }
        }
    }
}

const NO_DECIMAL: &str = "a number that is not finite";

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// `jsonb` has the number of its format before the text.
fn json(bytes: &[u8]) -> Option<&str> {
    text(bytes.strip_prefix(&[1])?)
}

fn decimal<T>(bytes: &[u8], scale: u32) -> Option<T>
where
    T: arrow::array::ArrowNativeTypeOp + arrow::datatypes::ArrowNativeType,
{
    match Numeric::read(bytes)? {
        Numeric::Number(number) => number.unscaled(scale),
        _ => None,
    }
}
