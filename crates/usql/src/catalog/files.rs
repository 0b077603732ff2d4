//! The catalog as files of a store: one document for each object, below
//! `/_catalog_`.

use std::collections::BTreeMap;
use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Catalog, DBO, Database, MASTER, QualifiedName, Schema};
use crate::store::{CATALOG, EntryKind, FileStore, StorePath};

const DATABASE: &str = "database.json";
const SCHEMA: &str = "schema.json";

/// What a script changes in the catalog's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// A document to be written.
    Write(StorePath, Vec<u8>),
    /// The file at the first path as it is when the script runs, to be written at the second.
    Copy(StorePath, StorePath),
    /// A file that is no longer needed.
    Remove(StorePath),
}

fn root() -> StorePath {
    StorePath::root().join(CATALOG)
}

/// What stays as it is in a file name: letters, digits and these.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// A name as a file name: everything else encoded, so that names differ on any file system that
/// tells cases apart.
fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PLAIN).to_string()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Catalog {
    /// Reads the catalog of a store; one without any has `master.dbo` only.
    ///
    /// # Errors
    /// When a document cannot be read or is damaged.
    pub fn load(store: &dyn FileStore) -> io::Result<Self> {
        let mut catalog = Self::default();
        for (name, folder) in folders(store, &root())? {
            // A store may keep the folder of a database that was dropped.
            if name != MASTER && store.info(&folder.join(DATABASE))?.is_none() {
                continue;
            }
            let mut database = Database::new();
            database.assemblies = documents(store, &folder.join("assemblies"))?;
            for (schema_name, schema_folder) in folders(store, &folder)? {
                if store.info(&schema_folder.join(SCHEMA))?.is_none() {
                    continue;
                }
                let schema = Schema {
                    tables: documents(store, &schema_folder.join("tables"))?,
                    views: documents(store, &schema_folder.join("views"))?,
                    functions: documents(store, &schema_folder.join("functions"))?,
                    procedures: documents(store, &schema_folder.join("procedures"))?,
                    types: documents(store, &schema_folder.join("types"))?,
                    packages: documents(store, &schema_folder.join("packages"))?,
                };
                database.schemas.insert(schema_name, schema);
            }
            catalog.databases.insert(name, database);
        }
        Ok(catalog)
    }
}

fn folders(store: &dyn FileStore, folder: &StorePath) -> io::Result<Vec<(String, StorePath)>> {
    let entries = store.list(folder)?.into_iter();
    let folders = entries.filter(|entry| entry.kind == EntryKind::Folder);
    Ok(folders
        .map(|entry| (decoded(&entry.name), folder.join(&entry.name)))
        .collect())
}

fn documents<T: DeserializeOwned>(
    store: &dyn FileStore,
    folder: &StorePath,
) -> io::Result<BTreeMap<String, T>> {
    let mut found = BTreeMap::new();
    for entry in store.list(folder)? {
        let (Some(name), EntryKind::File(info)) = (entry.name.strip_suffix(".json"), &entry.kind)
        else {
            continue;
        };
        let path = folder.join(&entry.name);
        let file = store.open(&path)?;
        let mut bytes = vec![0; usize::try_from(info.length).map_err(io::Error::other)?];
        let mut at = 0;
        while at < bytes.len() {
            let offset = u64::try_from(at).map_err(io::Error::other)?;
            match file.read_at(offset, &mut bytes[at..])? {
                0 => break,
                read => at += read,
            }
        }
        let document = serde_json::from_slice(&bytes).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{path}: {error}"))
        })?;
        found.insert(decoded(name), document);
    }
    Ok(found)
}

/// A place for rows of a table that nothing else uses.
pub(crate) fn data_file(table: &QualifiedName) -> StorePath {
    let folder = schema_folder(&table.database, &table.schema).join("tables");
    folder
        .join(&format!("{}.data", encoded(&table.object)))
        .join(&format!("{}.parquet", uuid::Uuid::new_v4()))
}

/// A place for a file of an assembly that nothing else uses.
pub(crate) fn assembly_file(database: &str, assembly: &str) -> StorePath {
    let folder = root().join(&encoded(database)).join("assemblies");
    folder
        .join(&format!("{}.data", encoded(assembly)))
        .join(&uuid::Uuid::new_v4().to_string())
}

fn schema_folder(database: &str, schema: &str) -> StorePath {
    root().join(&encoded(database)).join(&encoded(schema))
}

/// What has to be written and removed to get from one catalog to another.
pub(crate) fn changes(from: &Catalog, to: &Catalog) -> Vec<Change> {
    let (old, new) = (documents_of(from), documents_of(to));
    let mut changes = Vec::new();
    for (path, document) in &new {
        if old.get(path) != Some(document) {
            changes.push(Change::Write(path.clone(), document.clone()));
        }
    }
    for path in old.keys() {
        if !new.contains_key(path) {
            changes.push(Change::Remove(path.clone()));
        }
    }
    let (old, new) = (data_files(from), data_files(to));
    changes.extend(
        old.into_iter()
            .filter(|path| !new.contains(path))
            .map(Change::Remove),
    );
    changes
}

