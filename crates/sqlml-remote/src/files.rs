//! Files as data sources: delimited text, and Parquet in the role of the proprietary columnar files.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, RecordBatch},
    compute::cast,
    csv::{ReaderBuilder, WriterBuilder, reader::Format},
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::Compression,
    file::properties::WriterProperties,
};

use crate::{
    columns::{ColumnInfo, Columns, factor, levels},
    error::{Error, Result},
    session::Frame,
};

/// The names of a factor's levels, in the metadata of its column.
const LEVELS: &str = "azml.levels";
/// How a Parquet file begins.
const PARQUET: &[u8] = b"PAR1";

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::InvalidData(format!("'{}': {error}", path.display()))
}

/// A delimited text file.
#[derive(Clone, Debug)]
#[must_use]
pub struct RxTextData {
    path: PathBuf,
    delimiter: Option<u8>,
    missing: String,
    names: Option<bool>,
    skip: usize,
    columns: Columns,
}

impl RxTextData {
    /// This file: values are missing where they are empty or `NA`, the delimiter and whether the first row has the names of
    /// the columns show from its first rows.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            delimiter: None,
            missing: "NA".to_owned(),
            names: None,
            skip: 0,
            columns: Columns::default(),
        }
    }

    /// What is between two values. Default: the comma, semicolon, tab or bar of which the first row has most.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// The text of a missing value. Default: `NA`.
    pub fn missing_value_string(mut self, text: impl Into<String>) -> Self {
        self.missing = text.into();
        self
    }

    /// Whether the first row has the names of the columns. Default: it has when none of its values is a number.
    pub fn first_row_is_column_names(mut self, is: bool) -> Self {
        self.names = Some(is);
        self
    }

    /// How many rows to leave out at the beginning. Default: none.
    pub fn rows_to_skip(mut self, rows: usize) -> Self {
        self.skip = rows;
        self
    }

    /// How to read a column.
    pub fn column_info(mut self, name: impl Into<String>, info: ColumnInfo) -> Self {
        self.columns.set(name.into(), info);
        self
    }

    /// Whether columns of text become factors. Default: no.
    pub fn strings_as_factors(mut self, converts: bool) -> Self {
        self.columns.strings_as_factors(converts);
        self
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All rows. The types of the columns are those that all their values have.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::InvalidData`] for rows of different lengths or values that do not fit their class.
    pub fn read(&self) -> Result<Frame> {
        let path = &self.path;
        let text = std::fs::read(path).map_err(io(path))?;
        let mut rest = text.as_slice();
        for _ in 0..self.skip {
            let end = rest.iter().position(|byte| *byte == b'\n');
            rest = end.map_or(&[], |end| &rest[end + 1..]);
        }
        let first = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = self.delimiter.unwrap_or_else(|| common_delimiter(first));
        let names = self.names.unwrap_or_else(|| has_names(first, delimiter));
        // The text of a missing value stands for nothing, which the reader knows.
        let missing = regex::Regex::new(&format!("^({})?$", regex::escape(&self.missing)))
            .map_err(|error| wrong(path, &error))?;
        let format = Format::default()
            .with_header(names)
            .with_delimiter(delimiter)
            .with_null_regex(missing.clone());
        let (schema, _) = format
            .infer_schema(rest, None)
            .map_err(|error| wrong(path, &error))?;
        let schema = Arc::new(schema);
        let reader = ReaderBuilder::new(SchemaRef::clone(&schema))
            .with_header(names)
            .with_delimiter(delimiter)
            .with_null_regex(missing)
            .build(rest)
            .map_err(|error| wrong(path, &error))?;
        let mut columns = self.columns.clone();
        let mut batches = Vec::new();
        for batch in reader {
            batches.push(columns.apply(batch.map_err(|error| wrong(path, &error))?)?);
        }
        if batches.is_empty() {
            batches.push(columns.apply(RecordBatch::new_empty(schema))?);
        }
        Frame::new(batches)
    }

    /// Writes a frame, with a row of names.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Arrow`] for columns that text cannot hold.
    pub fn write(&self, frame: &Frame) -> Result<()> {
        let path = &self.path;
        replace(path, |file| {
            let mut writer = WriterBuilder::new()
                .with_header(true)
                .with_delimiter(self.delimiter.unwrap_or(b','))
                .with_null(self.missing.clone())
                .build(file);
            let empty = RecordBatch::new_empty(frame.schema());
            let batches = match frame.batches() {
                [] => std::slice::from_ref(&empty),
                batches => batches,
            };
            for batch in batches {
                writer.write(&plain(batch)?)?;
            }
            Ok(())
        })
    }
}

