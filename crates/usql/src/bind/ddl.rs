//! CREATE, ALTER, DROP and USE: changes to the catalog that the script will
//! commit.

use azml_usql_syntax::ast::{self, AlterAction, Create, CreateKind, ObjectKind};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::expr::ExprBinder;
use super::scope::Scope;
use super::script::ScriptBinder;
use crate::catalog::{
    DBO, Database, Definition, Distribution, Index, MASTER, Partition, QualifiedName, Schema,
    Scheme, Table, TableType,
};
use crate::cs::{Type, Value};
use crate::rel::Column;

impl ScriptBinder {
    pub(super) fn use_statement(&mut self, schema: bool, name: &ast::ObjectName) -> BResult<()> {
        if schema {
            let (database, schema) = self.env.names.in_database(name);
            let known = self
                .env
                .catalog
                .databases
                .get(&database)
                .is_some_and(|db| db.schemas.contains_key(&schema));
            if !known {
                return self.missing_object(name, "schema");
            }
            (self.env.names.database, self.env.names.schema) = (database, schema);
            return Ok(());
        }
        let database = name.parts[0].text.clone();
        let schema = name
            .parts
            .get(1)
            .map_or(DBO, |part| part.text.as_str())
            .to_owned();
        match self.env.catalog.databases.get(&database) {
            Some(found) if found.schemas.contains_key(&schema) => {
                (self.env.names.database, self.env.names.schema) = (database, schema);
                Ok(())
            }
            _ => self.missing_object(name, "database"),
        }
    }

    /// The schema of a complete name, which must exist.
    fn schema_for(
        &mut self,
        name: &QualifiedName,
        written: &ast::ObjectName,
    ) -> BResult<&mut Schema> {
        if self.env.catalog.schema(name).is_none() {
            let message = format!(
                "The schema '{}.{}' does not exist.",
                name.database, name.schema
            );
            return self.env.error(
                Code::E_CSC_USER_DDLENTITYDOESNOTEXIST,
                written.span,
                message,
            );
        }
        Ok(self
            .env
            .catalog
            .schema_mut(name)
            .expect("it was found just before"))
    }

    pub(super) fn exists_already<T>(&mut self, kind: &str, name: &ast::ObjectName) -> BResult<T> {
        let message = format!("The {kind} '{name}' already exists.");
        let hint = "write IF NOT EXISTS to leave it as it is";
        self.env.error_with_hint(
            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
            name.span,
            message,
            hint,
        )
    }

    pub(super) fn create(&mut self, create: &Create, span: Span) -> BResult<()> {
        if create.name.last().form == ast::IdentForm::Variable {
            return self.declare_object(create, span);
        }
        match &create.kind {
            CreateKind::Database => {
                let name = create.name.last().text.clone();
                if self.env.catalog.databases.contains_key(&name) {
                    return if create.if_not_exists {
                        Ok(())
                    } else {
                        self.exists_already("database", &create.name)
                    };
                }
                self.env.catalog.databases.insert(name, Database::new());
                Ok(())
            }
            CreateKind::Schema => {
                let (database, schema) = self.env.names.in_database(&create.name);
                let Some(found) = self.env.catalog.databases.get_mut(&database) else {
                    return self.missing_object(&create.name, "database");
                };
                if found.schemas.contains_key(&schema) {
                    return if create.if_not_exists {
                        Ok(())
                    } else {
                        self.exists_already("schema", &create.name)
                    };
                }
                found.schemas.insert(schema, Schema::default());
                Ok(())
            }
            CreateKind::Assembly {
                from,
                additional_files,
            } => self.create_assembly(create, from, additional_files),
            CreateKind::Table(body) => self.create_table(create, body, span),
            CreateKind::Index {
                table,
                keys,
                partition,
            } => self.create_index(create, table, keys, partition),
            CreateKind::Type(columns) => {
                let columns = self.declared_columns(columns, span)?;
                let name = self.env.names.object(&create.name);
                let schema = self.schema_for(&name, &create.name)?;
                if schema.types.contains_key(&name.object) {
                    return if create.if_not_exists {
                        Ok(())
                    } else {
                        self.exists_already("type", &create.name)
                    };
                }
                schema.types.insert(name.object, TableType { columns });
                Ok(())
            }
            CreateKind::View(query) => {
                if let Some(variable) = first_variable(query) {
                    let message = format!("A view cannot use the variable '{variable}'.");
                    return self
                        .env
                        .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
                }
                self.define(create, span, "view", |schema| &mut schema.views)
            }
            CreateKind::Function { .. } => {
                self.define(create, span, "function", |schema| &mut schema.functions)
            }
            CreateKind::Procedure { .. } => {
                self.define(create, span, "procedure", |schema| &mut schema.procedures)
            }
            CreateKind::Package { .. } => {
                self.define(create, span, "package", |schema| &mut schema.packages)
            }
        }
    }

