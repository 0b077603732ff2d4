//! INSERT, and reading tables: rows go into new files of a table, and are read
//! from the files it had when the script began.

use azml_usql_syntax::ast::{self, QueryKind, Violation};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::convert::implicit;
use super::expr::ExprBinder;
use super::operator::negate_if;
use super::scope::Scope;
use super::script::ScriptBinder;
use crate::catalog::{QualifiedName, Table, data_file};
use crate::cs::ops::Comparison;
use crate::cs::{Type, Value};
use crate::expr::column::default_value;
use crate::expr::{Expr, Kind};
use crate::rel::{Column, Node, Rel, Relation, Sink, SinkTarget};
use crate::table::TableSource;

impl ScriptBinder {
    /// A table or view of the catalog.
    pub(super) fn object(&mut self, written: &ast::ObjectName) -> BResult<Rel> {
        let name = self.env.names.object(written);
        if self.touched.contains(&name) {
            let message =
                format!("The table '{written}' is changed by this script before it is read.");
            let hint = "read it before the change, or in a script of its own";
            return self.env.error_with_hint(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                written.span,
                message,
                hint,
            );
        }
        if let Some(table) = self.base.table(&name) {
            return Ok(scan(table));
        }
        match self
            .env
            .catalog
            .schema(&name)
            .and_then(|schema| schema.views.get(&name.object))
        {
            Some(definition) => {
                let definition = definition.clone();
                self.view(&name, &definition, written.span)
            }
            None => self.missing_object(written, "table or view"),
        }
    }