/// The batch with the texts of its factors.
fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => cast(array, values)?,
            _ => Arc::clone(array),
        };
        fields.push(Field::new(
            field.name(),
            array.data_type().clone(),
            field.is_nullable(),
        ));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// The delimiter that a row has most of; a comma where it has none.
fn common_delimiter(row: &[u8]) -> u8 {
    let count = |delimiter: &u8| row.iter().filter(|byte| *byte == delimiter).count();
    // Of equals the first counts.
    [b',', b'\t', b';', b'|']
        .into_iter()
        .rev()
        .max_by_key(count)
        .unwrap_or(b',')
}

/// Whether a row looks like names: none of its values is a number.
fn has_names(row: &[u8], delimiter: u8) -> bool {
    !row.split(|byte| *byte == delimiter).any(|value| {
        let text = String::from_utf8_lossy(value);
        text.trim().trim_matches('"').parse::<f64>().is_ok()
    })
}

/// Fills a file beside the one that is meant, which it becomes in the end.
fn replace(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io(path))?;
    fill(file.as_file_mut())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(io(path))?;
    }
    file.persist(path)
        .map(drop)
        .map_err(|error| io(path)(error.error))
}

/// A local columnar file: Parquet, which has the part of the proprietary `.xdf` files. Those cannot be read, for their
/// layout is not published.
#[derive(Clone, Debug)]
#[must_use]
pub struct RxXdfData {
    path: PathBuf,
    compresses: bool,
}

