//! Columns on their way to and from Python: numbers, booleans, bytes and text as they are,
//! everything else as text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;

use crate::cs::{CsResult, Type, Value, datetime, format, parse};
use crate::expr::column::{self, Reader};

/// Whether values travel as text.
fn is_text(ty: &Type) -> bool {
    matches!(
        ty.underlying(),
        Type::DateTime | Type::Guid | Type::Decimal | Type::Char
    )
}

/// The type of a column on the wire.
pub(super) fn wire_type(ty: &Type) -> DataType {
    if is_text(ty) {
        DataType::Utf8
    } else {
        column::data_type(ty)
    }
}

/// A column of the engine for Python.
pub(super) fn outward(array: &ArrayRef, ty: &Type) -> CsResult<ArrayRef> {
    if !is_text(ty) {
        return Ok(Arc::clone(array));
    }
    let reader = Reader::new(array, ty);
    let texts = (0..array.len())
        .map(|row| {
            Ok(match reader.value(row)? {
                Value::Null => None,
                Value::DateTime(date) => Some(datetime::format(date, "O")?),
                value => Some(format::to_string(&value, ty)),
            })
        })
        .collect::<CsResult<Vec<_>>>()?;
    Ok(Arc::new(StringArray::from(texts)))
}

/// A column that Python gave for the engine.
pub(super) fn inward(array: &ArrayRef, ty: &Type) -> CsResult<ArrayRef> {
    if !is_text(ty) {
        return Ok(Arc::clone(array));
    }
    let texts = array.as_string::<i32>();
    let values = (0..array.len())
        .map(|row| {
            if texts.is_null(row) {
                return Ok(Value::Null);
            }
            let text = texts.value(row);
            Ok(match ty.underlying() {
                Type::DateTime => Value::DateTime(parse::date_time(text, 0)?),
                Type::Guid => Value::Guid(parse::guid(text)?),
                Type::Decimal => Value::Decimal(parse::dec(text)?),
                _ => Value::Char(text.encode_utf16().next().unwrap_or(0)),
            })
        })
        .collect::<CsResult<Vec<_>>>()?;
    Ok(column::build(&values, ty))
}
