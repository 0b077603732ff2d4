//! `rx_write_object` and its kin: values by key in a table, such as models with their versions.

use std::io::{Read, Write};

use arrow::array::{Array, AsArray};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use crate::{
    backend::{Parameter, Request},
    error::{Error, Result},
    identifier::TableName,
    session::Session,
    sql_server_data::RxSqlServerData,
};

/// How a value begins that is compressed JSON.
const JSON: &[u8; 4] = b"azj1";
/// The most that a compressed value may become.
const MOST: u64 = 2 << 30;

/// A value by its key in the table of a [`RxSqlServerData`], whose columns are `id`, `value` and, for keys with versions,
/// `version`.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ObjectKey<'a> {
    key: &'a str,
    version: Option<&'a str>,
}

impl<'a> ObjectKey<'a> {
    /// The value of this key.
    pub fn new(key: &'a str) -> Self {
        Self { key, version: None }
    }

    /// This version of it.
    pub fn version(mut self, version: &'a str) -> Self {
        self.version = Some(version);
        self
    }

    fn condition(&self) -> &'static str {
        if self.version.is_some() {
            "[id] = @key AND [version] = @version"
        } else {
            "[id] = @key"
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = vec![Parameter::new("key", self.key)];
        parameters.extend(
            self.version
                .map(|version| Parameter::new("version", version)),
        );
        parameters
    }
}

impl<'a> From<&'a str> for ObjectKey<'a> {
    fn from(key: &'a str) -> Self {
        Self::new(key)
    }
}

/// The table, which is made where it is missing.
async fn table(destination: &RxSqlServerData, session: &mut Session) -> Result<TableName> {
    let table = destination.target()?.clone();
    if !session.has_table(&table).await? {
        let create = format!(
            "CREATE TABLE {table} ([id] varchar(200) NOT NULL, [value] varbinary(max) NULL, [version] varchar(200) NULL)"
        );
        session.execute(&create).await?;
    }
    Ok(table)
}

/// Writes bytes under a key. The table is made where it is missing.
///
/// # Errors
/// [`Error::OutputExists`] where there is a value and it is not to be overwritten; the server's.
pub async fn rx_write_bytes(
    destination: &RxSqlServerData,
    key: impl Into<ObjectKey<'_>>,
    value: &[u8],
    overwrite: bool,
) -> Result<()> {
    let key = key.into();
    let mut session = destination.session().await?;
    let table = table(destination, &mut session).await?;
    let condition = key.condition();
    let there = format!("SELECT COUNT(*) FROM {table} WHERE {condition}");
    let there = session.text(&there, key.parameters()).await?;
    let is_there = there.is_some_and(|count| count != "0");
    if is_there && !overwrite {
        return Err(Error::OutputExists(key.key.to_owned()));
    }
    let mut parameters = key.parameters();
    parameters.push(Parameter::new("value", value.to_vec()));
    let statement = if is_there {
        format!("UPDATE {table} SET [value] = @value WHERE {condition}")
    } else if key.version.is_some() {
        format!("INSERT INTO {table} ([id], [value], [version]) VALUES (@key, @value, @version)")
    } else {
        format!("INSERT INTO {table} ([id], [value]) VALUES (@key, @value)")
    };
    session
        .run(Request::Statement(statement, parameters))
        .await
        .map(drop)
}

/// The bytes under a key; `None` where there are none.
///
/// # Errors
/// The server's.
pub async fn rx_read_bytes(
    source: &RxSqlServerData,
    key: impl Into<ObjectKey<'_>>,
) -> Result<Option<Vec<u8>>> {
    let key = key.into();
    let mut session = source.session().await?;
    let query = format!(
        "SELECT TOP 1 [value] FROM {} WHERE {}",
        source.target()?,
        key.condition()
    );
    let rows = session.query(&query, key.parameters()).await?.concat()?;
    let values = rows.column(0).as_binary_opt::<i32>();
    let values =
        values.ok_or_else(|| Error::InvalidData("the column 'value' holds no bytes".to_owned()))?;
    Ok((rows.num_rows() > 0 && values.is_valid(0)).then(|| values.value(0).to_vec()))
}

