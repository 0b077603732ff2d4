//! Reading and writing inside one transaction of the store.
//! Tables come into being with their first write; a missing one reads empty.

use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    ops::{Bound, ControlFlow},
};

use redb::{ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, FileId, KeyRange, NewFile, Order, files};

type Bytes = &'static [u8];
type Table<'txn> = redb::Table<'txn, Bytes, Bytes>;

fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// What can be read, inside a write and on its own.
pub trait Read {
    /// Hands the value of `key` to `read` without copying it.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn with_value<R>(
        &self,
        table: &str,
        key: impl AsRef<[u8]>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, Error>;

    /// Hands every pair of `range` to `each`, until it breaks or fails.
    ///
    /// # Errors
    ///
    /// When the store or `each` fails.
    fn visit<E: From<Error>>(
        &self,
        table: &str,
        range: &KeyRange,
        order: Order,
        each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E>;

    /// The value of `key`.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn get(&self, table: &str, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, Error> {
        self.with_value(table, key, <[u8]>::to_vec)
    }

    /// Whether `key` has a value.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn contains(&self, table: &str, key: impl AsRef<[u8]>) -> Result<bool, Error> {
        Ok(self.with_value(table, key, |_| ())?.is_some())
    }

    /// The JSON value of `key`.
    ///
    /// # Errors
    ///
    /// When the store fails or the value is not a `T`.
    fn get_json<T: DeserializeOwned>(
        &self,
        table: &str,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>, Error> {
        self.with_value(table, key, |value| decode(table, value))?
            .transpose()
    }

    /// The pairs of `range` in ascending order, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn scan(&self, table: &str, range: &KeyRange, limit: usize) -> Result<Vec<Pair>, Error> {
        let mut pairs = Vec::new();
        if limit == 0 {
            return Ok(pairs);
        }
        self.visit(table, range, Order::Ascending, |key, value| {
            pairs.push((key.to_vec(), value.to_vec()));
            Ok::<_, Error>(if pairs.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(pairs)
    }

    /// All JSON values of `range`, in ascending order of their keys.
    ///
    /// # Errors
    ///
    /// When the store fails or a value is not a `T`.
    fn scan_json<T: DeserializeOwned>(
        &self,
        table: &str,
        range: &KeyRange,
    ) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        self.visit(table, range, Order::Ascending, |_, value| {
            values.push(decode(table, value)?);
            Ok::<_, Error>(ControlFlow::Continue(()))
        })?;
        Ok(values)
    }
}

fn decode<T: DeserializeOwned>(table: &str, value: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(value).map_err(|source| Error::Decode {
        table: table.to_owned(),
        source,
    })
}

fn visit_table<E: From<Error>>(
    table: &impl ReadableTable<Bytes, Bytes>,
    range: &KeyRange,
    order: Order,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    if range.is_empty() {
        return Ok(());
    }
    let bounds: (Bound<&[u8]>, Bound<&[u8]>) = (
        range.start.as_ref().map(Vec::as_slice),
        range.end.as_ref().map(Vec::as_slice),
    );
    let mut pairs = table.range::<&[u8]>(bounds).map_err(Error::store)?;
    loop {
        let pair = match order {
            Order::Ascending => pairs.next(),
            Order::Descending => pairs.next_back(),
        };
        let Some(pair) = pair else { return Ok(()) };
        let (key, value) = pair.map_err(Error::store)?;
        if each(key.value(), value.value())?.is_break() {
            return Ok(());
        }
    }
}

/// One consistent view of the store; later writes do not show in it.
pub struct Snapshot(redb::ReadTransaction);

impl Snapshot {
    pub(super) fn new(database: &redb::Database) -> Result<Self, Error> {
        database.begin_read().map(Self).map_err(Error::store)
    }

    fn table(&self, name: &str) -> Result<Option<redb::ReadOnlyTable<Bytes, Bytes>>, Error> {
        match self.0.open_table(definition(name)) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(Error::store(error)),
        }
    }
}

