//! The list options together: reads them from the query, applies them, and says where the next page starts.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::value::{FieldType, Literal};
use super::{Fields, Filter, QueryError, field};

/// Page size when the caller names none, and the most that a caller gets.
const DEFAULT_PAGE: usize = 200;
const MAX_PAGE: usize = 300;

/// The list options of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    filter: Option<Filter>,
    order: Vec<(&'static str, FieldType, Direction)>,
    top: Option<usize>,
    skip: usize,
    select: Option<Vec<String>>,
    count: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    /// Matches before paging, when asked for; else 0.
    pub(crate) count: usize,
    /// `$skip` of the next page, when there is one.
    pub(crate) next_skip: Option<usize>,
}

/// The address of the next page: the request's own with `$skip` moved on.
pub(crate) fn next_link(address: &str, query: &HashMap<String, String>, skip: usize) -> String {
    let mut names: Vec<&String> = query.keys().filter(|name| *name != "$skip").collect();
    names.sort_unstable();
    let mut link = url::form_urlencoded::Serializer::new(String::new());
    for name in names {
        link.append_pair(name, query.get(name).map_or("", String::as_str));
    }
    link.append_pair("$skip", &skip.to_string());
    format!("{address}?{}", link.finish())
}

impl ListOptions {
    /// Reads the options. `default_order` is used when the caller names none.
    pub(crate) fn read(
        query: &HashMap<String, String>,
        fields: Fields,
        default_order: &str,
    ) -> Result<Self, QueryError> {
        let text = |name: &str| {
            query
                .get(name)
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
        };
        let filter = text("$filter")
            .map(|filter| Filter::parse(filter, fields))
            .transpose()?;
        let order = text("$orderby").unwrap_or(default_order);
        let select = text("$select")
            .map(|names| select(names, fields))
            .transpose()?;
        let count = match text("$count") {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                return Err(QueryError::new(format!(
                    "$count must be true or false, not '{other}'"
                )));
            }
        };
        Ok(Self {
            filter,
            order: parse_order(order, fields)?,
            top: positive(text("$top"), "$top")?,
            skip: positive(text("$skip"), "$skip")?.unwrap_or(0),
            select,
            count,
        })
    }

    /// Filters, sorts and cuts.
    pub(crate) fn apply(&self, items: impl IntoIterator<Item = Value>) -> Page {
        self.page(&self.sorted(items))
    }

    /// Everything that passes the filter, in order.
    pub(crate) fn sorted(&self, items: impl IntoIterator<Item = Value>) -> Vec<Value> {
        let mut items: Vec<(Vec<Literal>, Value)> = items
            .into_iter()
            .filter(|item| {
                self.filter
                    .as_ref()
                    .is_none_or(|filter| filter.matches(item))
            })
            .map(|item| (self.sort_key(&item), item))
            .collect();
        items.sort_by(|(a, _), (b, _)| self.compare(a, b));
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// The page that was asked for, of what [`sorted`](Self::sorted) gave.
    pub(crate) fn page(&self, items: &[Value]) -> Page {
        let total = items.len();
        let size = self.top.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
        let end = self.skip.saturating_add(size);
        Page {
            items: items
                .iter()
                .skip(self.skip)
                .take(size)
                .map(|item| self.project(item.clone()))
                .collect(),
            count: if self.count { total } else { 0 },
            next_skip: (end < total).then_some(end),
        }
    }

    fn sort_key(&self, item: &Value) -> Vec<Literal> {
        self.order
            .iter()
            .map(|(name, kind, _)| Literal::of(item, name, *kind))
            .collect()
    }

    fn compare(&self, a: &[Literal], b: &[Literal]) -> Ordering {
        let keys = a.iter().zip(b).zip(&self.order);
        keys.map(|((a, b), (_, _, direction))| match direction {
            Direction::Ascending => a.sort_order(b),
            Direction::Descending => b.sort_order(a),
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
    }

    fn project(&self, item: Value) -> Value {
        match (&self.select, item) {
            (Some(names), Value::Object(members)) => Value::Object(
                members
                    .into_iter()
                    .filter(|(name, _)| names.contains(name))
                    .collect::<Map<_, _>>(),
            ),
            (_, item) => item,
        }
    }
}

fn parse_order(
    text: &str,
    fields: Fields,
) -> Result<Vec<(&'static str, FieldType, Direction)>, QueryError> {
    text.split(',')
        .map(|item| {
            let mut words = item.split_ascii_whitespace();
            let name = words
                .next()
                .ok_or_else(|| QueryError::new("$orderby has an empty item"))?;
            let (name, kind) = field(fields, name)?;
            let direction = match words.next() {
                None | Some("asc") => Direction::Ascending,
                Some("desc") => Direction::Descending,
                Some(other) => {
                    return Err(QueryError::new(format!(
                        "$orderby knows asc and desc, not '{other}'"
                    )));
                }
            };
            match words.next() {
                None => Ok((name, kind, direction)),
                Some(extra) => Err(QueryError::new(format!(
                    "'{extra}' is not expected in $orderby"
                ))),
            }
        })
        .collect()
}

fn select(text: &str, fields: Fields) -> Result<Vec<String>, QueryError> {
    text.split(',')
        .map(str::trim)
        .map(|name| {
            let known = fields
                .iter()
                .any(|(field, _)| field.split('/').next() == Some(name));
            if known {
                Ok(name.to_owned())
            } else {
                Err(QueryError::new(format!(
                    "there is no field named '{name}' to select"
                )))
            }
        })
        .collect()
}

fn positive(text: Option<&str>, option: &str) -> Result<Option<usize>, QueryError> {
    text.map(|text| match text.parse::<usize>() {
        Ok(value) if value >= 1 => Ok(value),
        _ => Err(QueryError::new(format!(
            "{option} must be a whole number of at least 1, not '{text}'"
        ))),
    })
    .transpose()
}
