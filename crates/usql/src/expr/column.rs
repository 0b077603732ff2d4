//! Columns: how values of each C# type lie in Arrow arrays.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal256Array, FixedSizeBinaryArray,
    FixedSizeBinaryBuilder, ListArray, MapArray, PrimitiveArray, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, FieldRef, Fields, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};
use rust_decimal::Decimal;

use crate::cs::{CsError, CsResult, Type, Value};

/// Digits and places of stored decimals: every .NET decimal fits exactly.
const DECIMAL: DataType = DataType::Decimal256(76, 28);

/// How a column of the type is stored. Types that cannot be columns are stored
/// as if they were null columns; the binder lets none through.
pub(crate) fn data_type(ty: &Type) -> DataType {
    match ty.underlying() {
        Type::Bool => DataType::Boolean,
        Type::SByte => DataType::Int8,
        Type::Byte => DataType::UInt8,
        Type::Short => DataType::Int16,
        Type::UShort | Type::Char => DataType::UInt16,
        Type::Int | Type::Enum(_) => DataType::Int32,
        Type::UInt => DataType::UInt32,
        Type::Long | Type::DateTime | Type::TimeSpan => DataType::Int64,
        Type::ULong => DataType::UInt64,
        Type::Float => DataType::Float32,
        Type::Double => DataType::Float64,
        Type::Decimal => DECIMAL,
        Type::String => DataType::Utf8,
        Type::Guid => DataType::FixedSizeBinary(16),
        Type::Array(item) if **item == Type::Byte => DataType::Binary,
        Type::Array(item) | Type::SqlArray(item) | Type::Enumerable(item) => {
            DataType::List(item_field(item))
        }
        Type::SqlMap(key, value) => DataType::Map(entries_field(key, value), false),
        Type::KeyValuePair(key, value) => DataType::Struct(entry_fields(key, value)),
        _ => DataType::Null,
    }
}

fn item_field(item: &Type) -> FieldRef {
    Arc::new(Field::new("item", data_type(item), true))
}

fn entry_fields(key: &Type, value: &Type) -> Fields {
    Fields::from(vec![
        Field::new("key", data_type(key), false),
        Field::new("value", data_type(value), true),
    ])
}

fn entries_field(key: &Type, value: &Type) -> FieldRef {
    Arc::new(Field::new(
        "entries",
        DataType::Struct(entry_fields(key, value)),
        false,
    ))
}

/// A column as a field of a schema.
pub(crate) fn field(name: &str, ty: &Type) -> Field {
    Field::new(name, data_type(ty), ty.is_nullable())
}

/// Reads single values of a column.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    Bool(BooleanArray),
    SByte(PrimitiveArray<Int8Type>),
    Byte(PrimitiveArray<UInt8Type>),
    Short(PrimitiveArray<Int16Type>),
    UShort(PrimitiveArray<UInt16Type>),
    Char(PrimitiveArray<UInt16Type>),
    Int(PrimitiveArray<Int32Type>),
    Enum(PrimitiveArray<Int32Type>),
    UInt(PrimitiveArray<UInt32Type>),
    Long(PrimitiveArray<Int64Type>),
    DateTime(PrimitiveArray<Int64Type>),
    TimeSpan(PrimitiveArray<Int64Type>),
    ULong(PrimitiveArray<UInt64Type>),
    Float(PrimitiveArray<Float32Type>),
    Double(PrimitiveArray<Float64Type>),
    Decimal(Decimal256Array),
    String(StringArray),
    Guid(FixedSizeBinaryArray),
    Bytes(BinaryArray),
    List(ListArray, Box<Reader>),
    Map(MapArray, Box<Reader>, Box<Reader>),
    Pair(StructArray, Box<Reader>, Box<Reader>),
    Null,
}