impl RxXdfData {
    /// This file, whose name ends in `.parquet`. A name that ends in `.xdf` stands for the Parquet file beside it, where
    /// there is no such file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            compresses: true,
        }
    }

    /// How much to compress when it is written: 0 is not at all. Default: 1.
    pub fn compression_level(mut self, level: u8) -> Self {
        self.compresses = level > 0;
        self
    }

    /// The file that is read.
    ///
    /// # Errors
    /// [`Error::XdfUnreadable`] for a file of the proprietary layout.
    pub fn path(&self) -> Result<PathBuf> {
        let path = &self.path;
        if !self.is_xdf() {
            return Ok(path.clone());
        }
        if !path.exists() {
            let beside = path.with_extension("parquet");
            if beside.exists() {
                tracing::info!(file = %beside.display(), "read in place of the .xdf file");
                return Ok(beside);
            }
            return Ok(path.clone());
        }
        let mut start = [0; PARQUET.len()];
        let file = File::open(path).map_err(io(path))?;
        let read = std::io::Read::read(&mut &file, &mut start).map_err(io(path))?;
        if start[..read] == *PARQUET {
            Ok(path.clone())
        } else {
            Err(Error::XdfUnreadable(path.clone()))
        }
    }

    fn is_xdf(&self) -> bool {
        let extension = self.path.extension();
        extension.is_some_and(|extension| extension.eq_ignore_ascii_case("xdf"))
    }

    fn open(&self) -> Result<(PathBuf, ParquetRecordBatchReaderBuilder<File>)> {
        let path = self.path()?;
        let file = File::open(&path).map_err(io(&path))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| wrong(&path, &error))?;
        Ok((path, builder))
    }

    /// All rows. Factors have the levels that they were written with.
    ///
    /// # Errors
    /// [`Error::XdfUnreadable`], [`Error::Io`], and [`Error::InvalidData`] for a file that is not whole.
    pub fn read(&self) -> Result<Frame> {
        let (path, builder) = self.open()?;
        let schema = SchemaRef::clone(builder.schema());
        let reader = builder.build().map_err(|error| wrong(&path, &error))?;
        let mut batches = Vec::new();
        for batch in reader {
            batches.push(with_levels(&batch.map_err(|error| wrong(&path, &error))?)?);
        }
        if batches.is_empty() {
            batches.push(with_levels(&RecordBatch::new_empty(schema))?);
        }
        Frame::new(batches)
    }

    /// How many blocks of rows the file has.
    pub(crate) fn blocks(&self) -> Result<usize> {
        Ok(self.open()?.1.metadata().num_row_groups())
    }

    /// Writes a frame; a file that is there is replaced when all is written.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a name that ends in `.xdf`; [`Error::Io`].
    pub fn write(&self, frame: &Frame) -> Result<()> {
        let path = &self.path;
        if self.is_xdf() {
            return Err(Error::Unsupported(format!(
                "'{}': files of the proprietary layout cannot be written; let the name end in .parquet",
                path.display()
            )));
        }
        let whole = frame.concat()?;
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (at, array) in whole.columns().iter().enumerate() {
            let mut field = whole.schema().field(at).clone();
            let mut array = Arc::clone(array);
            // Levels are only ever added: the last batch has all.
            let last = frame
                .batches()
                .last()
                .map_or(&array, |last| last.column(at));
            if let Some(mut known) = levels(last.as_ref())? {
                array = Arc::new(factor(&cast(&array, &DataType::Utf8)?, &mut known, true)?);
                let known = serde_json::Value::from(known).to_string();
                field = Field::new(field.name(), array.data_type().clone(), field.is_nullable())
                    .with_metadata([(LEVELS.to_owned(), known)].into());
            }
            fields.push(field);
            arrays.push(array);
        }
        let schema = Arc::new(Schema::new(fields));
        let whole = RecordBatch::try_new(SchemaRef::clone(&schema), arrays)?;
        let compression = if self.compresses {
            Compression::SNAPPY
        } else {
            Compression::UNCOMPRESSED
        };
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        replace(path, |file| {
            let mut writer = ArrowWriter::try_new(file, schema, Some(properties))
                .map_err(|error| wrong(path, &error))?;
            writer.write(&whole).map_err(|error| wrong(path, &error))?;
            writer
                .close()
                .map(drop)
                .map_err(|error| wrong(path, &error))
        })
    }
}

