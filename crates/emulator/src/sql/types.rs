//! One type, three faces: as T-SQL names it, as Arrow holds it, and as TDS sends it.

use std::{collections::HashMap, sync::Arc};

use azml_tds::{
    Collation,
    types::{DecimalType, MaxLength, TypeInfo, Value, ValueRef},
};
use datafusion::{
    arrow::{
        array::{
            Array, ArrayRef, AsArray,
            types::{
                ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type,
                Int16Type, Int32Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
                UInt8Type,
            },
        },
        datatypes::{DataType, Field, TimeUnit},
    },
    scalar::ScalarValue,
};

use super::{
    error::{Result, SqlError},
    tsql::SqlType,
};

/// The key of a field's metadata under which its SQL type is kept.
const SQL_TYPE: &str = "azml.sqltype";
/// The key of a field's metadata under which a column's name is kept as it was written.
pub(super) const DISPLAY_NAME: &str = "azml.name";

/// Days from 0001-01-01 to 1970-01-01.
const UNIX_DAYS: i64 = 719_162;
/// Days from 1900-01-01 to 1970-01-01.
const UNIX_DAYS_SINCE_1900: i64 = 25_567;
const MICROS_PER_DAY: i64 = 86_400_000_000;

impl SqlType {
    /// The Arrow type of a column.
    ///
    /// # Errors
    /// 40517 for a type that columns cannot have here.
    pub(super) fn arrow(self) -> Result<DataType> {
        Ok(match self {
            Self::Bit => DataType::Boolean,
            Self::TinyInt => DataType::UInt8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Real => DataType::Float32,
            Self::Float => DataType::Float64,
            Self::Decimal { precision, scale } => DataType::Decimal128(
                precision,
                i8::try_from(scale).expect("a scale is at most 38"),
            ),
            Self::Money => DataType::Decimal128(19, 4),
            Self::SmallMoney => DataType::Decimal128(10, 4),
            Self::Date => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Nanosecond),
            Self::DateTime | Self::SmallDateTime | Self::DateTime2(_) => {
                DataType::Timestamp(TimeUnit::Microsecond, None)
            }
            Self::DateTimeOffset(_) => return Err(SqlError::unsupported_clause("datetimeoffset")),
            Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_) => DataType::Utf8,
            Self::Binary(_) | Self::VarBinary(_) => DataType::Binary,
            Self::UniqueIdentifier => DataType::FixedSizeBinary(16),
        })
    }

    /// A field of this type that remembers it, and its name as written. The field's own name is in lower case: names
    /// are compared without regard to case.
    pub(super) fn field(self, name: &str, nullable: bool) -> Result<Field> {
        let sql_type = serde_json::to_string(&self).expect("a type is plain data");
        let metadata = HashMap::from([
            (SQL_TYPE.to_owned(), sql_type),
            (DISPLAY_NAME.to_owned(), name.to_owned()),
        ]);
        Ok(Field::new(name.to_lowercase(), self.arrow()?, nullable).with_metadata(metadata))
    }

    /// The type of a result's column: as remembered, else the nearest to the Arrow type.
    ///
    /// # Errors
    /// 40517 for an Arrow type that has no SQL type.
    pub(super) fn of(field: &Field) -> Result<Self> {
        if let Some(sql_type) = field
            .metadata()
            .get(SQL_TYPE)
            .and_then(|text| serde_json::from_str::<Self>(text).ok())
            && sql_type
                .arrow()
                .is_ok_and(|arrow| arrow == *field.data_type())
        {
            return Ok(sql_type);
        }
        Self::of_arrow(field.data_type())
    }

    /// The nearest type to an Arrow type.
    ///
    /// # Errors
    /// 40517 where there is none.
    pub(super) fn of_arrow(data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::Boolean => Self::Bit,
            DataType::UInt8 => Self::TinyInt,
            DataType::Int8 | DataType::Int16 => Self::SmallInt,
            // A bare NULL is an int.
            DataType::Null | DataType::Int32 | DataType::UInt16 => Self::Int,
            DataType::Int64 | DataType::UInt32 => Self::BigInt,
            DataType::UInt64 => Self::Decimal {
                precision: 20,
                scale: 0,
            },
            DataType::Float16 | DataType::Float32 => Self::Real,
            DataType::Float64 => Self::Float,
            DataType::Decimal128(precision, scale) => Self::Decimal {
                precision: *precision,
                scale: u8::try_from(*scale).unwrap_or(0),
            },
            DataType::Date32 => Self::Date,
            DataType::Time64(_) => Self::Time(7),
            DataType::Timestamp(..) => Self::DateTime2(6),
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Dictionary(..) => Self::NVarChar(None),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                Self::VarBinary(None)
            }
            DataType::FixedSizeBinary(16) => Self::UniqueIdentifier,
            other => return Err(SqlError::unsupported_clause(&other.to_string())),
        })
    }

    /// The type as TDS describes it.
    pub(super) fn tds(self) -> TypeInfo {
        let fixed = false;
        let collation = Collation::LATIN1;
        let bytes = |length: Option<u16>| length.map_or(MaxLength::Max, MaxLength::Bytes);
        let characters = |length: Option<u16>| {
            length.map_or(MaxLength::Max, |length| MaxLength::Bytes(length * 2))
        };
        match self {
            Self::Bit => TypeInfo::Bit { fixed },
            Self::TinyInt => TypeInfo::int(1),
            Self::SmallInt => TypeInfo::int(2),
            Self::Int => TypeInfo::int(4),
            Self::BigInt => TypeInfo::int(8),
            Self::Real => TypeInfo::float(4),
            Self::Float => TypeInfo::float(8),
            Self::Decimal { precision, scale } => {
                TypeInfo::Decimal(DecimalType { precision, scale })
            }
            Self::Money => TypeInfo::Money { width: 8, fixed },
            Self::SmallMoney => TypeInfo::Money { width: 4, fixed },
            Self::Date => TypeInfo::Date,
            Self::Time(scale) => TypeInfo::Time(scale),
            Self::DateTime => TypeInfo::DateTime { width: 8, fixed },
            Self::SmallDateTime => TypeInfo::DateTime { width: 4, fixed },
            Self::DateTime2(scale) => TypeInfo::DateTime2(scale),
            Self::DateTimeOffset(scale) => TypeInfo::DateTimeOffset(scale),
            Self::Char(length) => TypeInfo::VarChar(MaxLength::Bytes(length), collation),
            Self::VarChar(length) => TypeInfo::VarChar(bytes(length), collation),
            Self::NChar(length) => TypeInfo::NVarChar(characters(Some(length)), collation),
            Self::NVarChar(length) => TypeInfo::NVarChar(characters(length), collation),
            Self::Binary(length) => TypeInfo::VarBinary(MaxLength::Bytes(length)),
            Self::VarBinary(length) => TypeInfo::VarBinary(bytes(length)),
            Self::UniqueIdentifier => TypeInfo::Guid,
        }
    }

    /// The type of a parameter, as a client declares it.
    ///
    /// # Errors
    /// 39018-like refusal as 40517 for types that parameters cannot have here.
    pub(super) fn of_tds(info: TypeInfo) -> Result<Self> {
        let bytes = |max: MaxLength| match max {
            MaxLength::Max => None,
            MaxLength::Bytes(bytes) => Some(bytes.max(1)),
        };
        Ok(match info {
            TypeInfo::Bit { .. } => Self::Bit,
            TypeInfo::Int { width: 1, .. } => Self::TinyInt,
            TypeInfo::Int { width: 2, .. } => Self::SmallInt,
            TypeInfo::Null | TypeInfo::Int { width: 4, .. } => Self::Int,
            TypeInfo::Int { .. } => Self::BigInt,
            TypeInfo::Float { width: 4, .. } => Self::Real,
            TypeInfo::Float { .. } => Self::Float,
            TypeInfo::Money { width: 4, .. } => Self::SmallMoney,
            TypeInfo::Money { .. } => Self::Money,
            TypeInfo::DateTime { width: 4, .. } => Self::SmallDateTime,
            TypeInfo::DateTime { .. } => Self::DateTime,
            TypeInfo::Decimal(DecimalType { precision, scale }) => {
                Self::Decimal { precision, scale }
            }
            TypeInfo::Guid => Self::UniqueIdentifier,
            TypeInfo::Date => Self::Date,
            TypeInfo::Time(scale) => Self::Time(scale),
            TypeInfo::DateTime2(scale) => Self::DateTime2(scale),
            TypeInfo::VarChar(max, _) => Self::VarChar(bytes(max)),
            TypeInfo::NVarChar(max, _) => {
                Self::NVarChar(bytes(max).map(|bytes| (bytes / 2).max(1)))
            }
            TypeInfo::VarBinary(max) => Self::VarBinary(bytes(max)),
            TypeInfo::Long(azml_tds::types::LongType::Image) => Self::VarBinary(None),
            TypeInfo::Long(_) | TypeInfo::Xml => Self::NVarChar(None),
            other => return Err(SqlError::unsupported_clause(&format!("{other:?}"))),
        })
    }

    /// A client's value as a scalar of this type's Arrow type.
    ///
    /// # Errors
    /// 8115 for a value outside of what Arrow holds.
    pub(super) fn scalar(self, value: Value) -> Result<ScalarValue> {
        let overflow = || {
            SqlError::new(
                8115,
                16,
                format!("Arithmetic overflow error converting expression to data type {self}."),
            )
        };
        let (precision, scale) = match self {
            Self::Decimal { precision, scale } => {
                (precision, i8::try_from(scale).map_err(|_| overflow())?)
            }
            Self::SmallMoney => (10, 4),
            _ => (19, 4),
        };
        Ok(match value {
            Value::Null => ScalarValue::try_from(&self.arrow()?)?,
            Value::Bit(value) => ScalarValue::Boolean(Some(value)),
            Value::TinyInt(value) => ScalarValue::UInt8(Some(value)),
            Value::SmallInt(value) => ScalarValue::Int16(Some(value)),
            Value::Int(value) => ScalarValue::Int32(Some(value)),
            Value::BigInt(value) => ScalarValue::Int64(Some(value)),
            Value::Real(value) => ScalarValue::Float32(Some(value)),
            Value::Float(value) => ScalarValue::Float64(Some(value)),
            Value::Decimal(value) => ScalarValue::Decimal128(Some(value), precision, scale),
            Value::Money(value) => ScalarValue::Decimal128(Some(value.into()), precision, scale),
            Value::Date(days) => {
                let days = i64::from(days) - UNIX_DAYS;
                ScalarValue::Date32(Some(i32::try_from(days).map_err(|_| overflow())?))
            }
            Value::Time(units) => {
                ScalarValue::Time64Nanosecond(Some(nanoseconds(units, self.digits())))
            }
            Value::DateTime { days, ticks } => {
                // 1/300 seconds are shown as thousandths: .000, .003, .007.
                let millis = (i64::from(ticks) * 10 + 1) / 3;
                timestamp(i64::from(days) - UNIX_DAYS_SINCE_1900, millis * 1000)
                    .ok_or_else(overflow)?
            }
            Value::DateTime2 { days, time } => timestamp(
                i64::from(days) - UNIX_DAYS,
                nanoseconds(time, self.digits()) / 1000,
            )
            .ok_or_else(overflow)?,
            Value::String(value) => ScalarValue::Utf8(Some(value)),
            Value::Binary(value) => ScalarValue::Binary(Some(value)),
            Value::Guid(value) => ScalarValue::FixedSizeBinary(16, Some(value.to_vec())),
            other => return Err(SqlError::unsupported_clause(&format!("{other:?}"))),
        })
    }

    /// The digits of a second that a type of time keeps.
    fn digits(self) -> u8 {
        match self {
            Self::Time(scale) | Self::DateTime2(scale) | Self::DateTimeOffset(scale) => scale,
            _ => 7,
        }
    }
}

