//! What the server holds, as one immutable snapshot: databases, tables, segments of rows.
//!
//! A reader keeps a snapshot; a writer changes a copy, of which only what it touches is new. Nothing here reads or
//! writes storage.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, OnceLock},
};

use datafusion::arrow::{
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
    row::OwnedRow,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    error::{Result, SqlError},
    security::{Principals, StoredLogin},
    tsql::{Identity, SqlType},
};

/// The schema of objects that name none.
pub(super) const DEFAULT_SCHEMA: &str = "dbo";
/// The database of a login that names none.
pub(super) const MASTER: &str = "master";
/// The databases that every server has and that cannot be dropped.
pub(super) const SYSTEM_DATABASES: &[&str] = &[MASTER, "tempdb", "model", "msdb"];

/// More segments than this of fewer rows than [`SMALL_SEGMENT`] are joined.
const MAX_SMALL_SEGMENTS: usize = 64;
const SMALL_SEGMENT: usize = 4096;

/// Names are compared without regard to case.
pub(super) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// Everything the server holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Instance {
    pub(super) databases: BTreeMap<String, Arc<Database>>,
    /// The logins that were created, by name as [`key`].
    pub(super) logins: BTreeMap<String, Arc<StoredLogin>>,
}

/// A database.
#[derive(Clone, Debug)]
pub(super) struct Database {
    /// Names its rows in storage; a database of the same name that was dropped had another.
    pub(super) id: Uuid,
    pub(super) name: String,
    /// As `sys.databases` numbers it.
    pub(super) number: i32,
    /// Unix milliseconds.
    pub(super) created: i64,
    /// The login that made it, as [`key`]; the administrator's databases name none.
    pub(super) owner: Option<String>,
    pub(super) principals: Principals,
    /// By schema and name, both as [`key`].
    pub(super) tables: BTreeMap<(String, String), Arc<Table>>,
    /// Likewise.
    pub(super) procedures: BTreeMap<(String, String), Arc<StoredProcedure>>,
}

/// A procedure: its text, which is read again for each call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredProcedure {
    pub(super) id: Uuid,
    /// As `sys.objects` numbers it.
    pub(super) number: i32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) parameters: Vec<ProcedureParameter>,
    /// The statements behind AS; as many empty lines stand in front as there are lines before them in the batch.
    pub(super) body: String,
    /// Unix milliseconds.
    pub(super) created: i64,
}

/// A parameter of a procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcedureParameter {
    /// With its `@`.
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    /// The default's text.
    pub(super) default: Option<String>,
    pub(super) output: bool,
}

/// What is known of a table without its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableDefinition {
    pub(super) id: Uuid,
    /// As `sys.objects` numbers it.
    pub(super) number: i32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Positions of the columns of the primary key.
    pub(super) primary_key: Vec<usize>,
    /// Unix milliseconds.
    pub(super) created: i64,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) nullable: bool,
    pub(super) identity: Option<Identity>,
    /// The default's text.
    pub(super) default: Option<String>,
}

/// A table: its definition and its rows.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) definition: Arc<TableDefinition>,
    pub(super) arrow: SchemaRef,
    pub(super) segments: Vec<Arc<Segment>>,
    /// The next value of the identity column.
    pub(super) next_identity: i64,
}

/// Rows that are stored together and never change.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) id: Uuid,
    pub(super) rows: RecordBatch,
    /// The primary keys of the rows, once they were asked for.
    pub(super) keys: OnceLock<Arc<HashSet<OwnedRow>>>,
}

impl Instance {
    pub(super) fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(&key(name))
    }

    /// The database to change.
    ///
    /// # Errors
    /// 911 where there is none of that name.
    pub(super) fn database_mut(&mut self, name: &str) -> Result<&mut Database> {
        let database = self
            .databases
            .get_mut(&key(name))
            .ok_or_else(|| no_database(name))?;
        Ok(Arc::make_mut(database))
    }

    /// A number that no database has.
    pub(super) fn next_number(&self) -> i32 {
        self.databases
            .values()
            .map(|database| database.number)
            .max()
            .unwrap_or(0)
            + 1
    }
}

/// 911: there is no database of that name.
pub(super) fn no_database(name: &str) -> SqlError {
    SqlError::new(
        911,
        16,
        format!("Database '{name}' does not exist. Make sure that the name is entered correctly."),
    )
}

impl Database {
    pub(super) fn table(&self, schema: &str, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(&(key(schema), key(name)))
    }

    pub(super) fn procedure(&self, schema: &str, name: &str) -> Option<&Arc<StoredProcedure>> {
        self.procedures.get(&(key(schema), key(name)))
    }

    /// The table to change.
    ///
    /// # Errors
    /// 208 where there is none of that name.
    pub(super) fn table_mut(&mut self, schema: &str, name: &str) -> Result<&mut Table> {
        let table = self
            .tables
            .get_mut(&(key(schema), key(name)))
            .ok_or_else(|| SqlError::invalid_object(name))?;
        Ok(Arc::make_mut(table))
    }

    /// A number that no object has.
    pub(super) fn next_object_number(&self) -> i32 {
        const FIRST: i32 = 1_000_000;
        let tables = self.tables.values().map(|table| table.definition.number);
        let procedures = self.procedures.values().map(|procedure| procedure.number);
        tables.chain(procedures).max().unwrap_or(FIRST) + 1
    }
}

impl Table {
    pub(super) fn new(definition: TableDefinition) -> Result<Self> {
        let next_identity = definition
            .columns
            .iter()
            .find_map(|column| column.identity)
            .map_or(0, |identity| identity.seed);
        Ok(Self {
            arrow: definition.arrow()?,
            definition: Arc::new(definition),
            segments: Vec::new(),
            next_identity,
        })
    }

    /// Adds rows. Many small segments become one.
    ///
    /// # Errors
    /// When segments cannot be joined.
    pub(super) fn append(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.segments.push(Arc::new(Segment::new(rows)));
        let is_small = |segment: &Arc<Segment>| segment.rows.num_rows() < SMALL_SEGMENT;
        let small = self
            .segments
            .iter()
            .rev()
            .take_while(|segment| is_small(segment))
            .count();
        if small > MAX_SMALL_SEGMENTS {
            let tail = self.segments.split_off(self.segments.len() - small);
            let joined = datafusion::arrow::compute::concat_batches(
                &self.arrow,
                tail.iter().map(|segment| &segment.rows),
            )?;
            self.segments.push(Arc::new(Segment::new(joined)));
        }
        Ok(())
    }

    pub(super) fn batches(&self) -> Vec<RecordBatch> {
        self.segments
            .iter()
            .map(|segment| segment.rows.clone())
            .collect()
    }
}

impl TableDefinition {
    /// The schema of the rows.
    ///
    /// # Errors
    /// 40517 for a type that columns cannot have.
    pub(super) fn arrow(&self) -> Result<SchemaRef> {
        let fields = self
            .columns
            .iter()
            .map(|column| column.sql_type.field(&column.name, column.nullable));
        Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
    }

    /// The position of a column.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let name = key(name);
        self.columns
            .iter()
            .position(|column| key(&column.name) == name)
    }
}

impl Segment {
    pub(super) fn new(rows: RecordBatch) -> Self {
        Self {
            id: Uuid::new_v4(),
            rows,
            keys: OnceLock::new(),
        }
    }

    /// A segment that was stored.
    pub(super) fn stored(id: Uuid, rows: RecordBatch) -> Self {
        Self {
            id,
            ..Self::new(rows)
        }
    }
}
