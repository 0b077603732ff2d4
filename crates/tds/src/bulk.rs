//! The rows of a bulk load, as the client sends them behind its INSERT BULK statement.

use crate::{
    Error, Reader, Result,
    types::{TypeInfo, Value},
};

const COLUMNS: u8 = 0x81;
const ROW: u8 = 0xD1;
const ROW_WITH_NULLS: u8 = 0xD2;
const DONE: u8 = 0xFD;
/// The most columns a table has.
const MAX_COLUMNS: u16 = 4096;

/// A column as the client declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkColumn {
    /// The name.
    pub name: String,
    /// The type that the rows are in.
    pub info: TypeInfo,
}

/// Reads the columns once, then row after row.
#[derive(Clone, Debug)]
pub struct BulkRows<'a> {
    columns: Vec<BulkColumn>,
    reader: Reader<'a>,
}

impl<'a> BulkRows<'a> {
    /// Reads the columns in front of the rows.
    ///
    /// # Errors
    /// [`Error`] for anything but COLMETADATA with 1 to 4096 readable columns.
    pub fn parse(payload: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != COLUMNS {
            return Err(Error::Invalid("start of a bulk load"));
        }
        let count = reader.u16()?;
        if !(1..=MAX_COLUMNS).contains(&count) {
            return Err(Error::Invalid("number of columns"));
        }
        let mut columns = Vec::new();
        for _ in 0..count {
            // User type and flags.
            reader.bytes(6)?;
            let info = TypeInfo::read(&mut reader)?;
            if let TypeInfo::Long(_) = info {
                let parts = reader.u8()?;
                for _ in 0..parts {
                    reader.us_varchar()?;
                }
            }
            let name = reader.b_varchar()?;
            columns.push(BulkColumn { name, info });
        }
        Ok(Self { columns, reader })
    }

    /// The columns in the order of the values.
    #[must_use]
    pub fn columns(&self) -> &[BulkColumn] {
        &self.columns
    }

    /// The next row's values; `None` behind the last row.
    ///
    /// # Errors
    /// [`Error`] for values that are cut off or that their type cannot hold, and for data that ends without DONE.
    pub fn next_row(&mut self) -> Result<Option<Vec<Value>>> {
        let nulls = match self.reader.u8()? {
            ROW => None,
            ROW_WITH_NULLS => Some(self.reader.bytes(self.columns.len().div_ceil(8))?),
            DONE => return Ok(None),
            _ => return Err(Error::Invalid("token in a bulk load")),
        };
        let is_null = |at: usize| nulls.is_some_and(|nulls| nulls[at / 8] >> (at % 8) & 1 == 1);
        let mut row = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            row.push(if is_null(at) {
                Value::Null
            } else {
                column.info.read_value(&mut self.reader)?
            });
        }
        Ok(Some(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        token::{self, Column, Done, DoneKind},
        types::ValueRef,
    };

    fn payload(end: bool) -> Vec<u8> {
        let column = |name: &str, info| Column {
            name: name.into(),
            info,
            nullable: true,
            identity: false,
        };
        let columns = [
            column("a", TypeInfo::int(4)),
            column("b", TypeInfo::nvarchar(10)),
        ];
        let mut out = Vec::new();
        token::columns(&columns, &mut out);
        token::row(&mut out);
        columns[0]
            .info
            .write_value(ValueRef::Int(1), &mut out)
            .unwrap();
        columns[1]
            .info
            .write_value(ValueRef::String("x"), &mut out)
            .unwrap();
        out.extend_from_slice(&[ROW_WITH_NULLS, 0b10]);
        columns[0]
            .info
            .write_value(ValueRef::Int(2), &mut out)
            .unwrap();
        if end {
            token::done(DoneKind::Statement, Done::default(), &mut out);
        }
        out
    }

    /// sqlml C48: rows with NULLs in both forms.
    #[test]
    fn rows_are_read_in_both_forms() {
        let payload = payload(true);
        let mut rows = BulkRows::parse(&payload).unwrap();
        assert_eq!(rows.columns()[1].name, "b");
        assert_eq!(
            rows.next_row().unwrap(),
            Some(vec![Value::Int(1), Value::String("x".into())])
        );
        assert_eq!(
            rows.next_row().unwrap(),
            Some(vec![Value::Int(2), Value::Null])
        );
        assert_eq!(rows.next_row().unwrap(), None);
    }

    #[test]
    fn a_load_that_is_cut_off_is_an_error() {
        let payload = payload(false);
        let mut rows = BulkRows::parse(&payload).unwrap();
        rows.next_row().unwrap();
        rows.next_row().unwrap();
        assert!(matches!(rows.next_row(), Err(Error::Truncated { .. })));
        for end in 0..payload.len() {
            if let Ok(mut rows) = BulkRows::parse(&payload[..end]) {
                while let Ok(Some(_)) = rows.next_row() {}
            }
        }
    }
}
