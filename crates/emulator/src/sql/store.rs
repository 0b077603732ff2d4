//! Keeps the catalog: one commit writes what changed between two snapshots, durably, and then publishes the new one.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use datafusion::arrow::{
    ipc::{
        CompressionType,
        reader::StreamReader,
        writer::{IpcWriteOptions, StreamWriter},
    },
    record_batch::RecordBatch,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use super::{
    catalog::{
        Database, Instance, SYSTEM_DATABASES, Segment, StoredProcedure, Table, TableDefinition, key,
    },
    error::{Result, SqlError},
    security::{Principals, StoredLogin},
};
use crate::state::{FileId, Key, KeyRange, NewFile, Order, Read, State, WriteTxn};

const LOGINS: &str = "sql/logins";
const DATABASES: &str = "sql/databases";
const TABLES: &str = "sql/tables";
const PROCEDURES: &str = "sql/procedures";
const SEGMENTS: &str = "sql/segments";

/// Larger segments are files of their own.
const INLINE_BYTES: usize = 64 << 10;

/// A database as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredDatabase {
    id: Uuid,
    name: String,
    number: i32,
    created: i64,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    principals: Principals,
}

/// A table as it is stored, its segments in the order of their rows.
#[derive(Serialize, Deserialize)]
struct StoredTable {
    definition: TableDefinition,
    next_identity: i64,
    segments: Vec<Uuid>,
}

/// Where a segment's rows are. The first byte of a stored segment tells which.
const INLINE: u8 = 0;
const IN_FILE: u8 = 1;

/// The published snapshot, and the lock that one writer at a time holds.
#[derive(Clone, Debug)]
pub(super) struct CatalogStore {
    state: State,
    current: Arc<RwLock<Arc<Instance>>>,
    writer: Arc<Mutex<()>>,
}

/// The right to commit; held from the first change of a transaction to its end.
pub(super) type WriteLock = OwnedMutexGuard<()>;

