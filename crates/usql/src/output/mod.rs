//! OUTPUT: batches to text, byte for byte as the service wrote it.

mod parquet;

use std::fmt::Write as _;

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::cs::{CsError, CsResult, Type, Value, datetime, format, number, text};
use crate::expr::column::Reader;
use crate::extract::CharFormat;
use crate::rel::Column;
use crate::text_encoding::Encoding;

pub(crate) use parquet::{ColumnFormat, ParquetFormat, ParquetWriter, refused};

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum FileFormat {
    Text(OutputFormat),
    Parquet(ParquetFormat),
}

/// The parameters of `Outputters.Text`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OutputFormat {
    pub(crate) delimiter: char,
    /// CR LF when `None`.
    pub(crate) row_delimiter: Option<char>,
    pub(crate) encoding: Encoding,
    pub(crate) quoting: bool,
    pub(crate) escape: Option<char>,
    pub(crate) null_escape: Option<String>,
    pub(crate) date_time_format: Option<String>,
    pub(crate) char_format: CharFormat,
    pub(crate) header: bool,
}

impl OutputFormat {
    /// `Outputters.Text()` with this delimiter.
    pub(crate) fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            row_delimiter: None,
            encoding: Encoding::Utf8,
            quoting: true,
            escape: None,
            null_escape: None,
            date_time_format: None,
            char_format: CharFormat::Uint16,
            header: false,
        }
    }
}

/// Writes rows of known columns.
#[derive(Debug)]
pub(crate) struct RowWriter {
    format: OutputFormat,
    columns: Vec<Column>,
    line_end: String,
}

impl RowWriter {
    pub(crate) fn new(format: OutputFormat, columns: &[Column]) -> Self {
        let line_end = format
            .row_delimiter
            .map_or_else(|| "\r\n".to_owned(), String::from);
        Self {
            format,
            columns: columns.to_vec(),
            line_end,
        }
    }

    /// The header row, if there is to be one.
    pub(crate) fn header(&self) -> CsResult<Vec<u8>> {
        let mut text = String::new();
        if self.format.header {
            for (n, column) in self.columns.iter().enumerate() {
                if n > 0 {
                    text.push(self.format.delimiter);
                }
                self.string(&column.name, &mut text);
            }
            text.push_str(&self.line_end);
        }
        self.encoded(&text)
    }

    /// The rows of a batch.
    pub(crate) fn rows(&self, batch: &RecordBatch) -> CsResult<Vec<u8>> {
        let readers: Vec<Reader> = batch
            .columns()
            .iter()
            .zip(&self.columns)
            .map(|(array, column)| Reader::new(array, &column.ty))
            .collect();
        let mut text = String::with_capacity(batch.num_rows() * self.columns.len() * 8);
        for row in 0..batch.num_rows() {
            for (n, (reader, column)) in readers.iter().zip(&self.columns).enumerate() {
                if n > 0 {
                    text.push(self.format.delimiter);
                }
                match reader {
                    // The commonest columns, without a copy.
                    Reader::String(array) if arrow::array::Array::is_valid(array, row) => {
                        self.string(array.value(row), &mut text);
                    }
                    reader => self.value(&reader.value(row)?, &column.ty, &mut text)?,
                }
            }
            text.push_str(&self.line_end);
        }
        self.encoded(&text)
    }

    fn encoded(&self, text: &str) -> CsResult<Vec<u8>> {
        let mut bytes = Vec::with_capacity(text.len());
        self.format
            .encoding
            .encode(text, &mut bytes)
            .map_err(|bad| {
                let character = text[bad.offset..].chars().next().unwrap_or_default();
                CsError::new(
                    "System.Text.EncoderFallbackException",
                    format!(
                        "Unable to translate Unicode character \\u{:04X} to the output encoding.",
                        u32::from(character)
                    ),
                )
            })?;
        Ok(bytes)
    }

    fn value(&self, value: &Value, ty: &Type, out: &mut String) -> CsResult<()> {
        match value {
            Value::Null => out.push_str(self.format.null_escape.as_deref().unwrap_or("")),
            Value::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
            Value::String(text) => self.string(text, out),
            Value::Char(unit) => match self.format.char_format {
                CharFormat::Uint16 => {
                    let _ = write!(out, "{unit}");
                }
                CharFormat::String => self.string(&text::from_units(&[*unit]), out),
            },
            Value::Float(n) => self.plain(&number::round_trip_float(*n), out),
            Value::Double(n) => self.plain(&number::round_trip_double(*n), out),
            Value::DateTime(date) => match &self.format.date_time_format {
                None if self.format.escape.is_none() => datetime::write_round_trip(*date, out),
                None => {
                    let mut text = String::new();
                    datetime::write_round_trip(*date, &mut text);
                    self.plain(&text, out);
                }
                Some(pattern) => self.plain(&datetime::format(*date, pattern)?, out),
            },
            Value::Bytes(bytes) => bytes.iter().for_each(|byte| {
                let _ = write!(out, "{byte:02X}");
            }),
            other => self.plain(&format::to_string(other, ty), out),
        }
        Ok(())
    }

