//! RAISERROR: its message and its numbers.

use datafusion::{scalar::ScalarValue, sql::sqlparser::ast::Expr};

use super::Frame;
use crate::sql::{
    error::{Result, SqlError},
    session::Session,
};

pub(super) fn integer(value: &ScalarValue) -> Result<i32> {
    match value.cast_to(&datafusion::arrow::datatypes::DataType::Int32)? {
        ScalarValue::Int32(Some(number)) => Ok(number),
        _ => Ok(0),
    }
}

pub(super) async fn raise_error(
    session: &Session,
    arguments: &[Expr],
    frame: &Frame,
) -> Result<SqlError> {
    let scope = session.scope(&frame.variables);
    let mut values = Vec::new();
    for argument in arguments {
        values.push(scope.value(argument.clone()).await?);
    }
    let text = values.first().map(ToString::to_string).unwrap_or_default();
    let severity = values.get(1).map_or(Ok(16), integer)?;
    let state = values.get(2).map_or(Ok(1), integer)?;
    let text = printf(&text, values.get(3..).unwrap_or_default());
    Ok(
        SqlError::new(50000, u8::try_from(severity).unwrap_or(16).min(19), text)
            .with_state(u8::try_from(state).unwrap_or(1)),
    )
}

/// `%s`, `%d`, `%i` and `%%` of RAISERROR.
pub(super) fn printf(text: &str, arguments: &[ScalarValue]) -> String {
    let mut arguments = arguments.iter();
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            shown.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => shown.push('%'),
            Some('s' | 'd' | 'i' | 'u') => match arguments.next() {
                Some(value) if !value.is_null() => shown.push_str(&value.to_string()),
                _ => shown.push_str("(null)"),
            },
            Some(other) => {
                shown.push('%');
                shown.push(other);
            }
            None => shown.push('%'),
        }
    }
    shown
}