impl CatalogStore {
    /// Reads what was stored; a new server gets its system databases.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub(super) async fn open(state: State) -> Result<Self> {
        let instance = load(&state).await?;
        let store = Self {
            state,
            current: Arc::new(RwLock::new(Arc::new(instance))),
            writer: Arc::default(),
        };
        if store.snapshot().databases.is_empty() {
            let mut instance = Instance::default();
            for name in SYSTEM_DATABASES {
                let database = store.new_database(&instance, name);
                instance.databases.insert(key(name), Arc::new(database));
            }
            let lock = store.lock().await;
            store.commit(&lock, instance).await?;
        }
        Ok(store)
    }

    /// An empty database that is not yet part of any snapshot.
    pub(super) fn new_database(&self, instance: &Instance, name: &str) -> Database {
        Database {
            id: self.state.ids.uuid(),
            name: name.to_owned(),
            number: instance.next_number(),
            created: self.now(),
            owner: None,
            principals: Principals::default(),
            tables: BTreeMap::new(),
            procedures: BTreeMap::new(),
        }
    }

    /// The time in Unix milliseconds.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.state.clock.now().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The last committed snapshot.
    pub(super) fn snapshot(&self) -> Arc<Instance> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for the right to commit.
    pub(super) async fn lock(&self) -> WriteLock {
        self.writer.clone().lock_owned().await
    }

    /// Stores what differs from the published snapshot and publishes `new` once that is durable.
    ///
    /// # Errors
    /// When the store fails; nothing is published then.
    pub(super) async fn commit(&self, _lock: &WriteLock, new: Instance) -> Result<()> {
        let old = self.snapshot();
        let new = Arc::new(new);
        let mut change = Change::between(&old, &new)?;
        let mut files = Vec::new();
        for (key, bytes) in std::mem::take(&mut change.large_segments) {
            files.push((key, self.state.files.store(bytes).await?));
        }
        self.state
            .store
            .write(move |txn| change.apply(txn, files))
            .await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

/// What a commit writes and removes.
#[derive(Default)]
struct Change {
    put_logins: Vec<(Key, Arc<StoredLogin>)>,
    removed_logins: Vec<Key>,
    put_databases: Vec<(Key, StoredDatabase)>,
    removed_databases: Vec<Key>,
    put_tables: Vec<(Key, StoredTable)>,
    removed_tables: Vec<Key>,
    put_procedures: Vec<(Key, Arc<StoredProcedure>)>,
    removed_procedures: Vec<Key>,
    segments: Vec<(Key, Vec<u8>)>,
    large_segments: Vec<(Key, Vec<u8>)>,
    removed_segments: Vec<Key>,
}

impl Change {
    fn between(old: &Instance, new: &Instance) -> Result<Self> {
        let mut change = Self::default();
        for (name, login) in &new.logins {
            if old.logins.get(name) != Some(login) {
                change
                    .put_logins
                    .push((Key::of([login.id.as_bytes()]), Arc::clone(login)));
            }
        }
        for (name, login) in &old.logins {
            if new
                .logins
                .get(name)
                .is_none_or(|other| other.id != login.id)
            {
                change.removed_logins.push(Key::of([login.id.as_bytes()]));
            }
        }
        let old: BTreeMap<Uuid, &Arc<Database>> = old
            .databases
            .values()
            .map(|database| (database.id, database))
            .collect();
        let new: BTreeMap<Uuid, &Arc<Database>> = new
            .databases
            .values()
            .map(|database| (database.id, database))
            .collect();
        for (id, database) in &new {
            let before = old.get(id);
            if before.is_some_and(|before| Arc::ptr_eq(before, database)) {
                continue;
            }
            let is_same = before.is_some_and(|before| {
                before.principals == database.principals && before.owner == database.owner
            });
            if !is_same {
                let stored = StoredDatabase {
                    id: *id,
                    name: database.name.clone(),
                    number: database.number,
                    created: database.created,
                    owner: database.owner.clone(),
                    principals: database.principals.clone(),
                };
                change
                    .put_databases
                    .push((Key::of([id.as_bytes()]), stored));
            }
            let before: Option<&Database> = before.map(|before| before.as_ref());
            change.tables(*id, before, Some(database))?;
            change.procedures(*id, before, Some(database));
        }
        for (id, database) in old.iter().filter(|(id, _)| !new.contains_key(id)) {
            change.removed_databases.push(Key::of([id.as_bytes()]));
            change.tables(*id, Some(database), None)?;
            change.procedures(*id, Some(database), None);
        }
        Ok(change)
    }

    fn tables(
        &mut self,
        database: Uuid,
        old: Option<&Database>,
        new: Option<&Database>,
    ) -> Result<()> {
        let by_id = |database: Option<&Database>| -> BTreeMap<Uuid, Arc<Table>> {
            let tables = database
                .into_iter()
                .flat_map(|database| database.tables.values());
            tables
                .map(|table| (table.definition.id, Arc::clone(table)))
                .collect()
        };
        let (old, new) = (by_id(old), by_id(new));
        for (id, table) in &new {
            let before = old.get(id);
            if before.is_some_and(|before| Arc::ptr_eq(before, table)) {
                continue;
            }
            let stored = StoredTable {
                definition: table.definition.as_ref().clone(),
                next_identity: table.next_identity,
                segments: table.segments.iter().map(|segment| segment.id).collect(),
            };
            self.put_tables
                .push((Key::of([database.as_bytes(), id.as_bytes()]), stored));
            let kept: Vec<Uuid> = before.map_or_else(Vec::new, |before| {
                before.segments.iter().map(|segment| segment.id).collect()
            });
            for segment in table
                .segments
                .iter()
                .filter(|segment| !kept.contains(&segment.id))
            {
                let key = Key::of([segment.id.as_bytes()]);
                let bytes = encode(&segment.rows)?;
                if bytes.len() > INLINE_BYTES {
                    self.large_segments.push((key, bytes));
                } else {
                    self.segments.push((key, bytes));
                }
            }
            let still: Vec<Uuid> = table.segments.iter().map(|segment| segment.id).collect();
            self.removed_segments.extend(
                kept.iter()
                    .filter(|id| !still.contains(id))
                    .map(|id| Key::of([id.as_bytes()])),
            );
        }
        for (id, table) in old.iter().filter(|(id, _)| !new.contains_key(id)) {
            self.removed_tables
                .push(Key::of([database.as_bytes(), id.as_bytes()]));
            self.removed_segments.extend(
                table
                    .segments
                    .iter()
                    .map(|segment| Key::of([segment.id.as_bytes()])),
            );
        }
        Ok(())
    }

    fn procedures(&mut self, database: Uuid, old: Option<&Database>, new: Option<&Database>) {
        let all = |database: Option<&Database>| -> BTreeMap<Uuid, Arc<StoredProcedure>> {
            let procedures = database
                .into_iter()
                .flat_map(|database| database.procedures.values());
            procedures
                .map(|procedure| (procedure.id, Arc::clone(procedure)))
                .collect()
        };
        let (old, new) = (all(old), all(new));
        let key = |id: &Uuid| Key::of([database.as_bytes(), id.as_bytes()]);
        for (id, procedure) in &new {
            if old.get(id) != Some(procedure) {
                self.put_procedures.push((key(id), Arc::clone(procedure)));
            }
        }
        let gone = old.keys().filter(|id| !new.contains_key(id));
        self.removed_procedures.extend(gone.map(key));
    }

    fn apply(self, txn: &mut WriteTxn<'_>, files: Vec<(Key, NewFile)>) -> Result<()> {
        for (key, login) in &self.put_logins {
            txn.put_json(LOGINS, key, login.as_ref())?;
        }
        for key in &self.removed_logins {
            txn.remove(LOGINS, key)?;
        }
        for (key, database) in &self.put_databases {
            txn.put_json(DATABASES, key, database)?;
        }
        for (key, table) in &self.put_tables {
            txn.put_json(TABLES, key, table)?;
        }
        for (key, procedure) in &self.put_procedures {
            txn.put_json(PROCEDURES, key, procedure.as_ref())?;
        }
        for key in &self.removed_procedures {
            txn.remove(PROCEDURES, key)?;
        }
        for (key, mut bytes) in self.segments {
            bytes.insert(0, INLINE);
            txn.put(SEGMENTS, key, bytes)?;
        }
        for (key, file) in files {
            let mut reference = vec![IN_FILE];
            reference.extend(
                serde_json::to_vec(&txn.adopt(file)?)
                    .map_err(|error| SqlError::internal(&error))?,
            );
            txn.put(SEGMENTS, key, reference)?;
        }
        for key in &self.removed_segments {
            if let Some([IN_FILE, reference @ ..]) = txn.get(SEGMENTS, key)?.as_deref() {
                let file: FileId = serde_json::from_slice(reference)
                    .map_err(|error| SqlError::internal(&error))?;
                txn.release(&file)?;
            }
            txn.remove(SEGMENTS, key)?;
        }
        for key in &self.removed_tables {
            txn.remove(TABLES, key)?;
        }
        for key in &self.removed_databases {
            txn.remove(DATABASES, key)?;
        }
        Ok(())
    }
}

/// Rows as an Arrow IPC stream.
fn encode(rows: &RecordBatch) -> Result<Vec<u8>> {
    let options = IpcWriteOptions::default().try_with_compression(None::<CompressionType>)?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &rows.schema(), options)?;
    writer.write(rows)?;
    Ok(writer.into_inner()?)
}

