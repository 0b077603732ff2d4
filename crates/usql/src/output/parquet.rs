//! `Outputters.Parquet()`: columns in the types that the service wrote.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{self, CastOptions};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use crate::cs::datetime::{TICKS_PER_DAY, TICKS_PER_MILLISECOND, UNIX_EPOCH_TICKS};
use crate::cs::{CsError, CsResult, Type};
use crate::expr::column;
use crate::extract::is_in_parquet;
use crate::rel::Column;
use crate::table::TableWriter;

/// The parameters of `Outputters.Parquet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParquetFormat {
    pub(crate) row_group_bytes: usize,
    pub(crate) row_group_rows: usize,
    /// One for each column.
    pub(crate) columns: Vec<ColumnFormat>,
}

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnFormat {
    /// Digits of a decimal.
    precision: u8,
    /// Digits of a decimal behind its point.
    scale: i8,
    time: TimeForm,
    compressed: bool,
}

/// How a DateTime is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum TimeForm {
    Micro,
    Milli,
    Days,
}

impl Default for ColumnFormat {
    fn default() -> Self {
        Self {
            precision: 28,
            scale: 0,
            time: TimeForm::Micro,
            compressed: false,
        }
    }
}

impl ColumnFormat {
    /// The formats of `count` columns from `columnOptions`: a list of
    /// `index[:precision][.scale][~compression]` and `index:micro|milli|days`.
    pub(crate) fn list(options: &str, count: usize) -> Result<Vec<Self>, String> {
        let mut formats = vec![Self::default(); count];
        for option in options
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
        {
            let (rest, compression) = match option.split_once('~') {
                Some((rest, compression)) => (rest, Some(compression)),
                None => (option, None),
            };
            let (index, form) = match rest.split_once(':') {
                Some((index, form)) => (index, Some(form)),
                None => (rest, None),
            };
            let bad = || format!("columnOptions: '{option}' is no option of a column");
            let at: usize = index.trim().parse().map_err(|_| bad())?;
            let format = formats.get_mut(at).ok_or_else(|| {
                format!(
                    "columnOptions: there is no column {at}, the last is {}",
                    count - 1
                )
            })?;
            match form.map(str::trim) {
                None => {}
                Some("micro") => format.time = TimeForm::Micro,
                Some("milli") => format.time = TimeForm::Milli,
                Some("days") => format.time = TimeForm::Days,
                Some(digits) => {
                    let (precision, scale) = digits.split_once('.').unwrap_or((digits, "0"));
                    format.precision = precision.parse().map_err(|_| bad())?;
                    format.scale = scale.parse().map_err(|_| bad())?;
                    let fits = (1..=38).contains(&format.precision)
                        && (0..=28).contains(&format.scale)
                        && i16::from(format.scale) <= i16::from(format.precision);
                    if !fits {
                        return Err(bad());
                    }
                }
            }
            match compression.map(str::trim) {
                None | Some("uncompressed") => {}
                Some("snappy") => format.compressed = true,
                Some(other @ ("gzip" | "brotli")) => {
                    return Err(format!(
                        "columnOptions: the compression '{other}' is not supported by this engine; write snappy"
                    ));
                }
                Some(_) => return Err(bad()),
            }
        }
        Ok(formats)
    }

    fn stored(self, ty: &Type) -> DataType {
        match ty.underlying() {
            Type::DateTime => match self.time {
                TimeForm::Micro => DataType::Timestamp(TimeUnit::Microsecond, None),
                TimeForm::Milli => DataType::Timestamp(TimeUnit::Millisecond, None),
                TimeForm::Days => DataType::Date32,
            },
            Type::Decimal => DataType::Decimal128(self.precision, self.scale),
            _ => column::data_type(ty),
        }
    }

    /// An array of the script's type as it is stored.
    fn converted(self, array: &ArrayRef, column: &Column) -> CsResult<ArrayRef> {
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let stored = self.stored(&column.ty);
        let cast = |array: &dyn Array| {
            compute::cast_with_options(array, &stored, &strict).map_err(|error| {
                CsError::overflow(format!("The column '{}': {error}", column.name))
            })
        };
        match column.ty.underlying() {
            Type::DateTime => {
                let unit = match self.time {
                    TimeForm::Micro => 10,
                    TimeForm::Milli => TICKS_PER_MILLISECOND,
                    TimeForm::Days => TICKS_PER_DAY,
                };
                let numbers: Int64Array = array
                    .as_primitive::<Int64Type>()
                    .unary(|ticks| (ticks - UNIX_EPOCH_TICKS).div_euclid(unit));
                if self.time == TimeForm::Days {
                    let days = compute::cast_with_options(&numbers, &DataType::Int32, &strict);
                    let days = days.map_err(|error| CsError::overflow(error.to_string()))?;
                    return cast(&days);
                }
                cast(&numbers)
            }
            Type::Decimal => cast(array),
            _ => Ok(Arc::clone(array)),
        }
    }
}

/// The first column that cannot be written.
pub(crate) fn refused(columns: &[Column]) -> Option<&Column> {
    columns.iter().find(|column| !is_in_parquet(&column.ty))
}

/// Writes rows of known columns.
pub(crate) struct ParquetWriter {
    columns: Vec<Column>,
    formats: Vec<ColumnFormat>,
    schema: Arc<Schema>,
    writer: TableWriter,
}

impl ParquetWriter {
    pub(crate) fn new(
        format: &ParquetFormat,
        columns: &[Column],
        file: Box<dyn Write + Send>,
    ) -> parquet::errors::Result<Self> {
        let fields = columns.iter().zip(&format.columns).map(|(column, format)| {
            Field::new(
                &column.name,
                format.stored(&column.ty),
                column.ty.is_nullable(),
            )
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(format.row_group_rows))
            .set_max_row_group_bytes(Some(format.row_group_bytes));
        for (column, format) in columns.iter().zip(&format.columns) {
            if format.compressed {
                let path = ColumnPath::from(vec![column.name.clone()]);
                properties = properties.set_column_compression(path, Compression::SNAPPY);
            }
        }
        Ok(Self {
            columns: columns.to_vec(),
            formats: format.columns.clone(),
            writer: TableWriter::with(Arc::clone(&schema), properties.build(), file)?,
            schema,
        })
    }

    /// The batch as it is to be written.
    pub(crate) fn converted(&self, batch: &RecordBatch) -> CsResult<RecordBatch> {
        let arrays = batch
            .columns()
            .iter()
            .zip(&self.columns)
            .zip(&self.formats)
            .map(|((array, column), format)| format.converted(array, column))
            .collect::<CsResult<Vec<_>>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|error| CsError::invalid_operation(&error.to_string()))
    }

    /// Writes a converted batch.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> parquet::errors::Result<()> {
        self.writer.write(batch)
    }

    /// Ends the file; its length.
    pub(crate) fn finish(self) -> parquet::errors::Result<u64> {
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_columns() {
        let formats = ColumnFormat::list("0:10.2~snappy, 2:milli", 3).expect("options");
        assert_eq!((formats[0].precision, formats[0].scale), (10, 2));
        assert!(formats[0].compressed && !formats[2].compressed);
        assert_eq!(formats[1], ColumnFormat::default());
        assert_eq!(formats[2].time, TimeForm::Milli);
        for bad in ["3", "x", "0:39", "0:5.6", "0~zip", "0~gzip", "0:weeks"] {
            assert!(ColumnFormat::list(bad, 3).is_err(), "{bad}");
        }
    }
}
