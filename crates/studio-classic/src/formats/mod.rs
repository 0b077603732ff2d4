//! Text formats of datasets and frames of Arrow batches.
//!
//! The four delimited types and plain text are read and written as the original client does it
//! with pandas, to the byte; where pandas loses data, this module does not (the list is below).
//! It moves no data over the network and knows nothing of workspaces.
//!
//! # Reading
//!
//! UTF-8 with an optional byte order mark; `\n`, `\r\n` and a lone `\r` end a line; blank lines
//! are skipped. The type of a column follows from all of its cells: integer, unsigned, float,
//! boolean, else text; dates stay text. Empty cells and the markers `NA`, `NaN`, `null` and so on
//! are missing values.
//!
//! # Writing
//!
//! UTF-8 without byte order mark, `\n` after every row, fields quoted only where they must be.
//! Floats are the shortest text that reads back as the same number (`1.0`, `0.1`, `1e+16`);
//! missing values are empty fields. A column of timestamps shows dates only if all of its values
//! are midnights, and as many digits of the second as one of its values needs.
//!
//! # Differences from pandas
//!
//! * Integers with missing values stay integers, booleans stay booleans
//!   ([`ReadOptions::pandas_compat`] turns that off).
//! * Numbers are rounded correctly to the last digit.
//! * A first row longer than the header is an error; pandas shifts the columns.
//! * Text that would be read back differently is quoted: with a lone `\r`, with a leading space in
//!   the comma separated types, or of blanks only in a row of one field.
//! * Binary and nested columns are refused, and line ends or missing values in plain text.
//! * Plain text is read literally: no quotes, numbers or missing markers.

#[cfg(feature = "arff")]
mod arff;
mod cell;
mod chunks;
mod column;
mod decode;
mod draft;
mod duration;
mod error;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod head;
mod header;
mod infer;
mod layout;
mod number;
mod options;
mod read;
mod scan;
mod schema;
mod source;
#[cfg(test)]
mod tests;
mod write;

use std::fs::File;
use std::io::Cursor;

use arrow::datatypes::SchemaRef;

pub use decode::Decoder;
pub use error::{FormatError, ParseError};
pub use frame::{Frame, MAX_BATCH_ROWS};
pub use options::ReadOptions;
pub use write::{Encoder, write_frame};

use crate::DataTypeId;
pub(crate) use chunks::Input;
use layout::Layout;

/// Reads the bytes of a dataset into a frame.
///
/// ```
/// use arrow::datatypes::DataType;
/// use azml_studio_classic::DataTypeId;
/// use azml_studio_classic::formats::{ReadOptions, read_bytes};
///
/// let text = b"age,name\n41, \"Smith, Ann\"\n,Bob\n";
/// let frame = read_bytes(text, &DataTypeId::GenericCsv, &ReadOptions::default())?;
/// assert_eq!(frame.num_rows(), 2);
/// assert_eq!(frame.schema().field(0).data_type(), &DataType::Int64);
/// # Ok::<(), azml_studio_classic::formats::FormatError>(())
/// ```
///
/// # Errors
///
/// [`FormatError::Parse`] with line and column when the text is malformed;
/// [`FormatError::UnsupportedDataType`] when the type has no frame form.
pub fn read_bytes(
    bytes: &[u8],
    id: &DataTypeId,
    options: &ReadOptions,
) -> Result<Frame, FormatError> {
    read_input(&mut Cursor::new(bytes), id, options)
}

/// Reads a file that holds a dataset into a frame. The file is read from its beginning, parts of
/// it twice where a column turns out to be of another type than it seemed.
///
/// This blocks, and uses several threads; call it from a blocking task.
///
/// # Errors
///
/// As [`read_bytes`], and [`FormatError::Io`] when the file cannot be read.
pub fn read_file(
    file: &mut File,
    id: &DataTypeId,
    options: &ReadOptions,
) -> Result<Frame, FormatError> {
    read_input(file, id, options)
}

/// The schema that [`read_bytes`] gives its frame. No frame is built.
///
/// # Errors
///
/// As [`read_bytes`].
pub fn infer_bytes(
    bytes: &[u8],
    id: &DataTypeId,
    options: &ReadOptions,
) -> Result<SchemaRef, FormatError> {
    infer_input(&mut Cursor::new(bytes), id, options)
}

/// The schema that [`read_file`] gives its frame. No frame is built: memory is bounded.
///
/// # Errors
///
/// As [`read_file`].
pub fn infer_file(
    file: &mut File,
    id: &DataTypeId,
    options: &ReadOptions,
) -> Result<SchemaRef, FormatError> {
    infer_input(file, id, options)
}

/// [`infer_file`] for anything that can be read twice.
pub(crate) fn infer_input(
    input: &mut dyn Input,
    id: &DataTypeId,
    options: &ReadOptions,
) -> Result<SchemaRef, FormatError> {
    #[cfg(feature = "arff")]
    if *id == DataTypeId::Arff {
        let frame = arff::read(input, options, chunks::CHUNK_BYTES)?;
        return Ok(frame.schema().clone());
    }
    read::infer(input, &Layout::of(id)?, options, chunks::CHUNK_BYTES)
}

/// [`read_file`] for anything that can be read twice.
pub(crate) fn read_input(
    input: &mut dyn Input,
    id: &DataTypeId,
    options: &ReadOptions,
) -> Result<Frame, FormatError> {
    #[cfg(feature = "arff")]
    if *id == DataTypeId::Arff {
        return arff::read(input, options, chunks::CHUNK_BYTES);
    }
    read::read(input, &Layout::of(id)?, options, chunks::CHUNK_BYTES)
}
