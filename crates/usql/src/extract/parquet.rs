//! `Extractors.Parquet()`: columns by name, with the types of the script.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::{self, CastOptions};
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use azml_usql_syntax::Code;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::{ExtractSource, SourceColumn, file_column};
use crate::cs::Type;
use crate::cs::datetime::UNIX_EPOCH_TICKS;
use crate::error::RuntimeError;
use crate::expr::column;
use crate::rel::Column;
use crate::store::FileStore;
use crate::table::open;

/// Rows in a batch.
const BATCH: usize = 8_192;

/// Types that Parquet files of the service held.
pub(crate) fn is_in_parquet(ty: &Type) -> bool {
    ty.is_column_type()
        && !matches!(
            ty.underlying(),
            Type::Char | Type::Guid | Type::SqlArray(_) | Type::SqlMap(..)
        )
}

/// One file and what is wanted of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub(super) source: &'a ExtractSource,
    pub(super) columns: &'a [Column],
    /// Places in `columns`.
    pub(super) wanted: &'a [usize],
    pub(super) file: usize,
}

impl<'a> File<'a> {
    /// Its batches: the wanted columns and the number of rows.
    pub(super) fn open(
        self,
        store: &dyn FileStore,
    ) -> Result<impl Iterator<Item = Result<(Vec<ArrayRef>, usize), RuntimeError>> + 'a, RuntimeError>
    {
        let path = &self.source.files[self.file].path;
        let broken = move |error: parquet::errors::ParquetError| {
            RuntimeError::new(
                Code::E_RUNTIME_USER_EXTRACT_ROW_ERROR,
                format!("the file '{path}' cannot be read as Parquet"),
            )
            .with_inner(error)
        };
        let reader = open(store, path)
            .map_err(|error| RuntimeError::io("read", path, &error))?
            .map_err(broken)?;
        let stored = Arc::clone(reader.schema());
        let mut roots = Vec::new();
        for at in self.wanted {
            if !matches!(self.source.columns[*at], SourceColumn::Field(_)) {
                continue;
            }
            let name = &self.columns[*at].name;
            match stored.index_of(name) {
                Ok(root) => roots.push(root),
                Err(_) => {
                    return Err(RuntimeError::new(
                        Code::E_RUNTIME_USER_EXTRACT_ROW_ERROR,
                        format!("the file '{path}' has no column '{name}'"),
                    ));
                }
            }
        }
        let mask = ProjectionMask::roots(reader.parquet_schema(), roots);
        let batches: ParquetRecordBatchReader = reader
            .with_projection(mask)
            .with_batch_size(BATCH)
            .build()
            .map_err(broken)?;
        Ok(batches.map(move |batch| {
            let batch = batch.map_err(|error| broken(error.into()))?;
            let rows = batch.num_rows();
            let mut arrays = Vec::with_capacity(self.wanted.len());
            for at in self.wanted {
                let column = &self.columns[*at];
                arrays.push(match batch.column_by_name(&column.name) {
                    Some(array) if matches!(self.source.columns[*at], SourceColumn::Field(_)) => {
                        self.converted(array, column)?
                    }
                    _ => file_column(self.source, self.file, *at, &column.ty, rows),
                });
            }
            Ok((arrays, rows))
        }))
    }

    /// A stored column as one of the script's type.
    fn converted(&self, array: &ArrayRef, column: &Column) -> Result<ArrayRef, RuntimeError> {
        let path = &self.source.files[self.file].path;
        if array.null_count() > 0 && !column.ty.is_nullable() {
            return Err(RuntimeError::new(
                Code::E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_NULL_ERROR,
                format!(
                    "the file '{path}' has null in the column '{}', which the script reads as '{}'",
                    column.name, column.ty
                ),
            ));
        }
        let wanted = column::data_type(&column.ty);
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let is_date = *column.ty.underlying() == Type::DateTime;
        let result = match array.data_type() {
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 if is_date => {
                let micro = DataType::Timestamp(TimeUnit::Microsecond, None);
                compute::cast_with_options(array, &micro, &strict)
                    .and_then(|array| compute::cast_with_options(&array, &DataType::Int64, &strict))
                    .map(|array| {
                        let ticks: Int64Array = array
                            .as_primitive::<Int64Type>()
                            .unary(|micro| micro.wrapping_mul(10).wrapping_add(UNIX_EPOCH_TICKS));
                        Arc::new(ticks) as ArrayRef
                    })
            }
            stored if is_date != stored.is_temporal() => Err(stored_as(stored)),
            stored if is_text(stored) != (wanted == DataType::Utf8) && !stored.is_binary() => {
                Err(stored_as(stored))
            }
            _ => compute::cast_with_options(array, &wanted, &strict),
        };
        result.map_err(|error| {
            RuntimeError::new(
                Code::E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_INVALID_ERROR,
                format!(
                    "the column '{}' of the file '{path}' cannot be read as '{}'",
                    column.name, column.ty
                ),
            )
            .with_inner(error)
        })
    }
}

fn is_text(ty: &DataType) -> bool {
    matches!(
        ty,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn stored_as(ty: &DataType) -> ArrowError {
    ArrowError::CastError(format!("the column is stored as {ty}"))
}