fn nanoseconds(units: u64, scale: u8) -> i64 {
    let nanoseconds = units * 10_u64.pow(9 - u32::from(scale.min(7)));
    i64::try_from(nanoseconds).expect("a day has fewer nanoseconds than fit")
}

fn timestamp(unix_days: i64, micros: i64) -> Option<ScalarValue> {
    let micros = unix_days.checked_mul(MICROS_PER_DAY)?.checked_add(micros)?;
    Some(ScalarValue::TimestampMicrosecond(Some(micros), None))
}

/// Writes the values of one column, row by row, without a copy of the strings.
#[derive(Debug)]
pub(super) struct ColumnWriter {
    sql_type: SqlType,
    info: TypeInfo,
    array: ArrayRef,
}

impl ColumnWriter {
    /// A writer for an array of the type's Arrow type; other arrays are converted first.
    ///
    /// # Errors
    /// 8114 or 245 where the conversion fails.
    pub(super) fn new(sql_type: SqlType, array: &ArrayRef) -> Result<Self> {
        let wanted = sql_type.arrow()?;
        let array = if *array.data_type() == wanted {
            Arc::clone(array)
        } else {
            datafusion::arrow::compute::cast(array, &wanted)?
        };
        Ok(Self {
            sql_type,
            info: sql_type.tds(),
            array,
        })
    }

