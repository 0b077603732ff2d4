//! Values of fields and literals, and how they compare.

use std::cmp::Ordering;

use serde_json::Value;
use time::OffsetDateTime;

use super::lexer::date_time;

/// How a field's JSON value compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldType {
    /// Text that compares exactly.
    Text,
    /// Enums and uuids: text that compares without case.
    Name,
    /// A number.
    Number,
    /// A date-time.
    Time,
}

/// A literal of a filter, and the converted value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Time(OffsetDateTime),
}

impl Literal {
    /// The value of a field; missing, null or of another type counts as null.
    pub(super) fn of(item: &Value, name: &str, kind: FieldType) -> Self {
        let value = name
            .split('/')
            .try_fold(item, |value, part| value.get(part));
        let Some(value) = value else {
            return Self::Null;
        };
        match (kind, value) {
            (FieldType::Text, Value::String(text)) => Self::Text(text.clone()),
            (FieldType::Name, Value::String(text)) => Self::Text(text.to_ascii_lowercase()),
            (FieldType::Time, Value::String(text)) => {
                date_time(text).map_or(Self::Null, Self::Time)
            }
            (FieldType::Number, Value::Number(number)) => {
                number.as_f64().map_or(Self::Null, Self::Number)
            }
            _ => Self::Null,
        }
    }

    /// The literal as it compares with a field of this type; `None` if it never can.
    pub(super) fn for_field(self, kind: FieldType) -> Option<Self> {
        match (kind, self) {
            (_, Self::Null) => Some(Self::Null),
            (FieldType::Name, Self::Text(text)) => Some(Self::Text(text.to_ascii_lowercase())),
            (FieldType::Time, Self::Text(text)) => date_time(&text).map(Self::Time),
            (FieldType::Text, literal @ Self::Text(_))
            | (FieldType::Number, literal @ Self::Number(_))
            | (FieldType::Time, literal @ Self::Time(_)) => Some(literal),
            _ => None,
        }
    }

    /// Order of two values; null only has an order with itself.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Order for sorting: null before everything.
    pub(super) fn sort_order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            _ => self.order(other).unwrap_or(Ordering::Equal),
        }
    }
}