/// Writes a value, such as a model, as compressed JSON under a key.
///
/// # Errors
/// As [`rx_write_bytes`]; [`Error::InvalidArgument`] for a value that JSON cannot hold.
pub async fn rx_write_object<T: serde::Serialize>(
    destination: &RxSqlServerData,
    key: impl Into<ObjectKey<'_>>,
    value: &T,
    overwrite: bool,
) -> Result<()> {
    rx_write_bytes(destination, key, &pack(value)?, overwrite).await
}

/// The value under a key that [`rx_write_object`] wrote; `None` where there is none.
///
/// # Errors
/// [`Error::InvalidData`] for what was written otherwise: pickles of Python can only be read by a script on the server.
pub async fn rx_read_object<T: serde::de::DeserializeOwned>(
    source: &RxSqlServerData,
    key: impl Into<ObjectKey<'_>>,
) -> Result<Option<T>> {
    let bytes = rx_read_bytes(source, key).await?;
    bytes.map(|bytes| unpack(&bytes)).transpose()
}

/// The keys of a table, or the versions of one key.
///
/// # Errors
/// The server's.
pub async fn rx_list_keys(source: &RxSqlServerData, key: Option<&str>) -> Result<Vec<String>> {
    let mut session = source.session().await?;
    let table = source.target()?;
    let (query, parameters) = match key {
        None => (
            format!("SELECT DISTINCT [id] FROM {table} ORDER BY [id]"),
            Vec::new(),
        ),
        Some(key) => (
            format!(
                "SELECT [version] FROM {table} WHERE [id] = @key AND [version] IS NOT NULL ORDER BY [version]"
            ),
            vec![Parameter::new("key", key)],
        ),
    };
    let rows = session.query(&query, parameters).await?.concat()?;
    let names = rows.column(0).as_string::<i32>();
    Ok(names.iter().flatten().map(str::to_owned).collect())
}

/// Deletes the value under a key, with all its versions unless one is named; whether there was any.
///
/// # Errors
/// The server's.
pub async fn rx_delete_object(
    source: &RxSqlServerData,
    key: impl Into<ObjectKey<'_>>,
) -> Result<bool> {
    let key = key.into();
    let mut session = source.session().await?;
    let statement = format!("DELETE FROM {} WHERE {}", source.target()?, key.condition());
    let outcome = session
        .run(Request::Statement(statement, key.parameters()))
        .await?;
    Ok(outcome.counts.iter().sum::<u64>() > 0)
}

fn pack<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::InvalidArgument(format!("the value is no JSON: {error}")))?;
    let mut encoder = ZlibEncoder::new(JSON.to_vec(), Compression::default());
    let packed = encoder.write_all(&text).and_then(|()| encoder.finish());
    packed.map_err(|error| Error::InvalidData(error.to_string()))
}

fn unpack<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let Some(packed) = bytes.strip_prefix(JSON) else {
        let pickle = matches!(bytes, [0x80, ..] | [0x78, _, ..]);
        let what = if pickle {
            "the value is a pickle of Python, which only a script on the server can read"
        } else {
            "the value was not written as JSON; read its bytes"
        };
        return Err(Error::InvalidData(what.to_owned()));
    };
    let damaged = |error: &dyn std::fmt::Display| {
        Error::InvalidData(format!("the value is damaged: {error}"))
    };
    let mut text = Vec::new();
    ZlibDecoder::new(packed)
        .take(MOST)
        .read_to_end(&mut text)
        .map_err(|error| damaged(&error))?;
    serde_json::from_slice(&text).map_err(|error| damaged(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_packed_and_others_are_refused() {
        let packed = pack(&vec![1.5, 2.0]).unwrap();
        assert_eq!(&packed[..4], JSON);
        assert_eq!(unpack::<Vec<f64>>(&packed).unwrap(), [1.5, 2.0]);
        let pickle = unpack::<Vec<f64>>(b"\x80\x04K\x01.").unwrap_err();
        assert!(pickle.to_string().contains("pickle"), "{pickle}");
        let other = unpack::<Vec<f64>>(b"bytes").unwrap_err();
        assert!(other.to_string().contains("read its bytes"), "{other}");
        assert!(unpack::<Vec<f64>>(&packed[..8]).is_err());
        assert!(unpack::<String>(&packed).is_err());
    }
}