    /// Appends the value of a row.
    ///
    /// # Errors
    /// 8115 or 8152 where the declared type cannot hold the value.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        self.info.write_value(self.value(row)?, out).map_err(|_| {
            if self.sql_type.is_text() {
                SqlError::new(8152, 16, "String or binary data would be truncated.")
            } else {
                SqlError::new(
                    8115,
                    16,
                    format!(
                        "Arithmetic overflow error converting expression to data type {}.",
                        self.sql_type
                    ),
                )
            }
        })
    }

    /// The value of a row.
    ///
    /// # Errors
    /// 8115 for a date or time outside of the type's range.
    pub(super) fn value(&self, row: usize) -> Result<ValueRef<'_>> {
        let array = &self.array;
        if array.is_null(row) {
            return Ok(ValueRef::Null);
        }
        Ok(match self.sql_type {
            SqlType::Bit => ValueRef::Bit(array.as_boolean().value(row)),
            SqlType::TinyInt => ValueRef::Int(at::<UInt8Type>(array, row).into()),
            SqlType::SmallInt => ValueRef::Int(at::<Int16Type>(array, row).into()),
            SqlType::Int => ValueRef::Int(at::<Int32Type>(array, row).into()),
            SqlType::BigInt => ValueRef::Int(at::<Int64Type>(array, row)),
            // Not-a-number has no place in SQL; it leaves as NULL.
            SqlType::Real => finite(at::<Float32Type>(array, row).into()),
            SqlType::Float => finite(at::<Float64Type>(array, row)),
            SqlType::Decimal { .. } => ValueRef::Decimal(at::<Decimal128Type>(array, row)),
            SqlType::Money | SqlType::SmallMoney => ValueRef::Money(
                i64::try_from(at::<Decimal128Type>(array, row)).map_err(|_| self.overflow())?,
            ),
            SqlType::Date => ValueRef::Date(self.days(i64::from(at::<Date32Type>(array, row)))?),
            SqlType::Time(scale) => {
                ValueRef::Time(units(at::<Time64NanosecondType>(array, row), scale))
            }
            SqlType::DateTime | SqlType::SmallDateTime => {
                let (days, micros) = split(at::<TimestampMicrosecondType>(array, row));
                let ticks = (micros * 3 + 5_000) / 10_000;
                ValueRef::DateTime {
                    days: i32::try_from(days + UNIX_DAYS_SINCE_1900)
                        .map_err(|_| self.overflow())?,
                    ticks: u32::try_from(ticks).map_err(|_| self.overflow())?,
                }
            }
            SqlType::DateTime2(scale) => {
                let (days, micros) = split(at::<TimestampMicrosecondType>(array, row));
                ValueRef::DateTime2 {
                    days: self.days(days)?,
                    time: units(micros * 1000, scale),
                }
            }
            SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
                ValueRef::String(array.as_string::<i32>().value(row))
            }
            SqlType::Binary(_) | SqlType::VarBinary(_) => {
                ValueRef::Binary(array.as_binary::<i32>().value(row))
            }
            SqlType::UniqueIdentifier => {
                let bytes = array.as_fixed_size_binary().value(row);
                ValueRef::Guid(bytes.try_into().expect("the array holds 16 bytes a value"))
            }
            SqlType::DateTimeOffset(_) => {
                return Err(SqlError::unsupported_clause("datetimeoffset"));
            }
        })
    }

    fn days(&self, unix_days: i64) -> Result<u32> {
        u32::try_from(unix_days + UNIX_DAYS).map_err(|_| self.overflow())
    }

    fn overflow(&self) -> SqlError {
        SqlError::new(
            8115,
            16,
            format!(
                "Arithmetic overflow error converting expression to data type {}.",
                self.sql_type
            ),
        )
    }
}