    /// Keeps the text of a definition.
    fn define(
        &mut self,
        create: &Create,
        span: Span,
        kind: &str,
        objects: fn(&mut Schema) -> &mut std::collections::BTreeMap<String, Definition>,
    ) -> BResult<()> {
        let name = self.env.names.object(&create.name);
        let definition = Definition {
            text: span.text(&self.source).to_owned(),
            database: self.env.names.database.clone(),
            schema: self.env.names.schema.clone(),
        };
        let schema = self.schema_for(&name, &create.name)?;
        if objects(schema).contains_key(&name.object) {
            return if create.if_not_exists {
                Ok(())
            } else {
                self.exists_already(kind, &create.name)
            };
        }
        objects(schema).insert(name.object, definition);
        Ok(())
    }

    pub(super) fn declared_columns(
        &mut self,
        columns: &[ast::ColumnDef],
        span: Span,
    ) -> BResult<Vec<Column>> {
        let mut bound = Vec::with_capacity(columns.len());
        for column in columns {
            let ty = self.column_type(&column.ty)?;
            bound.push(Column {
                name: column.name.text.clone(),
                ty,
            });
        }
        self.check_names(&bound, span)?;
        Ok(bound)
    }

    fn create_table(&mut self, create: &Create, body: &ast::TableBody, span: Span) -> BResult<()> {
        let name = self.env.names.object(&create.name);
        // The rows of CREATE TABLE … AS are read before the table exists.
        let rows = match &body.query {
            Some(query) => Some(self.query(query)?),
            None => None,
        };
        let columns = match &rows {
            Some(rows) => rows.columns.clone(),
            None => self.declared_columns(&body.columns, span)?,
        };
        let schema = self.schema_for(&name, &create.name)?;
        if schema.tables.contains_key(&name.object) {
            return if create.if_not_exists {
                Ok(())
            } else {
                self.exists_already("table", &create.name)
            };
        }
        let mut table = Table {
            columns,
            ..Table::default()
        };
        if let Some(index) = &body.index {
            table.index = Some(self.index(&table, &index.name, &index.keys)?);
        }
        self.spread(&mut table, &body.partition, create.name.span)?;
        let partitioned = !table.partitioned_by.is_empty();
        if let Some(schema) = self.env.catalog.schema_mut(&name) {
            schema.tables.insert(name.object.clone(), table);
        }
        self.touched.insert(name.clone());
        match rows {
            Some(_) if partitioned => {
                let message = "CREATE TABLE … AS cannot fill a table with named partitions.";
                self.env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message)
            }
            Some(rows) => self.append(&name, &[], rows, create.name.span),
            None => Ok(()),
        }
    }

    fn index(
        &mut self,
        table: &Table,
        name: &ast::Ident,
        keys: &[ast::SortItem],
    ) -> BResult<Index> {
        Ok(Index {
            name: name.text.clone(),
            keys: self.index_keys(table, keys)?,
        })
    }

    /// Columns that rows are sorted by.
    fn index_keys(
        &mut self,
        table: &Table,
        keys: &[ast::SortItem],
    ) -> BResult<Vec<(String, bool)>> {
        let mut bound = Vec::with_capacity(keys.len());
        for key in keys {
            let column = key.expr.to_string().replace(['[', ']'], "");
            let Some(found) = table.columns.iter().find(|known| known.name == column) else {
                let message = format!("The table has no column '{column}'.");
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    key.expr.span,
                    message,
                );
            };
            let ty = found.ty.clone();
            self.check_comparable(&ty, key.expr.span, "an index")?;
            bound.push((column, key.descending));
        }
        Ok(bound)
    }

    /// Partition columns and distribution.
    fn spread(&mut self, table: &mut Table, partition: &ast::Partition, span: Span) -> BResult<()> {
        for column in &partition.columns {
            if !table.columns.iter().any(|known| known.name == column.text) {
                let message = format!("The table has no column '{}'.", column.text);
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    column.span,
                    message,
                );
            }
            table.partitioned_by.push(column.text.clone());
        }
        let mut buckets = None;
        if let Some(into) = &partition.into {
            let Value::Int(number @ 2..=2500) = self.constant(into, &Type::Int)? else {
                let message = "The number of buckets is 2 to 2500.";
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    into.span,
                    message,
                );
            };
            buckets = Some(number);
        }
        if let Some(scheme) = &partition.scheme {
            let names = |columns: &[ast::Ident]| {
                columns
                    .iter()
                    .map(|column| (column.text.clone(), false))
                    .collect()
            };
            let (scheme, keys) = match scheme {
                ast::Scheme::Hash(columns) => (Scheme::Hash, names(columns)),
                ast::Scheme::DirectHash(columns) => (Scheme::DirectHash, names(columns)),
                ast::Scheme::Range(keys) => (Scheme::Range, self.index_keys(table, keys)?),
                ast::Scheme::RoundRobin => (Scheme::RoundRobin, Vec::new()),
            };
            if let Some((column, _)) = keys
                .iter()
                .find(|(column, _)| table.columns.iter().all(|known| known.name != *column))
            {
                let message = format!("The table has no column '{column}'.");
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            }
            table.distribution = Some(Distribution {
                scheme,
                keys,
                buckets,
            });
        }
        if table.partitioned_by.is_empty() && table.partitions.is_empty() {
            table.partitions.push(Partition::default());
        }
        Ok(())
    }

    fn create_index(
        &mut self,
        create: &Create,
        table: &ast::ObjectName,
        keys: &[ast::SortItem],
        partition: &ast::Partition,
    ) -> BResult<()> {
        let name = self.env.names.object(table);
        let Some(found) = self.env.catalog.table(&name).cloned() else {
            return self.missing_object(table, "table");
        };
        if found.index.is_some() {
            return if create.if_not_exists {
                Ok(())
            } else {
                self.exists_already("index", &create.name)
            };
        }
        let mut changed = found;
        changed.index = Some(self.index(&changed, create.name.last(), keys)?);
        changed.partitions.clear();
        self.spread(&mut changed, partition, create.name.span)?;
        self.replace(&name, changed);
        Ok(())
    }

    fn replace(&mut self, name: &QualifiedName, table: Table) {
        self.touched.insert(name.clone());
        if let Some(known) = self.env.catalog.table_mut(name) {
            *known = table;
        }
    }

    pub(super) fn drop_object(&mut self, drop: &ast::Drop) -> BResult<()> {
        let name = self.env.names.object(&drop.name);
        let schema = self.env.catalog.schema_mut(&name);
        let found = match drop.kind {
            ObjectKind::Database => {
                let database = &drop.name.last().text;
                if database == MASTER {
                    let message = "The database 'master' cannot be dropped.";
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                        drop.name.span,
                        message,
                    );
                }
                if self.env.names.database == *database {
                    self.env.names = crate::catalog::NameContext::default();
                }
                self.env.catalog.databases.remove(database).is_some()
            }
            ObjectKind::Schema => {
                let (database, schema) = self.env.names.in_database(&drop.name);
                if schema == DBO {
                    let message = "The schema 'dbo' cannot be dropped.";
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                        drop.name.span,
                        message,
                    );
                }
                self.env
                    .catalog
                    .databases
                    .get_mut(&database)
                    .is_some_and(|db| db.schemas.remove(&schema).is_some())
            }
            ObjectKind::Assembly => {
                let (database, assembly) = self.env.names.in_database(&drop.name);
                self.env
                    .catalog
                    .databases
                    .get_mut(&database)
                    .is_some_and(|db| db.assemblies.remove(&assembly).is_some())
            }
            ObjectKind::Table => {
                schema.is_some_and(|schema| schema.tables.remove(&name.object).is_some())
            }
            ObjectKind::View => {
                schema.is_some_and(|schema| schema.views.remove(&name.object).is_some())
            }
            ObjectKind::Function => {
                schema.is_some_and(|schema| schema.functions.remove(&name.object).is_some())
            }
            ObjectKind::Procedure => {
                schema.is_some_and(|schema| schema.procedures.remove(&name.object).is_some())
            }
            ObjectKind::Type => {
                schema.is_some_and(|schema| schema.types.remove(&name.object).is_some())
            }
            ObjectKind::Package => {
                schema.is_some_and(|schema| schema.packages.remove(&name.object).is_some())
            }
            // A table without one could not be read.
            ObjectKind::Index => return self.env.unsupported(drop.name.span, "DROP INDEX"),
        };
        if drop.kind == ObjectKind::Table && found {
            self.touched.insert(name);
        }
        if found || drop.if_exists {
            return Ok(());
        }
        self.missing_object(&drop.name, &drop.kind.keyword().to_ascii_lowercase())
    }

    pub(super) fn alter_table(&mut self, alter: &ast::AlterTable) -> BResult<()> {
        let name = self.env.names.object(&alter.table);
        let Some(mut table) = self.env.catalog.table(&name).cloned() else {
            return self.missing_object(&alter.table, "table");
        };
        match &alter.action {
            AlterAction::Rebuild => return Ok(()),
            AlterAction::AddColumns(columns) => {
                let added = self.declared_columns(columns, alter.table.span)?;
                table.columns.extend(added);
                self.check_names(&table.columns, alter.table.span)?;
            }
            AlterAction::DropColumns(names) => {
                for column in names {
                    let indexed = table
                        .index
                        .iter()
                        .flat_map(|index| &index.keys)
                        .any(|(key, _)| *key == column.text);
                    if indexed || table.partitioned_by.contains(&column.text) {
                        let message = format!(
                            "The column '{}' belongs to the index or the partitions.",
                            column.text
                        );
                        return self.env.error(
                            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                            column.span,
                            message,
                        );
                    }
                    let before = table.columns.len();
                    table.columns.retain(|known| known.name != column.text);
                    if table.columns.len() == before {
                        let message = format!("The table has no column '{}'.", column.text);
                        return self.env.error(
                            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                            column.span,
                            message,
                        );
                    }
                }
            }
            AlterAction::AddPartitions {
                if_not_exists,
                keys,
            } => {
                for key in keys {
                    let key = self.partition_key(&table, key, alter.table.span)?;
                    if table.partitions.iter().any(|known| known.key == key) {
                        if !if_not_exists {
                            let message =
                                format!("The table '{}' has this partition already.", alter.table);
                            return self.env.error(
                                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                                alter.table.span,
                                message,
                            );
                        }
                        continue;
                    }
                    table.partitions.push(Partition {
                        key,
                        files: Vec::new(),
                    });
                }
            }
            AlterAction::DropPartitions { if_exists, keys } => {
                for key in keys {
                    let key = self.partition_key(&table, key, alter.table.span)?;
                    let before = table.partitions.len();
                    table.partitions.retain(|known| known.key != key);
                    if table.partitions.len() == before && !if_exists {
                        let message = format!("The table '{}' has no such partition.", alter.table);
                        return self.env.error(
                            Code::E_CSC_USER_DDLENTITYDOESNOTEXIST,
                            alter.table.span,
                            message,
                        );
                    }
                }
            }
        }
        // New partitions of a table do not stand in the way of reading it.
        if matches!(
            alter.action,
            AlterAction::AddPartitions { .. } | AlterAction::DropPartitions { .. }
        ) {
            if let Some(known) = self.env.catalog.table_mut(&name) {
                *known = table;
            }
            return Ok(());
        }
        self.replace(&name, table);
        Ok(())
    }

    /// The values of a partition's key, each of its column's type.
    pub(super) fn partition_key(
        &mut self,
        table: &Table,
        key: &[ast::Expr],
        span: Span,
    ) -> BResult<Vec<Value>> {
        let scope = Scope::default();
        let key: Vec<&ast::Expr> = key.iter().collect();
        ExprBinder::new(&mut self.env, &scope).partition_key(table, &key, span)
    }

    pub(super) fn truncate(
        &mut self,
        written: &ast::ObjectName,
        keys: &[Vec<ast::Expr>],
    ) -> BResult<()> {
        let name = self.env.names.object(written);
        let Some(mut table) = self.env.catalog.table(&name).cloned() else {
            return self.missing_object(written, "table");
        };
        if keys.is_empty() {
            for partition in &mut table.partitions {
                partition.files.clear();
            }
        }
        for key in keys {
            let key = self.partition_key(&table, key, written.span)?;
            match table.partitions.iter_mut().find(|known| known.key == key) {
                Some(partition) => partition.files.clear(),
                None => {
                    let message = format!("The table '{written}' has no such partition.");
                    return self.env.error(
                        Code::E_CSC_USER_DDLENTITYDOESNOTEXIST,
                        written.span,
                        message,
                    );
                }
            }
        }
        self.replace(&name, table);
        Ok(())
    }
}

/// A variable in a view's text. Its tokens are looked at, because variables
/// can stand in any of its parts.
fn first_variable(query: &ast::Query) -> Option<String> {
    let text = query.to_string();
    let (tokens, _) = azml_usql_syntax::tokenize(&text);
    let variable = tokens
        .iter()
        .find(|token| token.kind == azml_usql_syntax::TokenKind::Variable)?;
    Some(variable.span.text(&text).to_owned())
}
