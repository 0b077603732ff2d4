//! Rowset expressions: which kind, and what each names.

use azml_usql_syntax::ast::{self, ExtractColumn, QueryKind};
use azml_usql_syntax::{Code, Span};

use super::expr::ExprBinder;
use super::files::VirtualColumn;
use super::scope::Scope;
use super::script::ScriptBinder;
use super::udo::udo_class;
use super::{BResult, Reported};
use crate::cs::resolve::{BadType, resolve_type};
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind};
use crate::extract::{ExtractSource, SourceColumn, SourceFormat, is_extractable, is_in_parquet};
use crate::rel::{Column, Node, Rel, Relation, SortKey, SortNode};

impl ScriptBinder {
    /// A rowset expression with its ORDER BY.
    pub(super) fn query(&mut self, query: &ast::Query) -> BResult<Rel> {
        let order = query.order.as_ref();
        if let Some(order) = order
            && order.fetch.is_none()
            && order.offset.is_none()
        {
            return self.env.error_with_hint(
                Code::E_CSC_USER_SYNTAXERROR,
                order.span,
                "syntax error. Expected one of: FETCH OFFSET",
                "a rowset has no order: ORDER BY stands alone at OUTPUT only",
            );
        }
        let bound = match &query.kind {
            QueryKind::Select(select) => {
                return self.select(select, order, query.sample.as_ref(), query.span);
            }
            QueryKind::Extract(extract) => self.extract(extract, query.span),
            QueryKind::Rowset(name) => self.rowset(name),
            QueryKind::Nested(inner) => self.query(inner),
            QueryKind::SetOp(set) => self.set_op(set),
            QueryKind::Object(name) => self.object(name),
            QueryKind::Call(call) => self.single_result(call),
            QueryKind::Values(rows) => self.values(rows, None, query.span),
            QueryKind::Process(process) => self.foreign(&process.produce.using),
            QueryKind::Reduce(reduce) => self.reduce(reduce, query.span),
            QueryKind::Combine(combine) => self.foreign(&combine.produce.using),
            QueryKind::Sample(sample) => self.sample_query(sample, query.span),
        }?;
        let bound = match order {
            Some(order) => self.ordered(bound, order)?,
            None => bound,
        };
        match &query.sample {
            Some(sample) => self.sampled(bound, sample),
            None => Ok(bound),
        }
    }

    /// An operator whose code is in an assembly.
    fn foreign(&mut self, using: &ast::Expr) -> BResult<Rel> {
        self.env.foreign_class(&udo_class(using), using.span)
    }

