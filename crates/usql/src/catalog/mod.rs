//! Databases, schemas and what they hold. A catalog is read once when a script
//! is compiled; what the script changes is written in the same transaction as
//! its outputs.

mod files;
mod name;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cs::{Type, Value, resolve};
use crate::rel::Column;
use crate::store::StorePath;

pub(crate) use files::{Change, assembly_file, changes, data_file};
pub(crate) use name::NameContext;
pub use name::QualifiedName;

/// The database that is always there.
pub const MASTER: &str = "master";
/// The schema that every database has.
pub const DBO: &str = "dbo";

/// All databases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// By name; [`MASTER`] is one of them.
    pub databases: BTreeMap<String, Database>,
}

/// A database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// By name; [`DBO`] is one of them.
    pub schemas: BTreeMap<String, Schema>,
    /// By name.
    pub assemblies: BTreeMap<String, Assembly>,
}

/// A schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// By name.
    pub tables: BTreeMap<String, Table>,
    /// By name.
    pub views: BTreeMap<String, Definition>,
    /// Table-valued functions, by name.
    pub functions: BTreeMap<String, Definition>,
    /// By name.
    pub procedures: BTreeMap<String, Definition>,
    /// Table types, by name.
    pub types: BTreeMap<String, TableType>,
    /// By name.
    #[serde(default)]
    pub packages: BTreeMap<String, Definition>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its columns, in order.
    #[serde(with = "columns")]
    pub columns: Vec<Column>,
    /// Its clustered index; no rows without one.
    pub index: Option<Index>,
    /// The columns of named partitions; empty when it has none.
    pub partitioned_by: Vec<String>,
    /// How rows are spread: recorded only.
    pub distribution: Option<Distribution>,
    /// Its partitions. A table without named ones has exactly one, without key.
    pub partitions: Vec<Partition>,
}

/// A clustered index: recorded only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The columns, and whether each is descending.
    pub keys: Vec<(String, bool)>,
}

/// How the rows of a table are spread: recorded only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// By what.
    pub scheme: Scheme,
    /// The columns, and whether each is descending.
    pub keys: Vec<(String, bool)>,
    /// `INTO`: over how many buckets.
    pub buckets: Option<i32>,
}

/// What decides on the bucket of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scheme {
    /// A hash of columns.
    Hash,
    /// An integer column is the hash.
    DirectHash,
    /// Ranges of columns.
    Range,
    /// Each row the next bucket.
    RoundRobin,
}

/// The rows of a table that share the values of the partition columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partition {
    /// Those values.
    pub(crate) key: Vec<Value>,
    /// Files that hold the rows.
    pub files: Vec<StorePath>,
}

/// The text of a view, function or procedure, and where its names are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The whole CREATE statement.
    pub text: String,
    /// The database that was in use.
    pub database: String,
    /// The schema that was in use.
    pub schema: String,
}

/// A table type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableType {
    /// Its columns.
    #[serde(with = "columns")]
    pub columns: Vec<Column>,
}

/// A registered assembly: kept, never run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembly {
    /// Where its bytes came from.
    pub source: String,
    /// Its own file first, then the additional ones.
    #[serde(default)]
    pub files: Vec<AssemblyFile>,
}

/// A file of an assembly, kept beside the catalog's documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssemblyFile {
    /// The name it has for the assembly.
    pub name: String,
    /// Bytes.
    pub length: u64,
    /// Where it is kept.
    pub path: StorePath,
}

impl Default for Catalog {
    fn default() -> Self {
        let mut catalog = Self {
            databases: BTreeMap::new(),
        };
        catalog.databases.insert(MASTER.to_owned(), Database::new());
        catalog
    }
}

impl Database {
    /// A database with the schema that all have.
    pub(crate) fn new() -> Self {
        let mut database = Self::default();
        database.schemas.insert(DBO.to_owned(), Schema::default());
        database
    }
}

impl Catalog {
    /// A schema that exists.
    pub fn schema(&self, name: &QualifiedName) -> Option<&Schema> {
        self.databases
            .get(&name.database)?
            .schemas
            .get(&name.schema)
    }

    pub(crate) fn schema_mut(&mut self, name: &QualifiedName) -> Option<&mut Schema> {
        self.databases
            .get_mut(&name.database)?
            .schemas
            .get_mut(&name.schema)
    }

    /// A table that exists.
    pub fn table(&self, name: &QualifiedName) -> Option<&Table> {
        self.schema(name)?.tables.get(&name.object)
    }

    pub(crate) fn table_mut(&mut self, name: &QualifiedName) -> Option<&mut Table> {
        self.schema_mut(name)?.tables.get_mut(&name.object)
    }
}

impl Partition {
    /// The values of the partition columns as text, in order.
    pub fn key_text(&self) -> Vec<String> {
        self.key
            .iter()
            .map(|value| crate::cs::format::to_string(value, &Type::Object))
            .collect()
    }
}

/// Columns as `name` and C# type in documents.
mod columns {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::{Column, resolve};

    #[derive(Serialize, Deserialize)]
    struct Written {
        name: String,
        #[serde(rename = "type")]
        ty: String,
    }

    pub(super) fn serialize<S: Serializer>(
        columns: &[Column],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let written = columns.iter().map(|column| Written {
            name: column.name.clone(),
            ty: column.ty.to_string(),
        });
        written.collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Column>, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        written
            .into_iter()
            .map(|column| {
                let ty = resolve::parse_type(&column.ty)
                    .ok_or_else(|| de::Error::custom(format!("unknown type '{}'", column.ty)))?;
                Ok(Column {
                    name: column.name,
                    ty,
                })
            })
            .collect()
    }
}