fn at<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn finite(number: f64) -> ValueRef<'static> {
    if number.is_finite() {
        ValueRef::Float(number)
    } else {
        ValueRef::Null
    }
}

fn split(micros: i64) -> (i64, i64) {
    (
        micros.div_euclid(MICROS_PER_DAY),
        micros.rem_euclid(MICROS_PER_DAY),
    )
}

fn units(nanoseconds: i64, scale: u8) -> u64 {
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or(0);
    nanoseconds / 10_u64.pow(9 - u32::from(scale.min(7)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type survives the way from a client's value through Arrow to the wire.
    #[test]
    fn values_survive_the_way_through_arrow() {
        let cases = [
            (SqlType::Bit, Value::Bit(true)),
            (SqlType::TinyInt, Value::TinyInt(200)),
            (SqlType::SmallInt, Value::SmallInt(-5)),
            (SqlType::Int, Value::Int(i32::MIN)),
            (SqlType::BigInt, Value::BigInt(i64::MAX)),
            (SqlType::Float, Value::Float(0.1)),
            (
                SqlType::Decimal {
                    precision: 10,
                    scale: 2,
                },
                Value::Decimal(-12345),
            ),
            (SqlType::Money, Value::Money(10_001)),
            (SqlType::Date, Value::Date(735_000)),
            (SqlType::Time(3), Value::Time(86_399_999)),
            (
                SqlType::DateTime,
                Value::DateTime {
                    days: -1,
                    ticks: 25_919_999,
                },
            ),
            (SqlType::DateTime2(6), Value::DateTime2 { days: 0, time: 1 }),
            (SqlType::NVarChar(Some(10)), Value::String("中é".to_owned())),
            (SqlType::VarBinary(None), Value::Binary(vec![0, 255])),
            (SqlType::UniqueIdentifier, Value::Guid([7; 16])),
        ];
        for (sql_type, value) in cases {
            let array = sql_type.scalar(value.clone()).unwrap().to_array().unwrap();
            let mut out = Vec::new();
            ColumnWriter::new(sql_type, &array)
                .unwrap()
                .write(0, &mut out)
                .unwrap();
            let read = sql_type
                .tds()
                .read_value(&mut azml_tds::Reader::new(&out))
                .unwrap();
            assert_eq!(read, value, "{sql_type}");
        }
    }

    #[test]
    fn a_field_remembers_its_type_and_name() {
        let field = SqlType::VarChar(Some(20))
            .field("Sepal Length (cm)", true)
            .unwrap();
        assert_eq!(field.name(), "sepal length (cm)");
        assert_eq!(SqlType::of(&field).unwrap(), SqlType::VarChar(Some(20)));
        assert_eq!(field.metadata()[DISPLAY_NAME], "Sepal Length (cm)");
        // An expression that kept the metadata and changed the type is not believed.
        let changed = field.with_data_type(DataType::Int32);
        assert_eq!(SqlType::of(&changed).unwrap(), SqlType::Int);
    }
}
