//! A snapshot of the catalog as the engine looks tables up in it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    arrow::{datatypes::SchemaRef, record_batch::RecordBatch},
    catalog::{CatalogProvider, CatalogProviderList, MemTable, SchemaProvider, TableProvider},
    common::{DataFusionError, Result},
};

use super::views;
use crate::sql::{
    catalog::{DEFAULT_SCHEMA, Database, Instance, key},
    security::Caller,
    session::Facts,
};

/// The column that numbers the rows of a table that is changed.
pub(in crate::sql) const ROW_ID: &str = "__row_id";

/// A table that is changed, with its rows numbered; it stands in for the one of the snapshot. Names are in lower case.
#[derive(Clone, Debug)]
pub(in crate::sql) struct TargetTable {
    pub(in crate::sql) database: String,
    pub(in crate::sql) schema: String,
    pub(in crate::sql) name: String,
    pub(in crate::sql) rows: (SchemaRef, Vec<RecordBatch>),
}

/// Who reads, and on behalf of what.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    login: Arc<str>,
    /// The database whose tables a procedure reads for its caller.
    chain: Option<Arc<str>>,
}

impl Reader {
    pub(super) fn new(facts: &Facts) -> Self {
        Self {
            login: facts.login.as_str().into(),
            chain: facts.chain.as_deref().map(Into::into),
        }
    }
}

/// Every database of a snapshot.
#[derive(Debug)]
pub(super) struct SnapshotCatalogs {
    pub(super) instance: Arc<Instance>,
    pub(super) reader: Reader,
    pub(super) target: Option<Arc<TargetTable>>,
}

impl CatalogProviderList for SnapshotCatalogs {
    fn register_catalog(
        &self,
        _: String,
        _: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        self.instance.databases.keys().cloned().collect()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let database = Arc::clone(self.instance.database(name)?);
        let target = self.target.clone().filter(|target| target.database == name);
        Some(Arc::new(SnapshotDatabase {
            instance: Arc::clone(&self.instance),
            reader: self.reader.clone(),
            database,
            target,
        }))
    }
}

#[derive(Debug)]
struct SnapshotDatabase {
    instance: Arc<Instance>,
    reader: Reader,
    database: Arc<Database>,
    target: Option<Arc<TargetTable>>,
}

impl CatalogProvider for SnapshotDatabase {
    fn schema_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .database
            .tables
            .keys()
            .map(|(schema, _)| schema.clone())
            .collect();
        names.extend([DEFAULT_SCHEMA, views::SYS, views::INFORMATION_SCHEMA].map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(Arc::new(SnapshotSchema {
            instance: Arc::clone(&self.instance),
            reader: self.reader.clone(),
            database: Arc::clone(&self.database),
            target: self.target.clone().filter(|target| target.schema == name),
            name: name.to_owned(),
        }))
    }
}

#[derive(Debug)]
struct SnapshotSchema {
    instance: Arc<Instance>,
    reader: Reader,
    database: Arc<Database>,
    target: Option<Arc<TargetTable>>,
    name: String,
}

#[async_trait]
impl SchemaProvider for SnapshotSchema {
    fn table_names(&self) -> Vec<String> {
        let tables = self.database.tables.keys();
        tables
            .filter(|(schema, _)| *schema == self.name)
            .map(|(_, name)| name.clone())
            .collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(target) = self.target.as_ref().filter(|target| target.name == name) {
            let (schema, rows) = target.rows.clone();
            return Ok(Some(Arc::new(MemTable::try_new(schema, vec![rows])?)));
        }
        let caller = Caller {
            instance: &self.instance,
            login: &self.reader.login,
        };
        let refused = |error| DataFusionError::External(Box::new(error));
        let database = key(&self.database.name);
        caller.enter(&database).map_err(refused)?;
        if let Some(table) = self.database.table(&self.name, name) {
            if self.reader.chain.as_deref() != Some(database.as_str()) {
                caller
                    .require_object(&database, &self.name, name, "SELECT")
                    .map_err(refused)?;
            }
            // The rows are shared, not copied.
            return Ok(Some(Arc::new(MemTable::try_new(
                Arc::clone(&table.arrow),
                vec![table.batches()],
            )?)));
        }
        let Some(view) = views::view(&self.instance, &self.database, &self.name, name)? else {
            return Ok(None);
        };
        Ok(Some(Arc::new(MemTable::try_new(
            view.schema(),
            vec![vec![view]],
        )?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.database.table(&self.name, name).is_some() || views::exists(&self.name, name)
    }
}
