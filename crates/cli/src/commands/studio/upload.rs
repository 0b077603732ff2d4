//! Data on its way up: a file, standard input, or the rows of a Parquet file.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

use azml::studio_classic::formats::Frame;
use azml::studio_classic::{DataTypeId, UploadData};
use azml_core::{Error, ErrorKind};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::failure::{Failure, Result};

/// What goes up: bytes as they are, or the rows of a frame.
pub(super) enum Content {
    /// Bytes of whatever type the caller says.
    Raw(UploadData),
    /// Rows, written as the type that the caller says.
    Frame(Frame),
}

/// Data and what is known about it beforehand.
pub(super) struct Upload {
    /// The data itself.
    pub(super) content: Content,
    /// Its size in bytes, where that is known.
    pub(super) size: Option<u64>,
    /// The file's own name; empty for standard input.
    pub(super) file_name: String,
}

/// Whether this stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Opens a file, or standard input for `-`. The rows of a Parquet file become a frame.
pub(super) async fn open(file: &Path) -> Result<Upload> {
    if is_stdin(file) {
        return Ok(Upload {
            content: Content::Raw(UploadData::unsized_reader(tokio::io::stdin())),
            size: None,
            file_name: String::new(),
        });
    }
    let file_name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(OsStr::new("parquet")))
    {
        let path = file.to_owned();
        let frame = tokio::task::spawn_blocking(move || read_parquet(&path))
            .await
            .map_err(|error| Failure::new(format!("read Parquet: {error}")))??;
        return Ok(Upload {
            content: Content::Frame(frame),
            size: None,
            file_name,
        });
    }
    let size = std::fs::metadata(file).map(|metadata| metadata.len()).ok();
    Ok(Upload {
        content: Content::Raw(UploadData::file(file).await?),
        size,
        file_name,
    })
}

/// The type that goes with a file's name; text in columns for Parquet.
pub(super) fn type_of(file: &Path) -> Result<DataTypeId> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if name.to_ascii_lowercase().ends_with(".parquet") {
        return Ok(DataTypeId::GenericCsv);
    }
    DataTypeId::for_file_name(&name).ok_or_else(|| {
        Failure::usage(format!("the type of `{name}` cannot be told from its name")).hint(
            "give --type: PlainText, GenericCSV, GenericCSVNoHeader, GenericTSV, \
             GenericTSVNoHeader, ARFF, Zip or RData",
        )
    })
}

fn read_parquet(path: &Path) -> Result<Frame> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Error(Error::new(
            ErrorKind::InvalidData,
            format!("read {}: {error}", path.display()),
        ))
    };
    let file = File::open(path).map_err(|error| failed(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| failed(&error))?;
    let schema = builder.schema().clone();
    let reader = builder.build().map_err(|error| failed(&error))?;
    let batches: Vec<_> = reader
        .collect::<Result<_, _>>()
        .map_err(|error| failed(&error))?;
    Frame::try_new(schema, batches).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_from_the_name_or_asked_for() {
        assert_eq!(
            type_of(Path::new("a/b.nh.TSV")).unwrap(),
            DataTypeId::GenericTsvNoHeader
        );
        assert_eq!(
            type_of(Path::new("b.parquet")).unwrap(),
            DataTypeId::GenericCsv
        );
        let failure = type_of(Path::new("-")).unwrap_err();
        assert_eq!(failure.status(), 2);
        assert!(failure.report().contains("--type"));
    }

    #[test]
    fn what_is_no_parquet_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a,b\n").unwrap();
        let report = read_parquet(file.path()).unwrap_err().report();
        assert!(
            report.contains(&file.path().display().to_string()),
            "{report}"
        );
    }
}