fn decode(bytes: &[u8]) -> Result<RecordBatch> {
    let mut reader = StreamReader::try_new(bytes, None)?;
    match reader.next() {
        Some(rows) => Ok(rows?),
        None => Ok(RecordBatch::new_empty(reader.schema())),
    }
}

async fn load(state: &State) -> Result<Instance> {
    let (databases, tables, procedures, logins) = state
        .store
        .read_long(|snapshot| {
            let mut databases = Vec::new();
            let mut tables = Vec::new();
            let mut procedures = Vec::new();
            snapshot.visit(DATABASES, &KeyRange::all(), Order::Ascending, |_, value| {
                databases.push(value.to_vec());
                Ok::<_, crate::state::Error>(std::ops::ControlFlow::Continue(()))
            })?;
            snapshot.visit(TABLES, &KeyRange::all(), Order::Ascending, |key, value| {
                tables.push((Key::parts(key), value.to_vec()));
                Ok::<_, crate::state::Error>(std::ops::ControlFlow::Continue(()))
            })?;
            snapshot.visit(
                PROCEDURES,
                &KeyRange::all(),
                Order::Ascending,
                |key, value| {
                    procedures.push((Key::parts(key), value.to_vec()));
                    Ok::<_, crate::state::Error>(std::ops::ControlFlow::Continue(()))
                },
            )?;
            let mut logins = Vec::new();
            snapshot.visit(LOGINS, &KeyRange::all(), Order::Ascending, |_, value| {
                logins.push(value.to_vec());
                Ok::<_, crate::state::Error>(std::ops::ControlFlow::Continue(()))
            })?;
            Ok::<_, SqlError>((databases, tables, procedures, logins))
        })
        .await?;
    let unreadable = |error: serde_json::Error| SqlError::internal(&error);
    let mut by_id = BTreeMap::new();
    for stored in databases {
        let stored: StoredDatabase = serde_json::from_slice(&stored).map_err(unreadable)?;
        by_id.insert(
            stored.id.as_bytes().to_vec(),
            Database {
                id: stored.id,
                name: stored.name,
                number: stored.number,
                created: stored.created,
                owner: stored.owner,
                principals: stored.principals,
                tables: BTreeMap::new(),
                procedures: BTreeMap::new(),
            },
        );
    }
    for (parts, stored) in tables {
        let stored: StoredTable = serde_json::from_slice(&stored).map_err(unreadable)?;
        let Some(database) = parts.first().and_then(|id| by_id.get_mut(id)) else {
            continue;
        };
        let mut table = Table::new(stored.definition)?;
        table.next_identity = stored.next_identity;
        for id in stored.segments {
            let rows = load_segment(state, id).await?;
            table.segments.push(Arc::new(Segment::stored(id, rows)));
        }
        let place = (key(&table.definition.schema), key(&table.definition.name));
        database.tables.insert(place, Arc::new(table));
    }
    for (parts, stored) in procedures {
        let stored: StoredProcedure = serde_json::from_slice(&stored).map_err(unreadable)?;
        if let Some(database) = parts.first().and_then(|id| by_id.get_mut(id)) {
            let place = (key(&stored.schema), key(&stored.name));
            database.procedures.insert(place, Arc::new(stored));
        }
    }
    let databases = by_id
        .into_values()
        .map(|database| (key(&database.name), Arc::new(database)))
        .collect();
    let logins = logins
        .iter()
        .map(|stored| {
            let login: StoredLogin = serde_json::from_slice(stored).map_err(unreadable)?;
            Ok((key(&login.name), Arc::new(login)))
        })
        .collect::<Result<_>>()?;
    Ok(Instance { databases, logins })
}

async fn load_segment(state: &State, id: Uuid) -> Result<RecordBatch> {
    let stored = state
        .store
        .read(|snapshot| snapshot.get(SEGMENTS, Key::of([id.as_bytes()])))?;
    match stored.as_deref() {
        Some([INLINE, bytes @ ..]) => decode(bytes),
        Some([IN_FILE, reference @ ..]) => {
            let file: FileId =
                serde_json::from_slice(reference).map_err(|error| SqlError::internal(&error))?;
            let mut file = state.files.read(&file).await?.into_file();
            tokio::task::spawn_blocking(move || {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut file, &mut bytes)
                    .map_err(|error| SqlError::internal(&error))?;
                decode(&bytes)
            })
            .await
            .map_err(|error| SqlError::internal(&error))?
        }
        _ => Err(SqlError::internal(&format!("segment {id} is missing"))),
    }
}
