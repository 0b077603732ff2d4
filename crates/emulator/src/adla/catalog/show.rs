//! Objects of the catalog as they go over the wire.

use azml_usql::catalog::{Database, Definition, Schema, Scheme, Table, TableType};
use azml_usql::{Catalog, Column};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::missing;
use crate::arm::ArmError;

/// Schemas that every database shows beside its own.
const SYSTEM_SCHEMAS: &[&str] = &["INFORMATION_SCHEMA", "sys", "usql"];
/// Separates the values of a partition's key in its name.
const KEY_SEPARATOR: &str = ",";

/// A catalog as an account shows it.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) account: &'a str,
    pub(super) catalog: &'a Catalog,
}

/// A table and where it lies.
pub(super) struct Place<'a> {
    database: &'a str,
    schema: &'a str,
    name: &'a str,
    pub(super) table: &'a Table,
}

impl<'a> Shown<'a> {
    pub(super) fn database_name(&self, name: &str) -> Result<&'a str, ArmError> {
        let mut names = self.catalog.databases.keys();
        let found = names.find(|known| known.eq_ignore_ascii_case(name));
        found
            .map(String::as_str)
            .ok_or_else(|| missing("DatabaseNotFound", name))
    }

    pub(super) fn schema_name(&self, database: &str, name: &str) -> Result<&'a str, ArmError> {
        let mut names = self.schema_names(database);
        let found = names.find(|known| known.eq_ignore_ascii_case(name));
        found.ok_or_else(|| missing("SchemaNotFound", name))
    }

    pub(super) fn table(
        &self,
        database: &'a str,
        schema: &'a str,
        name: &str,
    ) -> Result<Place<'a>, ArmError> {
        let mut tables = self
            .schema(database, schema)
            .into_iter()
            .flat_map(|found| &found.tables);
        let found = tables.find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (name, table) = found.ok_or_else(|| missing("TableNotFound", name))?;
        Ok(Place {
            database,
            schema,
            name,
            table,
        })
    }

    fn database(&self, name: &str) -> Option<&'a Database> {
        self.catalog.databases.get(name)
    }

    fn schema(&self, database: &str, name: &str) -> Option<&'a Schema> {
        self.database(database)?.schemas.get(name)
    }

    fn schema_names(&self, database: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = self
            .database(database)
            .into_iter()
            .flat_map(|found| found.schemas.keys());
        own.map(String::as_str)
            .chain(SYSTEM_SCHEMAS.iter().copied())
    }

    pub(super) fn databases(&self) -> Vec<Value> {
        let names = self.catalog.databases.keys();
        names
            .map(|name| self.item(json!({ "databaseName": name })))
            .collect()
    }

    pub(super) fn assemblies(&self, database: &str) -> Vec<Value> {
        let assemblies = self
            .database(database)
            .into_iter()
            .flat_map(|found| &found.assemblies);
        let show = |(name, assembly): (&String, &azml_usql::catalog::Assembly)| {
            self.item(json!({
                "databaseName": database,
                "assemblyName": name,
                "clrName": name,
                "isVisible": true,
                "isUserDefined": true,
                "files": files(assembly),
                "dependencies": [],
            }))
        };
        assemblies.map(show).collect()
    }

    /// A list of a database.
    pub(super) fn in_database(&self, database: &str, kind: &str) -> Vec<Value> {
        match kind {
            "schemas" => {
                let show =
                    |name| self.item(json!({ "databaseName": database, "schemaName": name }));
                self.schema_names(database).map(show).collect()
            }
            "assemblies" => {
                let assemblies = self.assemblies(database).into_iter();
                let listed = assemblies.map(|item| {
                    self.item(json!({
                        "databaseName": database,
                        "assemblyClrName": item["assemblyName"],
                        "clrName": item["clrName"],
                    }))
                });
                listed.collect()
            }
            kind => {
                let schemas = self
                    .database(database)
                    .into_iter()
                    .flat_map(|found| found.schemas.keys());
                schemas
                    .flat_map(|schema| self.in_schema(database, schema, kind))
                    .collect()
            }
        }
    }

    /// A list of a schema.
    pub(super) fn in_schema(&self, database: &str, schema: &str, kind: &str) -> Vec<Value> {
        let Some(found) = self.schema(database, schema) else {
            return Vec::new();
        };
        let definitions = |key: &str, objects: &std::collections::BTreeMap<String, Definition>| {
            let show = |(name, definition): (&String, &Definition)| {
                self.item(json!({
                    "databaseName": database,
                    "schemaName": schema,
                    key: name,
                    "definition": definition_text(definition),
                }))
            };
            objects.iter().map(show).collect()
        };
        match kind {
            "tables" => {
                let tables = found.tables.iter();
                tables
                    .map(|(name, table)| {
                        self.whole_table(&Place {
                            database,
                            schema,
                            name,
                            table,
                        })
                    })
                    .collect()
            }
            "views" => definitions("viewName", &found.views),
            "procedures" => definitions("procName", &found.procedures),
            "tablevaluedfunctions" => definitions("tvfName", &found.functions),
            "tabletypes" | "types" => {
                let show = |(name, ty): (&String, &TableType)| {
                    self.item(json!({
                        "databaseName": database,
                        "schemaName": schema,
                        "typeName": name,
                        "typeFamily": "Table",
                        "cSharpName": name,
                        "fullCSharpName": format!("{database}.{schema}.{name}"),
                        "isNullable": false,
                        "isUserDefined": true,
                        "isAssemblyType": false,
                        "isTableType": true,
                        "isComplexType": false,
                        "columns": columns(&ty.columns),
                    }))
                };
                found.types.iter().map(show).collect()
            }
            // Nothing makes such objects.
            _ => Vec::new(),
        }
    }

    fn whole_table(&self, place: &Place<'_>) -> Value {
        let table = place.table;
        self.item(json!({
            "databaseName": place.database,
            "schemaName": place.schema,
            "tableName": place.name,
            "columnList": columns(&table.columns),
            "indexList": table.index.iter().map(|_| index(table)).collect::<Vec<_>>(),
            "partitionKeyList": table.partitioned_by,
            "externalTable": null,
            "distributionInfo": null,
        }))
    }

    /// A list of a table.
    pub(super) fn in_table(&self, place: &Place<'_>, kind: &str) -> Vec<Value> {
        let place_of = |mut item: Value| {
            item["databaseName"] = place.database.into();
            item["schemaName"] = place.schema.into();
            self.item(item)
        };
        match kind {
            "partitions" => {
                let partitions = place.table.partitions.iter();
                let show = |partition: &azml_usql::catalog::Partition| {
                    let label = partition.key_text();
                    place_of(json!({
                        "partitionName": partition_name(&label),
                        "parentName": {
                            "firstPart": place.database,
                            "secondPart": place.schema,
                            "thirdPart": place.name,
                            "server": "",
                        },
                        "indexId": 1,
                        "label": label,
                    }))
                };
                partitions.map(show).collect()
            }
            "tablefragments" => {
                let files = place
                    .table
                    .partitions
                    .iter()
                    .flat_map(|partition| &partition.files);
                let show = |path: &azml_usql::StorePath| {
                    let whole = path.to_string();
                    let name = whole.rsplit('/').next().unwrap_or_default();
                    let id = name.trim_end_matches(".parquet").to_owned();
                    place_of(json!({ "parentId": place.name, "fragmentId": id, "indexId": 1 }))
                };
                files.map(show).collect()
            }
            _ => Vec::new(),
        }
    }

    /// An item of the account. Its version changes with its content.
    fn item(&self, mut item: Value) -> Value {
        item["computeAccountName"] = self.account.into();
        let digest = Sha256::digest(item.to_string());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        item["version"] = uuid::Builder::from_custom_bytes(bytes)
            .into_uuid()
            .to_string()
            .into();
        item
    }
}