    fn single_result(&mut self, call: &ast::Invocation) -> BResult<Rel> {
        let mut results = self.call_function(call)?;
        match (results.pop(), results.is_empty()) {
            (Some(rel), true) => Ok(rel),
            _ => {
                let message = format!(
                    "The function '{}' has several results: name a variable for each.",
                    call.name
                );
                self.env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, call.span, message)
            }
        }
    }

    pub(super) fn missing_object<T>(&mut self, name: &ast::ObjectName, kind: &str) -> BResult<T> {
        let message = format!("The {kind} '{name}' does not exist.");
        self.env
            .error(Code::E_CSC_USER_DDLENTITYDOESNOTEXIST, name.span, message)
    }

    /// `@name` as a rowset.
    pub(super) fn rowset(&mut self, name: &ast::Ident) -> BResult<Rel> {
        if let Some(rowset) = self.rowsets.get_mut(&name.text) {
            rowset.used = true;
            return Ok(Rel::clone(&rowset.rel));
        }
        if let Some(view) = self.local_view(name) {
            return view;
        }
        if self.broken.contains(&name.text) {
            return Err(Reported);
        }
        let message = if self.env.variables.contains_key(&name.text) {
            format!("'@{}' is a scalar variable, not a rowset.", name.text)
        } else {
            format!("The rowset variable '@{}' does not exist.", name.text)
        };
        self.env
            .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, name.span, message)
    }

    /// The columns of a rowset without qualifier.
    pub(super) fn scope_of(rel: &Relation, qualifier: Option<&str>) -> Scope {
        let columns = rel
            .columns
            .iter()
            .map(|column| super::scope::ScopeColumn {
                qualifier: qualifier.map(ToOwned::to_owned),
                name: column.name.clone(),
                ty: column.ty.clone(),
            })
            .collect();
        Scope { columns }
    }

    /// ORDER BY … OFFSET … FETCH … over the columns of a rowset.
    pub(super) fn ordered(&mut self, input: Rel, order: &ast::OrderFetch) -> BResult<Rel> {
        let scope = Self::scope_of(&input, None);
        let keys = self.sort_keys(&order.keys, &scope)?;
        let (skip, fetch) = self.row_counts(order)?;
        let columns = input.columns.clone();
        Ok(Rel::new(Relation {
            node: Node::Sort(SortNode {
                input,
                keys,
                skip,
                fetch,
            }),
            columns,
        }))
    }

    pub(super) fn sort_keys(
        &mut self,
        keys: &[ast::SortItem],
        scope: &Scope,
    ) -> BResult<Vec<SortKey>> {
        let mut bound = Vec::with_capacity(keys.len());
        for key in keys {
            let expr = ExprBinder::new(&mut self.env, scope).bind(&key.expr)?;
            self.check_comparable(&expr.ty, key.expr.span, "ORDER BY")?;
            bound.push(SortKey {
                expr,
                descending: key.descending,
            });
        }
        Ok(bound)
    }

    pub(super) fn check_comparable(&mut self, ty: &Type, span: Span, clause: &str) -> BResult<()> {
        if ty.is_comparable() {
            return Ok(());
        }
        let message = format!(
            "Invalid expression: values of type '{ty}' cannot be compared, so {clause} cannot use them"
        );
        self.env
            .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message)
    }

    /// OFFSET and FETCH.
    pub(super) fn row_counts(
        &mut self,
        order: &ast::OrderFetch,
    ) -> BResult<(usize, Option<usize>)> {
        let skip = match &order.offset {
            Some(expr) => self.row_count(expr, 0)?,
            None => 0,
        };
        let fetch = match &order.fetch {
            Some(expr) => Some(self.row_count(expr, 1)?),
            None => None,
        };
        Ok((skip, fetch))
    }

    pub(super) fn row_count(&mut self, expr: &ast::Expr, least: usize) -> BResult<usize> {
        let value = self.constant(expr, &Type::Long)?;
        let count = match value {
            Value::Long(n) => usize::try_from(n).ok().filter(|n| *n >= least),
            _ => None,
        };
        if self.options.strict && count.is_some_and(|n| n > 10_000 && least == 1) {
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                expr.span,
                format!("Invalid expression: '{expr}'. FETCH takes 1 to 10000 rows"),
            );
        }
        match count {
            Some(count) => Ok(count),
            None => self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                expr.span,
                format!("Invalid expression: '{expr}'. The number of rows is at least {least}"),
            ),
        }
    }

    /// The value of an expression without columns.
    pub(super) fn constant(&mut self, expr: &ast::Expr, ty: &Type) -> BResult<Value> {
        let scope = Scope::default();
        ExprBinder::new(&mut self.env, &scope).constant(expr, ty)
    }

    pub(super) fn constant_text(&mut self, expr: &ast::Expr) -> BResult<String> {
        match self.constant(expr, &Type::String)? {
            Value::String(text) => Ok(text.to_string()),
            _ => self.env.error(
                Code::E_CSC_USER_EMPTYFILEPATH,
                expr.span,
                "The text cannot be null.",
            ),
        }
    }

    /// `VALUES (…), …`: the first row decides the types.
    pub(super) fn values(
        &mut self,
        rows: &[Vec<ast::Expr>],
        names: Option<&[ast::Ident]>,
        span: Span,
    ) -> BResult<Rel> {
        let scope = Scope::default();
        let mut bound: Vec<Vec<Expr>> = Vec::with_capacity(rows.len());
        let width = rows.first().map_or(0, Vec::len);
        if let Some(names) = names
            && names.len() != width
        {
            let message = format!(
                "The rows have {width} values, but {} names are given.",
                names.len()
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        for (n, row) in rows.iter().enumerate() {
            if row.len() != width {
                let span = row.first().map_or(span, |expr| expr.span);
                let message = format!(
                    "Row {} has {} values, but the first row has {width}.",
                    n + 1,
                    row.len()
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            }
            let mut values = Vec::with_capacity(width);
            for (at, expr) in row.iter().enumerate() {
                let value = ExprBinder::new(&mut self.env, &scope).bind(expr)?;
                if value.ty == Type::Null {
                    return self.env.error_with_hint(
                        Code::E_CSC_USER_INVALIDCOLUMNTYPE,
                        expr.span,
                        "'<null>' cannot be used as column type. The type of the null is unknown.",
                        "write (string)null, (int?)null or the like",
                    );
                }
                self.check_column_type(&value.ty, expr.span)?;
                if let Some(first) = bound.first()
                    && first[at].ty != value.ty
                {
                    let message = format!(
                        "Row {} has a value of type '{}' in column {}, where the first row has '{}'.",
                        n + 1,
                        value.ty,
                        at + 1,
                        first[at].ty
                    );
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                        expr.span,
                        message,
                    );
                }
                values.push(value);
            }
            bound.push(values);
        }
        let types = bound
            .first()
            .map(|row| row.iter().map(|value| value.ty.clone()).collect::<Vec<_>>());
        let columns: Vec<Column> = types
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(at, ty)| Column {
                name: names
                    .and_then(|names| names.get(at))
                    .map_or_else(|| format!("Column{at}"), |n| n.text.clone()),
                ty,
            })
            .collect();
        self.check_names(&columns, span)?;
        Ok(Rel::new(Relation {
            node: Node::Values(bound),
            columns,
        }))
    }

    pub(super) fn check_names(&mut self, columns: &[Column], span: Span) -> BResult<()> {
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|other| other.name == column.name) {
                let message = format!("The rowset has two columns named '{}'.", column.name);
                return self
                    .env
                    .error(Code::E_CSC_USER_SCHEMADUPLICATENAMES, span, message);
            }
        }
        Ok(())
    }

    pub(super) fn check_column_type(&mut self, ty: &Type, span: Span) -> BResult<()> {
        if ty.is_column_type() {
            return Ok(());
        }
        let message = format!("'{ty}' cannot be used as column type.");
        let hint = match ty {
            Type::Array(item) => Some(format!("write new SQL.ARRAY<{item}>(…)")),
            Type::Enumerable(item) => Some(format!(
                "write new SQL.ARRAY<{item}>(…) around the sequence"
            )),
            Type::TimeSpan => Some("take a number from it, such as .TotalSeconds".to_owned()),
            _ => None,
        };
        match hint {
            Some(hint) => {
                self.env
                    .error_with_hint(Code::E_CSC_USER_INVALIDCOLUMNTYPE, span, message, hint)
            }
            None => self
                .env
                .error(Code::E_CSC_USER_INVALIDCOLUMNTYPE, span, message),
        }
    }

    /// The type of a declared column.
    pub(super) fn column_type(&mut self, written: &ast::TypeRef) -> BResult<Type> {
        let resolved = resolve_type(written);
        match resolved {
            Ok(ty) if ty.is_column_type() => Ok(ty),
            Err(BadType::NotNullable) => {
                let inner = written.to_string();
                let message = format!(
                    "'{inner}' cannot be used as column type. It can hold null without '?'."
                );
                self.env
                    .error(Code::E_CSC_USER_INVALIDCOLUMNTYPE, written.span, message)
            }
            _ => {
                let message = format!("'{written}' cannot be used as column type.");
                self.env
                    .error(Code::E_CSC_USER_INVALIDCOLUMNTYPE, written.span, message)
            }
        }
    }

    fn extract(&mut self, extract: &ast::Extract, span: Span) -> BResult<Rel> {
        let mut paths = Vec::with_capacity(extract.paths.len());
        for path in &extract.paths {
            let text = self.constant_text(path)?;
            let pattern = self.env.input_pattern(&text, path.span)?;
            paths.push((text, pattern, path.span));
        }
        let named: Vec<String> = paths
            .iter()
            .flat_map(|(_, p, _)| p.columns())
            .map(ToOwned::to_owned)
            .collect();
        let mut columns: Vec<Column> = Vec::new();
        let mut sources = Vec::new();
        let mut virtuals: Vec<VirtualColumn> = Vec::new();
        let mut fields = 0;
        for column in &extract.columns {
            let (name, ty, source) = match column {
                ExtractColumn::Column(def) => {
                    let ty = self.column_type(&def.ty)?;
                    let source = if named.contains(&def.name.text) {
                        virtuals.push(VirtualColumn {
                            name: def.name.text.clone(),
                            ty: ty.clone(),
                        });
                        SourceColumn::Virtual(virtuals.len() - 1)
                    } else {
                        fields += 1;
                        SourceColumn::Field(fields - 1)
                    };
                    (&def.name, ty, source)
                }
                ExtractColumn::Computed { name, value } => {
                    let (source, ty) = self.file_column(value)?;
                    (name, ty, source)
                }
                ExtractColumn::TypeStar(name) => {
                    for column in self.type_star(name)? {
                        if columns.iter().any(|known| known.name == column.name) {
                            let message = format!(
                                "The EXTRACT schema contains a duplicated field named '{}'.",
                                column.name
                            );
                            return self.env.error(
                                Code::E_CSC_USER_SCHEMADUPLICATENAMES,
                                name.span,
                                message,
                            );
                        }
                        columns.push(column);
                        fields += 1;
                        sources.push(SourceColumn::Field(fields - 1));
                    }
                    continue;
                }
            };
            if columns.iter().any(|known| known.name == name.text) {
                let message = format!(
                    "The EXTRACT schema contains a duplicated field named '{}'.",
                    name.text
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_SCHEMADUPLICATENAMES, name.span, message);
            }
            columns.push(Column {
                name: name.text.clone(),
                ty,
            });
            sources.push(source);
        }
        if let Some(missing) = named
            .iter()
            .find(|name| !virtuals.iter().any(|v| v.name == **name))
        {
            let message = format!(
                "The file set names the column '{missing}', which the EXTRACT schema lacks."
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDFILENAME, span, message);
        }
        if fields == 0 {
            let message =
                "The EXTRACT schema needs at least one column that is read from the file.";
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let mut format = self.env.extractor(&extract.using)?;
        let reads: fn(&Type) -> bool = match &mut format {
            SourceFormat::Text(text) => {
                text.empty_is_null = self.settings.empty_string_as_null;
                is_extractable
            }
            SourceFormat::Parquet => is_in_parquet,
        };
        let unread = columns.iter().zip(&sources).find(|(column, source)| {
            matches!(source, SourceColumn::Field(_)) && !reads(&column.ty)
        });
        if let Some((column, _)) = unread {
            let message = format!(
                "'{}' cannot be used as column type. The extractor does not read it.",
                column.ty
            );
            let span = extract
                .columns
                .iter()
                .find_map(|written| match written {
                    ExtractColumn::Column(def) if def.name.text == column.name => Some(def.ty.span),
                    _ => None,
                })
                .unwrap_or(span);
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDCOLUMNTYPE, span, message);
        }
        let mut sorted_by = Vec::with_capacity(extract.sorted_by.len());
        let scope = Self::scope_of(
            &Relation {
                node: Node::Values(Vec::new()),
                columns: columns.clone(),
            },
            None,
        );
        for key in self.sort_keys(&extract.sorted_by, &scope)? {
            let Kind::Column(at) = key.expr.kind else {
                let message = "SORTED BY takes columns of the EXTRACT.";
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            };
            sorted_by.push((at, key.descending));
        }
        let mut files = Vec::new();
        for (text, pattern, span) in &paths {
            let here: Vec<&str> = pattern.columns();
            if virtuals
                .iter()
                .any(|column| !here.contains(&column.name.as_str()))
            {
                let message = format!("The path '{text}' does not name every virtual column.");
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDFILENAME, *span, message);
            }
            files.extend(self.env.input_files(pattern, &virtuals, text, *span)?);
        }
        let node = Node::Extract(ExtractSource {
            files,
            columns: sources,
            format,
            sorted_by,
        });
        Ok(Rel::new(Relation { node, columns }))
    }

    /// `FILE.URI()` and its siblings.
    fn file_column(&mut self, value: &ast::Expr) -> BResult<(SourceColumn, Type)> {
        let nullable = |ty: Type| Type::Nullable(Box::new(ty));
        match value.to_string().as_str() {
            "FILE.URI()" => Ok((SourceColumn::Uri, Type::String)),
            "FILE.MODIFIED()" => Ok((SourceColumn::Modified, nullable(Type::DateTime))),
            "FILE.CREATED()" => Ok((SourceColumn::Created, nullable(Type::DateTime))),
            "FILE.LENGTH()" => Ok((SourceColumn::Length, nullable(Type::Long))),
            _ => self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                value.span,
                format!("Invalid expression: '{value}'. A computed column is FILE.URI(), FILE.MODIFIED(), FILE.CREATED() or FILE.LENGTH()"),
            ),
        }
    }
}
