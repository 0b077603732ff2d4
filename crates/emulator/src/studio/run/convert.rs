//! Records as delimited text with a header: what Convert to CSV and Convert to
//! TSV write. Values are not interpreted.

use azml_delimited::Dialect;

use super::records::Record;

/// Writes records one after the other.
#[derive(Debug)]
pub(super) struct Writer {
    delimiter: u8,
    /// Fields per record, once the first one was seen.
    width: Option<usize>,
    records: u64,
}

impl Writer {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            width: None,
            records: 0,
        }
    }

    /// Appends `record` to `out`. The first one is the header, or gives the
    /// columns the names `Col1`, `Col2`, ... where there is none.
    pub(super) fn write(
        &mut self,
        record: &Record<'_>,
        dialect: &Dialect,
        has_header: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let values: Vec<Vec<u8>> = record.values(dialect).collect();
        self.records += 1;
        let width = match self.width {
            Some(width) => width,
            None => {
                if !has_header {
                    let names: Vec<_> = (1..=values.len())
                        .map(|column| format!("Col{column}").into_bytes())
                        .collect();
                    self.line(&names, names.len(), out);
                }
                *self.width.insert(values.len())
            }
        };
        if values.len() > width {
            return Err(format!(
                "record {} has {} fields, the first one has {width}",
                self.records,
                values.len()
            ));
        }
        self.line(&values, width, out);
        Ok(())
    }

    fn line(&self, values: &[Vec<u8>], width: usize, out: &mut Vec<u8>) {
        for column in 0..width {
            if column > 0 {
                out.push(self.delimiter);
            }
            let value = values.get(column).map(Vec::as_slice).unwrap_or_default();
            // A record of one empty field would be a blank line.
            let quoted = self.must_quote(value) || (width == 1 && value.is_empty());
            if !quoted {
                out.extend_from_slice(value);
                continue;
            }
            out.push(b'"');
            for &byte in value {
                if byte == b'"' {
                    out.push(b'"');
                }
                out.push(byte);
            }
            out.push(b'"');
        }
        out.push(b'\n');
    }

    fn must_quote(&self, value: &[u8]) -> bool {
        let special = |byte: &u8| [self.delimiter, b'"', b'\n', b'\r'].contains(byte);
        // Readers of comma separated text skip leading spaces.
        let leading_space = self.delimiter == b',' && value.first() == Some(&b' ');
        leading_space
            || value.iter().any(special)
            || value.iter().all(|&byte| byte == b' ') && !value.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::{Form, for_each};
    use super::*;

    fn convert(text: &str, data_type: &str, delimiter: u8) -> Result<String, String> {
        let form = Form::of(data_type).unwrap();
        let mut writer = Writer::new(delimiter);
        let mut out = Vec::new();
        for_each(text.as_bytes(), &form.dialect, |record| {
            writer.write(record, &form.dialect, form.has_header, &mut out)
        })?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_what_must_be_quoted_is() {
        assert_eq!(
            convert("a\tb\r\n\" x\"\t1,5\ny\n", "GenericTSV", b',').unwrap(),
            "a,b\n\" x\",\"1,5\"\ny,\n"
        );
        assert_eq!(
            convert("a, \"b\tc\"\n\"d\"\"\",\"e\nf\"\n", "GenericCSV", b'\t').unwrap(),
            "a\t\"b\tc\"\n\"d\"\"\"\t\"e\nf\"\n"
        );
        assert_eq!(
            convert("a\n\"\"\nb\n", "GenericCSV", b',').unwrap(),
            "a\n\"\"\nb\n"
        );
    }

    #[test]
    fn columns_without_names_are_numbered() {
        assert_eq!(
            convert("1,2\n3,4\n", "GenericCSVNoHeader", b',').unwrap(),
            "Col1,Col2\n1,2\n3,4\n"
        );
        assert_eq!(
            convert("a,b\n\"c\n", "PlainText", b'\t').unwrap(),
            "Col1\na,b\n\"\"\"c\"\n"
        );
    }

    #[test]
    fn a_record_that_is_too_long_is_named() {
        let error = convert("a,b\n1,2\n1,2,3\n", "GenericCSV", b',').unwrap_err();
        assert_eq!(error, "record 3 has 3 fields, the first one has 2");
    }
}