impl Place<'_> {
    /// The table with only one of its partitions.
    pub(super) fn partition(&self, name: &str) -> Result<Table, ArmError> {
        let mut table = self.table.clone();
        table
            .partitions
            .retain(|it| partition_name(&it.key_text()) == name);
        if table.partitions.is_empty() {
            return Err(missing("TablePartitionNotFound", name));
        }
        Ok(table)
    }
}

fn partition_name(label: &[String]) -> String {
    if label.is_empty() {
        "Default".to_owned()
    } else {
        label.join(KEY_SEPARATOR)
    }
}

/// The text from CREATE to the semicolon that ends it, inclusive.
fn definition_text(definition: &Definition) -> String {
    let text = definition.text.trim_end();
    if text.ends_with(';') {
        text.to_owned()
    } else {
        format!("{text};")
    }
}

fn columns(columns: &[Column]) -> Vec<Value> {
    let show = |column: &Column| json!({ "name": column.name, "type": column.ty.clr_name() });
    columns.iter().map(show).collect()
}

fn keys(keys: &[(String, bool)]) -> Vec<Value> {
    keys.iter()
        .map(|(name, descending)| json!({ "name": name, "descending": descending }))
        .collect()
}

/// The clustered index.
fn index(table: &Table) -> Value {
    let Some(index) = &table.index else {
        return Value::Null;
    };
    let key_columns = index.keys.iter().map(|(name, _)| name);
    let columns: Vec<&String> = key_columns.chain(&table.partitioned_by).collect();
    let distribution = table.distribution.as_ref().map(|distribution| {
        // 2 was seen for HASH; no source tells the others.
        let kind = match distribution.scheme {
            Scheme::Range => 1,
            Scheme::Hash => 2,
            Scheme::DirectHash => 3,
            Scheme::RoundRobin => 4,
        };
        json!({
            "type": kind,
            "keys": keys(&distribution.keys),
            "count": distribution.buckets.unwrap_or(0),
            "dynamicCount": 0,
        })
    });
    json!({
        "name": index.name,
        "indexKeys": keys(&index.keys),
        "columns": columns,
        "distributionInfo": distribution,
        "partitionFunction": uuid::Uuid::nil(),
        "partitionKeyList": table.partitioned_by,
        "streamNames": [],
        "isColumnstore": false,
        "indexId": 1,
        "isUnique": false,
    })
}

/// The files of an assembly: its own, then the additional ones.
fn files(assembly: &azml_usql::catalog::Assembly) -> Vec<Value> {
    let show = |(at, file): (usize, &azml_usql::catalog::AssemblyFile)| {
        let original = if at == 0 {
            &assembly.source
        } else {
            &file.name
        };
        json!({
            "type": if at == 0 { "Assembly" } else { "Resource" },
            "originalPath": original,
            "contentPath": file.path.as_str(),
        })
    };
    assembly.files.iter().enumerate().map(show).collect()
}
