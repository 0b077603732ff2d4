//! How columns are read: classes, new names, factors with their levels. Knows frames only.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, StringArray, UInt32Array},
    compute::cast,
    datatypes::{DataType, Field, Schema, TimeUnit, UInt32Type},
};

use crate::error::{Error, Result};

/// The class of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnClass {
    /// `bool`, also called `logical`.
    Bool,
    /// `integer`: 32 bits.
    Integer,
    /// `int16`.
    Int16,
    /// `uint16`.
    UInt16,
    /// `float32`.
    Float32,
    /// `numeric`, also called `float`: 64 bits.
    Numeric,
    /// `character`.
    Character,
    /// `factor`: texts of which there are few, by their level.
    Factor,
    /// `Date`.
    Date,
    /// `POSIXct`: a moment.
    Moment,
}

impl ColumnClass {
    /// The class of this name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an unknown one.
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "bool" | "logical" => Self::Bool,
            "integer" => Self::Integer,
            "int16" => Self::Int16,
            "uint16" => Self::UInt16,
            "float32" => Self::Float32,
            "numeric" | "float" => Self::Numeric,
            "character" => Self::Character,
            "factor" | "ordered" => Self::Factor,
            "Date" => Self::Date,
            "POSIXct" => Self::Moment,
            _ => {
                return Err(Error::InvalidArgument(format!(
                    "'{name}' is no class of columns"
                )));
            }
        })
    }

    fn arrow(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Integer => DataType::Int32,
            Self::Int16 => DataType::Int16,
            Self::UInt16 => DataType::UInt16,
            Self::Float32 => DataType::Float32,
            Self::Numeric => DataType::Float64,
            Self::Character => DataType::Utf8,
            Self::Factor => {
                DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
            }
            Self::Date => DataType::Date32,
            Self::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// How a column is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ColumnInfo {
    class: Option<ColumnClass>,
    new_name: Option<String>,
    levels: Option<Vec<String>>,
    new_levels: Option<Vec<String>>,
}

impl ColumnInfo {
    /// As this class.
    pub fn class(class: ColumnClass) -> Self {
        Self {
            class: Some(class),
            ..Self::default()
        }
    }

    /// As a factor with these levels; other values are missing.
    pub fn factor<T: Into<String>>(levels: impl IntoIterator<Item = T>) -> Self {
        Self {
            levels: Some(levels.into_iter().map(Into::into).collect()),
            ..Self::class(ColumnClass::Factor)
        }
    }

    /// The name that the column gets.
    pub fn new_name(mut self, name: impl Into<String>) -> Self {
        self.new_name = Some(name.into());
        self
    }

    /// What the levels are called after reading, in their order.
    pub fn new_levels<T: Into<String>>(mut self, levels: impl IntoIterator<Item = T>) -> Self {
        self.new_levels = Some(levels.into_iter().map(Into::into).collect());
        self
    }
}

/// How the columns of a source are read. Batches come one after the other; factors keep the levels that they had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    info: BTreeMap<String, ColumnInfo>,
    strings_as_factors: bool,
    /// The levels that have been seen, by column.
    seen: BTreeMap<String, Vec<String>>,
}

impl Columns {
    pub(crate) fn set(&mut self, name: String, info: ColumnInfo) {
        self.info.insert(name, info);
    }

    pub(crate) fn strings_as_factors(&mut self, converts: bool) {
        self.strings_as_factors = converts;
    }

    fn changes_nothing(&self) -> bool {
        self.info.is_empty() && !self.strings_as_factors
    }

    /// The batch with its columns as they are to be read.
    pub(crate) fn apply(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.changes_nothing() {
            return Ok(batch);
        }
        let schema = batch.schema();
        let mut fields = Vec::with_capacity(schema.fields().len());
        let mut arrays = Vec::with_capacity(schema.fields().len());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let info = self.info.get(field.name()).cloned().unwrap_or_default();
            let is_text = *field.data_type() == DataType::Utf8;
            let class = info
                .class
                .or((self.strings_as_factors && is_text).then_some(ColumnClass::Factor));
            let array = match class {
                Some(ColumnClass::Factor) => self.factor(field.name(), array, &info)?,
                Some(class) => convert(field.name(), array, class)?,
                None => ArrayRef::clone(array),
            };
            let name = info.new_name.as_ref().unwrap_or(field.name());
            fields.push(Field::new(
                name,
                array.data_type().clone(),
                field.is_nullable() || class.is_some(),
            ));
            arrays.push(array);
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }

    fn factor(&mut self, name: &str, array: &ArrayRef, info: &ColumnInfo) -> Result<ArrayRef> {
        let known = self.seen.entry(name.to_owned()).or_default();
        if let Some(levels) = &info.levels {
            known.clone_from(levels);
        }
        let array = factor(&cast(array, &DataType::Utf8)?, known, info.levels.is_none())?;
        let Some(new) = &info.new_levels else {
            return Ok(Arc::new(array));
        };
        if new.len() != known.len() {
            return Err(Error::InvalidArgument(format!(
                "column '{name}' has {} levels, and {} new names are given",
                known.len(),
                new.len()
            )));
        }
        let renamed = DictionaryArray::new(
            array.keys().clone(),
            Arc::new(StringArray::from_iter_values(new)),
        );
        Ok(Arc::new(renamed))
    }
}

fn convert(name: &str, array: &ArrayRef, class: ColumnClass) -> Result<ArrayRef> {
    let converted = cast(array, &class.arrow())?;
    if converted.null_count() > array.null_count() {
        return Err(Error::InvalidData(format!(
            "column '{name}' has values that are no {class:?}"
        )));
    }
    Ok(converted)
}

/// Texts by the position of their level. New levels are added behind the known ones, or are missing.
pub(crate) fn factor(
    texts: &dyn Array,
    levels: &mut Vec<String>,
    grows: bool,
) -> Result<DictionaryArray<UInt32Type>> {
    let texts = texts.as_string::<i32>();
    let mut by_name: BTreeMap<String, u32> = levels.iter().cloned().zip(0..).collect();
    let mut keys = Vec::with_capacity(texts.len());
    for text in texts {
        let key = match text {
            None => None,
            Some(text) => match by_name.get(text) {
                Some(key) => Some(*key),
                None if grows => {
                    let key = u32::try_from(levels.len()).unwrap_or(u32::MAX);
                    levels.push(text.to_owned());
                    by_name.insert(text.to_owned(), key);
                    Some(key)
                }
                None => None,
            },
        };
        keys.push(key);
    }
    Ok(DictionaryArray::try_new(
        UInt32Array::from(keys),
        Arc::new(StringArray::from_iter_values(&*levels)),
    )?)
}

/// The levels of a factor in their order; `None` for a column that is none.
pub(crate) fn levels(array: &dyn Array) -> Result<Option<Vec<String>>> {
    let Some(dictionary) = array.as_any_dictionary_opt() else {
        return Ok(None);
    };
    let values = cast(dictionary.values(), &DataType::Utf8)?;
    let values = values.as_string::<i32>();
    Ok(Some(values.iter().flatten().map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(values: &[Option<&str>]) -> RecordBatch {
        let array: StringArray = values.iter().copied().collect();
        RecordBatch::try_from_iter_with_nullable([("s", Arc::new(array) as ArrayRef, true)])
            .unwrap()
    }

    fn keys(batch: &RecordBatch) -> Vec<Option<u32>> {
        let factor = batch.column(0).as_dictionary::<UInt32Type>();
        factor.keys().iter().collect()
    }

    /// sqlml C15: levels are in the order in which they are first seen, over all batches.
    #[test]
    fn c15_levels_come_in_their_first_order() {
        let mut columns = Columns::default();
        columns.strings_as_factors(true);
        let first = columns.apply(batch(&[Some("b"), None, Some("a")])).unwrap();
        let second = columns.apply(batch(&[Some("c"), Some("b")])).unwrap();
        assert_eq!(keys(&first), [Some(0), None, Some(1)]);
        assert_eq!(keys(&second), [Some(2), Some(0)]);
        let known = levels(second.column(0).as_ref()).unwrap().unwrap();
        assert_eq!(known, ["b", "a", "c"]);
    }

    #[test]
    fn given_levels_make_others_missing() {
        let mut columns = Columns::default();
        let info = ColumnInfo::factor(["a", "b"])
            .new_levels(["first", "second"])
            .new_name("t");
        columns.set("s".to_owned(), info);
        let read = columns
            .apply(batch(&[Some("b"), Some("x"), Some("a")]))
            .unwrap();
        assert_eq!(read.schema().field(0).name(), "t");
        assert_eq!(keys(&read), [Some(1), None, Some(0)]);
        let known = levels(read.column(0).as_ref()).unwrap().unwrap();
        assert_eq!(known, ["first", "second"]);
    }

    #[test]
    fn a_value_that_does_not_fit_its_class_is_an_error() {
        let mut columns = Columns::default();
        columns.set(
            "s".to_owned(),
            ColumnInfo::class(ColumnClass::parse("integer").unwrap()),
        );
        let read = columns.apply(batch(&[Some("12"), None])).unwrap();
        assert_eq!(read.column(0).data_type(), &DataType::Int32);
        let error = columns.apply(batch(&[Some("x")])).unwrap_err();
        assert!(error.to_string().contains("'s'"), "{error}");
        assert!(ColumnClass::parse("complex").is_err());
    }
}