impl Reader {
    /// A reader of `array`, which holds values of `ty`.
    pub(crate) fn new(array: &ArrayRef, ty: &Type) -> Self {
        match ty.underlying() {
            Type::Bool => Self::Bool(array.as_boolean().clone()),
            Type::SByte => Self::SByte(array.as_primitive().clone()),
            Type::Byte => Self::Byte(array.as_primitive().clone()),
            Type::Short => Self::Short(array.as_primitive().clone()),
            Type::UShort => Self::UShort(array.as_primitive().clone()),
            Type::Char => Self::Char(array.as_primitive().clone()),
            Type::Int => Self::Int(array.as_primitive().clone()),
            Type::Enum(_) => Self::Enum(array.as_primitive().clone()),
            Type::UInt => Self::UInt(array.as_primitive().clone()),
            Type::Long => Self::Long(array.as_primitive().clone()),
            Type::DateTime => Self::DateTime(array.as_primitive().clone()),
            Type::TimeSpan => Self::TimeSpan(array.as_primitive().clone()),
            Type::ULong => Self::ULong(array.as_primitive().clone()),
            Type::Float => Self::Float(array.as_primitive().clone()),
            Type::Double => Self::Double(array.as_primitive().clone()),
            Type::Decimal => Self::Decimal(array.as_primitive().clone()),
            Type::String => Self::String(array.as_string().clone()),
            Type::Guid => Self::Guid(array.as_fixed_size_binary().clone()),
            Type::Array(item) if **item == Type::Byte => Self::Bytes(array.as_binary().clone()),
            Type::Array(item) | Type::SqlArray(item) | Type::Enumerable(item) => {
                let list = array.as_list::<i32>().clone();
                let items = Box::new(Self::new(list.values(), item));
                Self::List(list, items)
            }
            Type::SqlMap(key, value) => {
                let map = array.as_map().clone();
                let keys = Box::new(Self::new(map.keys(), key));
                let values = Box::new(Self::new(map.values(), value));
                Self::Map(map, keys, values)
            }
            Type::KeyValuePair(key, value) => {
                let pairs = array.as_struct().clone();
                let keys = Box::new(Self::new(pairs.column(0), key));
                let values = Box::new(Self::new(pairs.column(1), value));
                Self::Pair(pairs, keys, values)
            }
            _ => Self::Null,
        }
    }

    /// The value of one row.
    pub(crate) fn value(&self, row: usize) -> CsResult<Value> {
        fn primitive<T: ArrowPrimitiveType>(
            array: &PrimitiveArray<T>,
            row: usize,
            make: fn(T::Native) -> Value,
        ) -> Value {
            if array.is_null(row) {
                Value::Null
            } else {
                make(array.value(row))
            }
        }
        Ok(match self {
            Self::Bool(a) if a.is_null(row) => Value::Null,
            Self::Bool(a) => Value::Bool(a.value(row)),
            Self::SByte(a) => primitive(a, row, Value::SByte),
            Self::Byte(a) => primitive(a, row, Value::Byte),
            Self::Short(a) => primitive(a, row, Value::Short),
            Self::UShort(a) => primitive(a, row, Value::UShort),
            Self::Char(a) => primitive(a, row, Value::Char),
            Self::Int(a) => primitive(a, row, Value::Int),
            Self::Enum(a) => primitive(a, row, Value::Enum),
            Self::UInt(a) => primitive(a, row, Value::UInt),
            Self::Long(a) => primitive(a, row, Value::Long),
            Self::DateTime(a) => primitive(a, row, Value::date),
            Self::TimeSpan(a) => primitive(a, row, Value::TimeSpan),
            Self::ULong(a) => primitive(a, row, Value::ULong),
            Self::Float(a) => primitive(a, row, Value::Float),
            Self::Double(a) => primitive(a, row, Value::Double),
            Self::Decimal(a) if a.is_null(row) => Value::Null,
            Self::Decimal(a) => Value::Decimal(load_decimal(a.value(row))?),
            Self::String(a) if a.is_null(row) => Value::Null,
            Self::String(a) => Value::string(a.value(row)),
            Self::Guid(a) if a.is_null(row) => Value::Null,
            Self::Guid(a) => {
                let bytes = a
                    .value(row)
                    .try_into()
                    .expect("the column is sixteen bytes wide");
                Value::Guid(bytes)
            }
            Self::Bytes(a) if a.is_null(row) => Value::Null,
            Self::Bytes(a) => Value::Bytes(a.value(row).into()),
            Self::List(a, _) if a.is_null(row) => Value::Null,
            Self::List(a, items) => {
                let offsets = a.value_offsets();
                Value::List(
                    range(offsets, row)
                        .map(|at| items.value(at))
                        .collect::<CsResult<_>>()?,
                )
            }
            Self::Map(a, ..) if a.is_null(row) => Value::Null,
            Self::Map(a, keys, values) => {
                let entries = range(a.value_offsets(), row)
                    .map(|at| Ok((keys.value(at)?, values.value(at)?)))
                    .collect::<CsResult<_>>()?;
                Value::Map(entries)
            }
            Self::Pair(a, ..) if a.is_null(row) => Value::Null,
            Self::Pair(_, keys, values) => {
                Value::Pair(Arc::new((keys.value(row)?, values.value(row)?)))
            }
            Self::Null => Value::Null,
        })
    }
}

fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |n: i32| usize::try_from(n).expect("offsets are not negative");
    at(offsets[row])..at(offsets[row + 1])
}

/// A stored decimal as a .NET one.
pub(crate) fn load_decimal(stored: i256) -> CsResult<Decimal> {
    let too_large = || CsError::overflow("Value was either too large or too small for a Decimal.");
    let ten = i256::from(10);
    let (mut coefficient, mut places) = (stored, 28_u32);
    loop {
        if let Some(narrow) = coefficient.to_i128()
            && narrow.unsigned_abs() < 1 << 96
        {
            return Ok(Decimal::from_i128_with_scale(narrow, places).normalize());
        }
        if places == 0 {
            return Err(too_large());
        }
        coefficient = coefficient.checked_div(ten).ok_or_else(too_large)?;
        places -= 1;
    }
}

/// A .NET decimal as it is stored.
pub(crate) fn store_decimal(value: Decimal) -> i256 {
    let power = 28 - value.scale();
    let factor = i256::from_i128(10_i128.pow(power));
    i256::from_i128(value.mantissa()).wrapping_mul(factor)
}

fn primitive_array<T: ArrowPrimitiveType>(
    values: &[Value],
    get: impl Fn(&Value) -> Option<T::Native>,
) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::from_iter(values.iter().map(get)))
}