    /// Text without quotes.
    fn plain(&self, text: &str, out: &mut String) {
        if self.format.escape.is_some() {
            self.escaped(text, out);
        } else {
            out.push_str(text);
        }
    }

    /// Text with quotes, where the format has them.
    fn string(&self, text: &str, out: &mut String) {
        if !self.format.quoting {
            return self.plain(text, out);
        }
        out.push('"');
        if text.contains('"') {
            self.plain(&text.replace('"', "\"\""), out);
        } else {
            self.plain(text, out);
        }
        out.push('"');
    }

    /// The escape character before itself and before every delimiter.
    fn escaped(&self, text: &str, out: &mut String) {
        let escape = self.format.escape.unwrap_or('\\');
        for c in text.chars() {
            let ends_row = match self.format.row_delimiter {
                None => matches!(c, '\r' | '\n'),
                Some(end) => c == end,
            };
            if c == escape || c == self.format.delimiter || ends_row {
                out.push(escape);
            }
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;

    use super::*;
    use crate::expr::column;

    fn written(format: OutputFormat, cells: &[(Type, Value)]) -> String {
        let columns: Vec<Column> = cells
            .iter()
            .enumerate()
            .map(|(n, (ty, _))| Column {
                name: format!("c{n}"),
                ty: ty.clone(),
            })
            .collect();
        let fields: Vec<_> = columns
            .iter()
            .map(|c| column::field(&c.name, &c.ty))
            .collect();
        let arrays = cells
            .iter()
            .map(|(ty, value)| column::build(std::slice::from_ref(value), ty))
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch");
        let writer = RowWriter::new(format, &columns);
        let mut bytes = writer.header().expect("a header");
        bytes.extend(writer.rows(&batch).expect("rows"));
        String::from_utf8(bytes).expect("text")
    }

    fn csv() -> OutputFormat {
        OutputFormat::new(',')
    }

    fn s(text: &str) -> (Type, Value) {
        (Type::String, Value::string(text))
    }

    /// U-SQL 069 to 078.
    #[test]
    fn quoting_escaping_and_null() {
        assert_eq!(
            written(csv(), &[s("say \"hi\", ok")]),
            "\"say \"\"hi\"\", ok\"\r\n"
        );
        assert_eq!(
            written(
                OutputFormat {
                    quoting: false,
                    ..csv()
                },
                &[s("say \"hi\", ok")]
            ),
            "say \"hi\", ok\r\n"
        );
        let escaping = OutputFormat {
            quoting: false,
            escape: Some('#'),
            ..csv()
        };
        assert_eq!(
            written(escaping.clone(), &[s("a,b#c\nd")]),
            "a#,b##c#\nd\r\n"
        );
        assert_eq!(
            written(
                OutputFormat {
                    quoting: true,
                    ..escaping
                },
                &[s("a,\"")]
            ),
            "\"a#,\"\"\"\r\n"
        );
        let nulls = [
            s("x"),
            (Type::String, Value::Null),
            s(""),
            (Type::Nullable(Box::new(Type::Int)), Value::Null),
        ];
        assert_eq!(written(csv(), &nulls), "\"x\",,\"\",\r\n");
        let named = OutputFormat {
            null_escape: Some("NULL".into()),
            ..csv()
        };
        assert_eq!(written(named, &nulls), "\"x\",NULL,\"\",NULL\r\n");
        let header = OutputFormat {
            header: true,
            row_delimiter: Some('\n'),
            ..OutputFormat::new('\t')
        };
        assert_eq!(
            written(header, &[s("x"), s("y")]),
            "\"c0\"\t\"c1\"\n\"x\"\t\"y\"\n"
        );
    }

    /// U-SQL 002, 059, 060, 075, 076.
    #[test]
    fn values() {
        let date = Value::date(635_872_000_450_000_000);
        assert_eq!(
            written(csv(), &[(Type::DateTime, date.clone())]),
            "2015-12-31T23:07:25.0000000\r\n"
        );
        let dated = OutputFormat {
            date_time_format: Some("yyyy-MM-dd".into()),
            ..csv()
        };
        assert_eq!(written(dated, &[(Type::DateTime, date)]), "2015-12-31\r\n");
        assert_eq!(
            written(
                csv(),
                &[
                    (Type::Bool, Value::Bool(true)),
                    (Type::Char, Value::Char(52))
                ]
            ),
            "True,52\r\n"
        );
        let chars = OutputFormat {
            char_format: CharFormat::String,
            quoting: false,
            ..csv()
        };
        assert_eq!(written(chars, &[(Type::Char, Value::Char(52))]), "4\r\n");
        let bytes = Value::Bytes([1, 255].as_slice().into());
        assert_eq!(
            written(csv(), &[(Type::Array(Box::new(Type::Byte)), bytes)]),
            "01FF\r\n"
        );
        assert_eq!(
            written(csv(), &[(Type::Double, Value::Double(1.0 / 3.0))]),
            "0.33333333333333331\r\n"
        );
    }
}