impl Read for Snapshot {
    fn with_value<R>(
        &self,
        table: &str,
        key: impl AsRef<[u8]>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, Error> {
        let Some(table) = self.table(table)? else {
            return Ok(None);
        };
        let value = table.get(key.as_ref()).map_err(Error::store)?;
        Ok(value.map(|value| read(value.value())))
    }

    fn visit<E: From<Error>>(
        &self,
        table: &str,
        range: &KeyRange,
        order: Order,
        each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match self.table(table)? {
            Some(table) => visit_table(&table, range, order, each),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

/// How a changed pair was before.
struct Before {
    table: String,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

/// One writer's part of a commit. It sees its own changes and those of the
/// writers before it; if it fails, its changes are undone and theirs stay.
pub struct WriteTxn<'txn> {
    transaction: &'txn redb::WriteTransaction,
    tables: RefCell<HashMap<String, Table<'txn>>>,
    undo: Vec<Before>,
    adopted: Vec<NewFile>,
    released: Vec<FileId>,
}

impl<'txn> WriteTxn<'txn> {
    pub(super) fn new(transaction: &'txn redb::WriteTransaction) -> Self {
        Self {
            transaction,
            tables: RefCell::default(),
            undo: Vec::new(),
            adopted: Vec::new(),
            released: Vec::new(),
        }
    }

    /// Sets the value of `key`.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn put(
        &mut self,
        table: &str,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        let before = self.with_table(table, |table| {
            let before = table.insert(key.as_ref(), value.as_ref())?;
            Ok(before.map(|value| value.value().to_vec()))
        })?;
        self.remember(table, key, before);
        Ok(())
    }

    /// Sets the value of `key` to the JSON text of `value`.
    ///
    /// # Errors
    ///
    /// When the store fails or the value cannot be written as JSON.
    pub fn put_json(
        &mut self,
        table: &str,
        key: impl AsRef<[u8]>,
        value: &impl Serialize,
    ) -> Result<(), Error> {
        let text = serde_json::to_vec(value).map_err(|source| Error::Encode {
            table: table.to_owned(),
            source,
        })?;
        self.put(table, key, text)
    }

    /// Removes `key`; gives whether it was there.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn remove(&mut self, table: &str, key: impl AsRef<[u8]>) -> Result<bool, Error> {
        let before = self.with_table(table, |table| {
            let before = table.remove(key.as_ref())?;
            Ok(before.map(|value| value.value().to_vec()))
        })?;
        let present = before.is_some();
        if present {
            self.remember(table, key, before);
        }
        Ok(present)
    }

    /// Keeps a received body: from this commit on it survives, and counts one
    /// reference.
    ///
    /// # Errors
    ///
    /// When the store fails; the body is then removed.
    pub fn adopt(&mut self, file: NewFile) -> Result<FileId, Error> {
        let id = file.id().clone();
        self.retain(&id)?;
        self.adopted.push(file);
        Ok(id)
    }

    /// Counts one more reference to a kept body.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn retain(&mut self, file: &FileId) -> Result<(), Error> {
        let count: u64 = self.get_json(files::TABLE, file)?.unwrap_or(0);
        self.put_json(files::TABLE, file, &count.saturating_add(1))
    }

    /// Counts one reference less; the body of the last one is removed after
    /// the commit. Readers that have it open can finish.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn release(&mut self, file: &FileId) -> Result<(), Error> {
        let count: u64 = self.get_json(files::TABLE, file)?.unwrap_or(0);
        if count > 1 {
            return self.put_json(files::TABLE, file, &(count - 1));
        }
        if self.remove(files::TABLE, file)? {
            self.released.push(file.clone());
        }
        Ok(())
    }

    /// Where the transaction stands, for [`WriteTxn::roll_back`].
    pub(super) fn mark(&self) -> Mark {
        Mark {
            undo: self.undo.len(),
            adopted: self.adopted.len(),
            released: self.released.len(),
        }
    }

    /// Undoes every change since `mark`.
    pub(super) fn roll_back(&mut self, mark: &Mark) -> Result<(), Error> {
        self.adopted.truncate(mark.adopted);
        self.released.truncate(mark.released);
        for Before { table, key, value } in self.undo.split_off(mark.undo).into_iter().rev() {
            self.with_table(&table, |table| {
                match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice())?,
                    None => table.remove(key.as_slice())?,
                };
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Gives the bodies that the commit keeps and those that it frees.
    pub(super) fn into_files(self) -> (Vec<NewFile>, Vec<FileId>) {
        (self.adopted, self.released)
    }

    fn remember(&mut self, table: &str, key: impl AsRef<[u8]>, value: Option<Vec<u8>>) {
        self.undo.push(Before {
            table: table.to_owned(),
            key: key.as_ref().to_vec(),
            value,
        });
    }

    fn with_table<R>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Table<'txn>) -> Result<R, redb::StorageError>,
    ) -> Result<R, Error> {
        let mut tables = self.tables.borrow_mut();
        if !tables.contains_key(name) {
            let table = self
                .transaction
                .open_table(definition(name))
                .map_err(Error::store)?;
            tables.insert(name.to_owned(), table);
        }
        match tables.get_mut(name) {
            Some(table) => work(table).map_err(Error::store),
            None => Err(Error::RolledBack),
        }
    }
}

/// A point to roll back to.
pub(super) struct Mark {
    undo: usize,
    adopted: usize,
    released: usize,
}

impl Read for WriteTxn<'_> {
    fn with_value<R>(
        &self,
        table: &str,
        key: impl AsRef<[u8]>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, Error> {
        // The value is copied so that `read` may use the transaction.
        let value = self.with_table(table, |table| {
            let value = table.get(key.as_ref())?;
            Ok(value.map(|value| value.value().to_vec()))
        })?;
        Ok(value.map(|value| read(&value)))
    }

    fn visit<E: From<Error>>(
        &self,
        table: &str,
        range: &KeyRange,
        order: Order,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        // Pairs go out in pages, outside the borrow, so that `each` may use
        // the transaction.
        const PAGE: usize = 256;
        let mut range = range.clone();
        loop {
            let mut page = Vec::with_capacity(PAGE);
            let mut outcome = Ok(());
            self.with_table(table, |table| {
                outcome = visit_table(table, &range, order, |key, value| {
                    page.push((key.to_vec(), value.to_vec()));
                    Ok::<_, Error>(if page.len() < PAGE {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    })
                });
                Ok(())
            })?;
            outcome?;
            for (key, value) in &page {
                if each(key, value)?.is_break() {
                    return Ok(());
                }
            }
            match page.pop() {
                Some((last, _)) if page.len() + 1 == PAGE => match order {
                    Order::Ascending => range.start = Bound::Excluded(last),
                    Order::Descending => range.end = Bound::Excluded(last),
                },
                _ => return Ok(()),
            }
        }
    }
}

impl fmt::Debug for WriteTxn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteTxn")
            .field("changes", &self.undo.len())
            .finish_non_exhaustive()
    }
}
