//! The OData query options of list operations: `$filter`, `$orderby`, `$top`, `$skip`, `$select`, `$count`.
//! Works on the JSON of list items and a table of their fields; knows no service.

mod filter;
mod lexer;
mod list;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use filter::Filter;
pub(crate) use lexer::date_time as parse_time;
pub(crate) use list::{ListOptions, next_link};
pub(crate) use value::FieldType;

/// A query option that cannot be understood; shown to the caller as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct QueryError(String);

impl QueryError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The filterable and sortable fields of one kind of list item, by JSON name; `/` goes into an object.
pub(crate) type Fields = &'static [(&'static str, FieldType)];

/// Finds a field, or says which one is unknown.
fn field(fields: Fields, name: &str) -> Result<(&'static str, FieldType), QueryError> {
    fields
        .iter()
        .find(|(known, _)| *known == name)
        .copied()
        .ok_or_else(|| QueryError::new(format!("there is no field named '{name}' here")))
}