/// Gives the factors of a batch the levels that are written beside them.
fn with_levels(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let known = field.metadata().get(LEVELS);
        let known: Option<Vec<String>> = known.and_then(|known| serde_json::from_str(known).ok());
        let array = match known {
            Some(mut known) => Arc::new(factor(&cast(array, &DataType::Utf8)?, &mut known, false)?),
            None => Arc::clone(array),
        };
        fields.push(Field::new(
            field.name(),
            array.data_type().clone(),
            field.is_nullable(),
        ));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{AsArray, Int64Array, StringArray},
        datatypes::{Float64Type, Int64Type, UInt32Type},
    };

    use super::*;
    use crate::columns::ColumnClass;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn text_tells_its_delimiter_and_names() {
        let folder = folder();
        let path = folder.path().join("t.txt");
        std::fs::write(&path, "first\na;b;c\n1;x;NA\n2;;2.5\n").unwrap();
        let source = RxTextData::new(&path).rows_to_skip(1);
        let frame = source.read().unwrap().concat().unwrap();
        assert_eq!(
            frame.column(0).as_primitive::<Int64Type>().values(),
            &[1, 2]
        );
        assert_eq!(frame.column(1).null_count(), 1);
        let numbers = frame.column(2).as_primitive::<Float64Type>();
        assert!(numbers.is_null(0) && numbers.value(1) == 2.5);
        std::fs::write(&path, "1,2\n3,4\n").unwrap();
        let frame = RxTextData::new(&path).read().unwrap();
        assert_eq!((frame.num_rows(), frame.schema().fields().len()), (2, 2));
        let factors = RxTextData::new(&path)
            .first_row_is_column_names(true)
            .column_info("1", ColumnInfo::class(ColumnClass::Factor).new_name("f"));
        let frame = factors.read().unwrap();
        assert_eq!(
            (frame.num_rows(), frame.schema().field(0).name().as_str()),
            (1, "f")
        );
        std::fs::write(&path, "a,b\n1\n").unwrap();
        assert!(matches!(
            RxTextData::new(&path).read(),
            Err(Error::InvalidData(_))
        ));
        let missing = RxTextData::new(folder.path().join("none"));
        assert!(matches!(missing.read(), Err(Error::Io { .. })));
    }

    fn factor_frame() -> Frame {
        let mut levels = vec!["c".to_owned(), "a".to_owned(), "b".to_owned()];
        let texts = StringArray::from(vec![Some("a"), None, Some("b")]);
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "f",
                Arc::new(factor(&texts, &mut levels, false).unwrap()) as arrow::array::ArrayRef,
                true,
            ),
            ("n", Arc::new(Int64Array::from(vec![1, 2, 3])), true),
        ]);
        Frame::new(vec![batch.unwrap()]).unwrap()
    }

    #[test]
    fn parquet_keeps_levels_in_their_order() {
        let folder = folder();
        for level in [0, 1] {
            let file = RxXdfData::new(folder.path().join("f.parquet")).compression_level(level);
            file.write(&factor_frame()).unwrap();
            let back = file.read().unwrap().concat().unwrap();
            let column = back.column(0).as_dictionary::<UInt32Type>();
            assert_eq!(levels(column).unwrap().unwrap(), ["c", "a", "b"]);
            assert_eq!(
                column.keys().iter().collect::<Vec<_>>(),
                [Some(1), None, Some(2)]
            );
            assert_eq!(file.blocks().unwrap(), 1);
        }
        let frame = factor_frame();
        let twice = Frame::new([frame.batches(), frame.batches()].concat()).unwrap();
        let file = RxXdfData::new(folder.path().join("twice.parquet"));
        file.write(&twice).unwrap();
        let back = file.read().unwrap().concat().unwrap();
        assert_eq!(levels(back.column(0)).unwrap().unwrap(), ["c", "a", "b"]);
        let text = RxTextData::new(folder.path().join("f.csv"));
        text.write(&factor_frame()).unwrap();
        let written = std::fs::read_to_string(text.path()).unwrap();
        assert_eq!(written, "f,n\na,1\nNA,2\nb,3\n");
    }

    /// sqlml C28: a file of the proprietary layout is refused by name; a Parquet file beside it has its part.
    #[test]
    fn c28_a_real_xdf_file_is_refused() {
        let folder = folder();
        let path = folder.path().join("AirlineDemoSmall.xdf");
        let file = RxXdfData::new(&path);
        assert!(matches!(file.read(), Err(Error::Io { .. })));
        RxXdfData::new(path.with_extension("parquet"))
            .write(&factor_frame())
            .unwrap();
        assert_eq!(file.read().unwrap().num_rows(), 3);
        std::fs::write(&path, b"\x00\x01XDF").unwrap();
        let error = file.read().unwrap_err();
        assert!(matches!(error, Error::XdfUnreadable(_)), "{error}");
        assert!(azml_core::Error::from(error).hint().is_some());
        assert!(matches!(
            file.write(&factor_frame()),
            Err(Error::Unsupported(_))
        ));
        std::fs::write(&path, b"").unwrap();
        assert!(matches!(file.read(), Err(Error::XdfUnreadable(_))));
    }
}