    pub(super) fn insert(&mut self, insert: &ast::Insert) -> BResult<()> {
        let name = self.env.names.object(&insert.table);
        let Some(table) = self.env.catalog.table(&name).cloned() else {
            return self.missing_object(&insert.table, "table");
        };
        let span = insert.table.span;
        if table.index.is_none() {
            let message = format!(
                "The table '{}' has no index yet, so no rows can be inserted.",
                insert.table
            );
            let hint = "add one with CREATE CLUSTERED INDEX";
            return self.env.error_with_hint(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                span,
                message,
                hint,
            );
        }
        let partitioned = !table.partitioned_by.is_empty();
        if partitioned && insert.partition.is_none() && insert.violation.is_none() {
            let message = format!(
                "The table '{}' has partitions: INSERT needs PARTITION or ON INTEGRITY VIOLATION.",
                insert.table
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let key = match &insert.partition {
            Some(key) => Some(self.partition_key(&table, key, span)?),
            None => None,
        };
        // The columns that the source gives, in its order.
        let mut given: Vec<&Column> = Vec::new();
        for column in &insert.columns {
            match table.columns.iter().find(|known| known.name == column.text) {
                Some(known) => given.push(known),
                None => {
                    let message = format!(
                        "The table '{}' has no column '{}'.",
                        insert.table, column.text
                    );
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                        column.span,
                        message,
                    );
                }
            }
        }
        if insert.columns.is_empty() {
            given = table
                .columns
                .iter()
                .filter(|column| key.is_none() || !table.partitioned_by.contains(&column.name))
                .collect();
        }
        let rows = self.inserted_rows(insert, &given)?;
        let rows = self.completed(&table, &given, key.as_deref(), rows, span)?;
        match (key, &insert.violation) {
            (Some(key), _) => self.append(&name, &key, rows, span),
            (None, Some(violation)) if partitioned => {
                self.distribute(&name, &table, rows, violation, span)
            }
            _ => self.append(&name, &[], rows, span),
        }
    }

    /// The source's rows with the types of the columns they go to.
    fn inserted_rows(&mut self, insert: &ast::Insert, given: &[&Column]) -> BResult<Rel> {
        let wrong_count = |binder: &mut Self, found: usize, span: Span| {
            let message = format!(
                "The rows have {found} columns, but {} are to be filled.",
                given.len()
            );
            binder
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message)
        };
        if let QueryKind::Values(rows) = &insert.rows.kind {
            let scope = Scope::default();
            let mut bound = Vec::with_capacity(rows.len());
            for row in rows {
                if row.len() != given.len() {
                    return wrong_count(self, row.len(), insert.rows.span);
                }
                let mut values = Vec::with_capacity(row.len());
                for (expr, column) in row.iter().zip(given) {
                    values.push(ExprBinder::new(&mut self.env, &scope).bind_as(expr, &column.ty)?);
                }
                bound.push(values);
            }
            let columns = given.iter().map(|column| (*column).clone()).collect();
            return Ok(Rel::new(Relation {
                node: Node::Values(bound),
                columns,
            }));
        }
        let rows = self.query(&insert.rows)?;
        if rows.columns.len() != given.len() {
            return wrong_count(self, rows.columns.len(), insert.rows.span);
        }
        let mut exprs = Vec::with_capacity(given.len());
        for (at, column) in given.iter().enumerate() {
            let value = Expr::column(at, rows.columns[at].ty.clone());
            match implicit(value, &column.ty) {
                Ok(value) => exprs.push(value),
                Err(value) => {
                    let message = format!(
                        "The column '{}' has the type '{}', but the rows have '{}' there.",
                        column.name, column.ty, value.ty
                    );
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                        insert.rows.span,
                        message,
                    );
                }
            }
        }
        let columns = given.iter().map(|column| (*column).clone()).collect();
        Ok(Rel::new(Relation {
            node: Node::Project(rows, exprs),
            columns,
        }))
    }

    /// All columns of the table: those given, the partition's, null for the rest.
    fn completed(
        &mut self,
        table: &Table,
        given: &[&Column],
        key: Option<&[Value]>,
        rows: Rel,
        span: Span,
    ) -> BResult<Rel> {
        let mut exprs = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let from_key = table
                .partitioned_by
                .iter()
                .position(|name| *name == column.name);
            let expr = match (
                given.iter().position(|known| known.name == column.name),
                from_key,
                key,
            ) {
                (Some(at), _, _) => Expr::column(at, column.ty.clone()),
                (None, Some(at), Some(key)) => Expr::constant(key[at].clone(), column.ty.clone()),
                _ if column.ty.is_nullable() => Expr::constant(Value::Null, column.ty.clone()),
                _ => {
                    let message = format!(
                        "The column '{}' of type '{}' gets no value.",
                        column.name, column.ty
                    );
                    return self
                        .env
                        .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
                }
            };
            exprs.push(expr);
        }
        Ok(Rel::new(Relation {
            node: Node::Project(rows, exprs),
            columns: table.columns.clone(),
        }))
    }

    /// Rows with all columns of the table go into a partition.
    pub(super) fn append(
        &mut self,
        name: &QualifiedName,
        key: &[Value],
        rows: Rel,
        span: Span,
    ) -> BResult<()> {
        let path = data_file(name);
        self.touched.insert(name.clone());
        let partition = self
            .env
            .catalog
            .table_mut(name)
            .and_then(|table| table.partitions.iter_mut().find(|p| p.key == key));
        match partition {
            Some(partition) => {
                partition.files.push(path.clone());
                self.sinks.push(Sink {
                    input: rows,
                    target: SinkTarget::Table(path),
                });
                Ok(())
            }
            None => {
                let message = format!("The table '{name}' has no such partition.");
                let hint = "add it with ALTER TABLE … ADD PARTITION";
                self.env.error_with_hint(
                    Code::E_CSC_USER_DDLENTITYDOESNOTEXIST,
                    span,
                    message,
                    hint,
                )
            }
        }
    }

    /// Each row goes to the partition of its key; rows without one are dropped
    /// or moved.
    fn distribute(
        &mut self,
        name: &QualifiedName,
        table: &Table,
        rows: Rel,
        violation: &Violation,
        span: Span,
    ) -> BResult<()> {
        let places: Vec<usize> = table
            .partitioned_by
            .iter()
            .filter_map(|name| table.columns.iter().position(|column| column.name == *name))
            .collect();
        let belongs = |key: &[Value]| {
            let tests = places.iter().zip(key).map(|(at, value)| {
                let ty = table.columns[*at].ty.clone();
                let column = Expr::column(*at, ty.clone());
                let kind = if value.is_null() {
                    Kind::IsNull(Box::new(column))
                } else {
                    let value = Expr::constant(value.clone(), ty);
                    Kind::Compare(Comparison::Equal, Box::new(column), Box::new(value))
                };
                Expr::new(kind, Type::Bool)
            });
            tests
                .reduce(|a, b| Expr::new(Kind::And(Box::new(a), Box::new(b)), Type::Bool))
                .unwrap_or_else(|| Expr::constant(Value::Bool(true), Type::Bool))
        };
        let only = |test: Expr| {
            let columns = rows.columns.clone();
            Rel::new(Relation {
                node: Node::Filter(Rel::clone(&rows), test),
                columns,
            })
        };
        let keys: Vec<Vec<Value>> = table
            .partitions
            .iter()
            .map(|partition| partition.key.clone())
            .collect();
        for key in &keys {
            self.append(name, key, only(belongs(key)), span)?;
        }
        if let Violation::MoveTo(key) = violation {
            let key = self.partition_key(table, key, span)?;
            let known = keys
                .iter()
                .map(|key| belongs(key))
                .reduce(|a, b| Expr::new(Kind::Or(Box::new(a), Box::new(b)), Type::Bool));
            let lost = known.map_or_else(
                || Expr::constant(Value::Bool(true), Type::Bool),
                |known| negate_if(known, true),
            );
            self.append(name, &key, only(lost), span)?;
        }
        Ok(())
    }
}

/// The rows of a table.
fn scan(table: &Table) -> Rel {
    let source = TableSource {
        files: table
            .partitions
            .iter()
            .flat_map(|partition| partition.files.iter().cloned())
            .collect(),
        defaults: table
            .columns
            .iter()
            .map(|column| default_value(&column.ty))
            .collect(),
    };
    Rel::new(Relation {
        node: Node::Table(source),
        columns: table.columns.clone(),
    })
}