fn data_files(catalog: &Catalog) -> Vec<StorePath> {
    let schemas = catalog
        .databases
        .values()
        .flat_map(|database| database.schemas.values());
    let tables = schemas.flat_map(|schema| schema.tables.values());
    let rows = tables
        .flat_map(|table| &table.partitions)
        .flat_map(|partition| &partition.files);
    let assemblies = catalog
        .databases
        .values()
        .flat_map(|database| database.assemblies.values());
    let contents = assemblies
        .flat_map(|assembly| &assembly.files)
        .map(|file| &file.path);
    rows.chain(contents).cloned().collect()
}

/// Every document of a catalog. `master.dbo` is there without documents.
fn documents_of(catalog: &Catalog) -> BTreeMap<StorePath, Vec<u8>> {
    let mut documents = BTreeMap::new();
    for (name, database) in &catalog.databases {
        let folder = root().join(&encoded(name));
        if name != MASTER {
            documents.insert(folder.join(DATABASE), b"{}".to_vec());
        }
        add(
            &mut documents,
            &folder.join("assemblies"),
            &database.assemblies,
        );
        for (schema_name, schema) in &database.schemas {
            let folder = schema_folder(name, schema_name);
            let empty = *schema == Schema::default();
            if schema_name != DBO || !empty {
                documents.insert(folder.join(SCHEMA), b"{}".to_vec());
            }
            add(&mut documents, &folder.join("tables"), &schema.tables);
            add(&mut documents, &folder.join("views"), &schema.views);
            add(&mut documents, &folder.join("functions"), &schema.functions);
            add(
                &mut documents,
                &folder.join("procedures"),
                &schema.procedures,
            );
            add(&mut documents, &folder.join("types"), &schema.types);
            add(&mut documents, &folder.join("packages"), &schema.packages);
        }
    }
    documents
}

fn add<T: Serialize>(
    documents: &mut BTreeMap<StorePath, Vec<u8>>,
    folder: &StorePath,
    objects: &BTreeMap<String, T>,
) {
    for (name, object) in objects {
        let text =
            serde_json::to_vec_pretty(object).expect("documents hold nothing that JSON lacks");
        documents.insert(folder.join(&format!("{}.json", encoded(name))), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Assembly, Definition, Table, TableType};
    use crate::cs::Type;
    use crate::rel::Column;
    use crate::store::{LocalFiles, Transaction};

    fn apply(store: &LocalFiles, changes: Vec<Change>) {
        let mut transaction: Box<dyn Transaction> = store.begin().expect("a transaction");
        for change in changes {
            match change {
                Change::Write(path, bytes) => {
                    transaction
                        .create(&path)
                        .expect("a file")
                        .write_all(&bytes)
                        .expect("written");
                }
                Change::Remove(path) => transaction.remove(&path).expect("removed"),
                Change::Copy(..) => unreachable!("no file is copied here"),
            }
        }
        transaction.commit().expect("committed");
    }

    #[test]
    fn a_catalog_is_what_was_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = LocalFiles::open(folder.path()).expect("a store");
        let empty = Catalog::load(&store).expect("a catalog");
        assert_eq!(empty, Catalog::default());
        let mut catalog = empty.clone();
        let mut database = Database::new();
        database.assemblies.insert(
            "A.B".into(),
            Assembly {
                source: "/a.dll".into(),
                files: Vec::new(),
            },
        );
        let mut schema = Schema::default();
        let table = Table {
            columns: vec![Column {
                name: "a b".into(),
                ty: Type::Nullable(Box::new(Type::Int)),
            }],
            ..Table::default()
        };
        schema.tables.insert("T/\u{e4}".into(), table);
        let definition = Definition {
            text: "CREATE VIEW v AS @x".into(),
            database: "D".into(),
            schema: "s".into(),
        };
        schema.views.insert("v".into(), definition);
        let columns = vec![Column {
            name: "x".into(),
            ty: Type::String,
        }];
        schema.types.insert("ty".into(), TableType { columns });
        database.schemas.insert("s".into(), schema);
        catalog.databases.insert("D".into(), database);
        apply(&store, changes(&empty, &catalog));
        assert_eq!(Catalog::load(&store).expect("a catalog"), catalog);
        // And back to nothing.
        apply(&store, changes(&catalog, &empty));
        assert_eq!(Catalog::load(&store).expect("a catalog"), empty);
    }

    #[test]
    fn names_differ_as_files_where_they_differ() {
        assert_eq!(encoded("a b/c"), "a%20b%2Fc");
        for name in ["a", "A", "%41", "\u{e4}", "a.b"] {
            assert_eq!(decoded(&encoded(name)), name);
        }
    }
}
