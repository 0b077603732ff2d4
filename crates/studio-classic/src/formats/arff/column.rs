//! The values of one attribute become arrays.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, TimeUnit};

use super::date::Pattern;
use super::header::Kind;
use super::line::{Result, Word};
use crate::formats::number::{parse_f64, parse_i64};

/// 2^53: up to here every whole `f64` is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[derive(Debug)]
enum Values {
    Floats(Vec<Option<f64>>),
    /// Whole numbers, until one is not.
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Instants(Pattern, Vec<Option<i64>>),
    Keys {
        keys: Vec<Option<i32>>,
        labels: Arc<StringArray>,
        positions: HashMap<String, i32>,
    },
}

/// Collects one column.
#[derive(Debug)]
pub(super) struct Column {
    values: Values,
}

impl Column {
    /// `None` for a relational attribute.
    pub(super) fn new(kind: &Kind) -> Option<Self> {
        let values = match kind {
            Kind::Numeric => Values::Floats(Vec::new()),
            Kind::Integer => Values::Integers(Vec::new()),
            Kind::Text => Values::Texts(Vec::new()),
            Kind::Date(pattern) => Values::Instants(pattern.clone(), Vec::new()),
            Kind::Nominal(labels) => Values::Keys {
                keys: Vec::new(),
                labels: Arc::new(StringArray::from(labels.clone())),
                positions: labels.iter().cloned().zip(0..).collect(),
            },
            Kind::Relational => return None,
        };
        Some(Self { values })
    }

    /// The type of arrays; an integer column may still become one of floats.
    pub(super) fn data_type(&self) -> DataType {
        match &self.values {
            Values::Floats(_) => DataType::Float64,
            Values::Integers(_) => DataType::Int64,
            Values::Texts(_) => DataType::Utf8,
            Values::Instants(pattern, _) => {
                let zone = pattern.has_zone().then(|| "+00:00".into());
                DataType::Timestamp(TimeUnit::Millisecond, zone)
            }
            Values::Keys { .. } => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
        }
    }

    pub(super) fn push(&mut self, word: &Word<'_>) -> Result<()> {
        if word.is_missing() {
            self.push_missing();
            return Ok(());
        }
        let text = word.text.as_bytes();
        let number =
            || parse_f64(text).ok_or_else(|| word.error(format!("`{}` is no number", word.text)));
        match &mut self.values {
            Values::Floats(values) => values.push(Some(number()?)),
            Values::Integers(values) => match parse_i64(text) {
                Some(value) => values.push(Some(value)),
                None => {
                    let value = number()?;
                    match whole(value) {
                        Some(value) => values.push(Some(value)),
                        None => {
                            let mut floats: Vec<_> = values.iter().map(|v| v.map(widen)).collect();
                            floats.push(Some(value));
                            self.values = Values::Floats(floats);
                        }
                    }
                }
            },
            Values::Texts(values) => values.push(Some(word.text.clone().into_owned())),
            Values::Instants(pattern, values) => {
                let instant = pattern.parse(&word.text);
                let refuse =
                    || word.error(format!("`{}` does not follow the date format", word.text));
                values.push(Some(instant.ok_or_else(refuse)?));
            }
            Values::Keys {
                keys, positions, ..
            } => {
                let key = positions.get(&*word.text);
                let refuse = || word.error(format!("label `{}` is not declared", word.text));
                keys.push(Some(*key.ok_or_else(refuse)?));
            }
        }
        Ok(())
    }

    fn push_missing(&mut self) {
        match &mut self.values {
            Values::Floats(values) => values.push(None),
            Values::Integers(values) | Values::Instants(_, values) => values.push(None),
            Values::Texts(values) => values.push(None),
            Values::Keys { keys, .. } => keys.push(None),
        }
    }

    /// The value that a sparse row leaves out: zero, the first label, an empty text.
    pub(super) fn push_default(&mut self) {
        match &mut self.values {
            Values::Floats(values) => values.push(Some(0.0)),
            Values::Integers(values) | Values::Instants(_, values) => values.push(Some(0)),
            Values::Texts(values) => values.push(Some(String::new())),
            Values::Keys { keys, labels, .. } => keys.push((!labels.is_empty()).then_some(0)),
        }
    }

    /// The values pushed since the last call.
    pub(super) fn finish(&mut self) -> ArrayRef {
        let data_type = self.data_type();
        match &mut self.values {
            Values::Floats(values) => Arc::new(Float64Array::from(std::mem::take(values))),
            Values::Integers(values) => Arc::new(Int64Array::from(std::mem::take(values))),
            Values::Texts(values) => Arc::new(StringArray::from(std::mem::take(values))),
            Values::Instants(_, values) => {
                let array = TimestampMillisecondArray::from(std::mem::take(values));
                Arc::new(array.with_data_type(data_type))
            }
            Values::Keys { keys, labels, .. } => {
                let keys = Int32Array::from(std::mem::take(keys));
                let labels: ArrayRef = labels.clone();
                let array = DictionaryArray::try_new(keys, labels);
                Arc::new(array.expect("keys are positions of labels"))
            }
        }
    }
}

/// A whole number that `i64` holds exactly.
fn whole(value: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

fn widen(value: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "rounds as the text would")]
    let value = value as f64;
    value
}