/// A column of `values`, all of which are of `ty` or null.
pub(crate) fn build(values: &[Value], ty: &Type) -> ArrayRef {
    macro_rules! numbers {
        ($arrow:ty, $variant:ident) => {
            primitive_array::<$arrow>(values, |value| match value {
                Value::$variant(n) => Some(*n),
                _ => None,
            })
        };
    }
    match ty.underlying() {
        Type::Bool => Arc::new(BooleanArray::from_iter(values.iter().map(
            |value| match value {
                Value::Bool(b) => Some(*b),
                _ => None,
            },
        ))),
        Type::SByte => numbers!(Int8Type, SByte),
        Type::Byte => numbers!(UInt8Type, Byte),
        Type::Short => numbers!(Int16Type, Short),
        Type::UShort => numbers!(UInt16Type, UShort),
        Type::Char => numbers!(UInt16Type, Char),
        Type::Int => numbers!(Int32Type, Int),
        Type::Enum(_) => numbers!(Int32Type, Enum),
        Type::UInt => numbers!(UInt32Type, UInt),
        Type::Long => numbers!(Int64Type, Long),
        Type::ULong => numbers!(UInt64Type, ULong),
        Type::Float => numbers!(Float32Type, Float),
        Type::Double => numbers!(Float64Type, Double),
        Type::TimeSpan => numbers!(Int64Type, TimeSpan),
        Type::DateTime => primitive_array::<Int64Type>(values, |value| match value {
            Value::DateTime(date) => Some(date.ticks),
            _ => None,
        }),
        Type::Decimal => {
            let stored = values.iter().map(|value| match value {
                Value::Decimal(n) => Some(store_decimal(*n)),
                _ => None,
            });
            Arc::new(Decimal256Array::from_iter(stored).with_data_type(DECIMAL))
        }
        Type::String => Arc::new(StringArray::from_iter(values.iter().map(Value::opt_str))),
        Type::Guid => {
            let mut builder = FixedSizeBinaryBuilder::with_capacity(values.len(), 16);
            for value in values {
                match value {
                    Value::Guid(bytes) => builder.append_value(bytes).expect("sixteen bytes"),
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        Type::Array(item) if **item == Type::Byte => Arc::new(BinaryArray::from_iter(
            values.iter().map(|value| match value {
                Value::Bytes(bytes) => Some(bytes),
                _ => None,
            }),
        )),
        Type::Array(item) | Type::SqlArray(item) | Type::Enumerable(item) => {
            let (offsets, nulls, items) = flatten(values);
            Arc::new(ListArray::new(
                item_field(item),
                offsets,
                build(&items, item),
                nulls,
            ))
        }
        Type::SqlMap(key, value) => {
            let (offsets, nulls, entries) = flatten(values);
            let entries = pairs(&entries, key, value);
            Arc::new(MapArray::new(
                entries_field(key, value),
                offsets,
                entries,
                nulls,
                false,
            ))
        }
        Type::KeyValuePair(key, value) => Arc::new(pairs(values, key, value)),
        _ => arrow::array::new_null_array(&data_type(ty), values.len()),
    }
}

fn flatten(values: &[Value]) -> (OffsetBuffer<i32>, Option<NullBuffer>, Vec<Value>) {
    let mut items = Vec::new();
    let mut lengths = Vec::with_capacity(values.len());
    for value in values {
        let sequence = value.items();
        lengths.push(sequence.len());
        items.extend(sequence.iter().cloned());
    }
    let nulls: NullBuffer = values.iter().map(|value| !value.is_null()).collect();
    let nulls = (nulls.null_count() > 0).then_some(nulls);
    (OffsetBuffer::from_lengths(lengths), nulls, items)
}

fn pairs(values: &[Value], key: &Type, value: &Type) -> StructArray {
    let (mut keys, mut items) = (Vec::new(), Vec::new());
    for pair in values {
        let (k, v) = match pair {
            Value::Pair(pair) => (pair.0.clone(), pair.1.clone()),
            _ => (default_value(key), Value::Null),
        };
        keys.push(k);
        items.push(v);
    }
    StructArray::new(
        entry_fields(key, value),
        vec![build(&keys, key), build(&items, value)],
        None,
    )
}

/// `default(T)`.
pub(crate) fn default_value(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::SByte => Value::SByte(0),
        Type::Byte => Value::Byte(0),
        Type::Short => Value::Short(0),
        Type::UShort => Value::UShort(0),
        Type::Int => Value::Int(0),
        Type::UInt => Value::UInt(0),
        Type::Long => Value::Long(0),
        Type::ULong => Value::ULong(0),
        Type::Float => Value::Float(0.0),
        Type::Double => Value::Double(0.0),
        Type::Decimal => Value::Decimal(Decimal::ZERO),
        Type::Char => Value::Char(0),
        Type::DateTime => Value::date(0),
        Type::TimeSpan => Value::TimeSpan(0),
        Type::Guid => Value::Guid([0; 16]),
        Type::Enum(_) => Value::Enum(0),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cs::parse;

    #[test]
    fn every_type_goes_there_and_back() {
        let nullable = |ty: Type| Type::Nullable(Box::new(ty));
        let map = Value::Map(
            [
                (Value::string("k"), Value::Int(1)),
                (Value::string("l"), Value::Null),
            ]
            .into(),
        );
        let cases = [
            (Type::Bool, Value::Bool(true)),
            (Type::SByte, Value::SByte(-1)),
            (Type::Char, Value::Char(65)),
            (Type::ULong, Value::ULong(u64::MAX)),
            (Type::Float, Value::Float(1.5)),
            (
                Type::Decimal,
                Value::Decimal(parse::dec("-79228162514264337593543950335").expect("a decimal")),
            ),
            (
                Type::Decimal,
                Value::Decimal(parse::dec("0.0000000000000000000000000001").expect("a decimal")),
            ),
            (Type::String, Value::string("ä")),
            (Type::DateTime, Value::date(5)),
            (Type::Guid, Value::Guid([7; 16])),
            (
                Type::Array(Box::new(Type::Byte)),
                Value::Bytes([1, 2].as_slice().into()),
            ),
            (
                Type::SqlArray(Box::new(Type::String)),
                Value::list([Value::string("x"), Value::Null]),
            ),
            (
                Type::SqlMap(Box::new(Type::String), Box::new(nullable(Type::Int))),
                map,
            ),
        ];
        for (ty, value) in cases {
            let ty = if ty.is_value_type() { nullable(ty) } else { ty };
            let array = build(&[value.clone(), Value::Null, value.clone()], &ty);
            assert_eq!(array.data_type(), &data_type(&ty), "{ty}");
            let reader = Reader::new(&array, &ty);
            assert_eq!(reader.value(0), Ok(value.clone()), "{ty}");
            assert_eq!(reader.value(1), Ok(Value::Null), "{ty}");
            assert_eq!(reader.value(2), Ok(value), "{ty}");
        }
    }
}
