//! Views, functions and procedures: their text is bound anew at each use, in
//! the names and variables of their own.

use std::collections::HashMap;

use azml_usql_syntax::ast::{
    self, Create, CreateKind, IdentForm, Invocation, ParamType, StatementKind,
};
use azml_usql_syntax::{Code, LineIndex, Span, parse};

use super::convert::implicit;
use super::expr::ExprBinder;
use super::scope::Scope;
use super::script::{Rowset, ScriptBinder};
use super::{BResult, Variable};
use crate::catalog::{Definition, NameContext, QualifiedName};
use crate::cs::resolve::{BadType, resolve_type};
use crate::expr::Expr;
use crate::rel::{Column, Node, Rel, Relation};

/// How deep functions, views and procedures may call each other.
const MAX_CALLS: usize = 50;

/// What a body sees of the script around it: nothing. This is kept meanwhile.
pub(super) struct Caller {
    variables: HashMap<String, Variable>,
    rowsets: HashMap<String, Rowset>,
    locals: HashMap<String, Definition>,
    packages: HashMap<String, HashMap<String, Variable>>,
    context: NameContext,
    source: String,
    diagnostics: usize,
}

/// A parameter's value.
pub(super) enum Argument {
    Scalar(Expr),
    Rowset(Rel),
}

impl ScriptBinder {
    /// `DECLARE FUNCTION @f …`: an object of this script alone.
    pub(super) fn declare_object(&mut self, create: &Create, span: Span) -> BResult<()> {
        if matches!(create.kind, CreateKind::Assembly { .. }) {
            return Ok(());
        }
        let name = create.name.last().text.clone();
        if self.locals.contains_key(&name)
            || self.rowsets.contains_key(&name)
            || self.env.variables.contains_key(&name)
        {
            let message = format!("The variable '@{name}' is already declared.");
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                create.name.span,
                message,
            );
        }
        let definition = Definition {
            text: span.text(&self.source).to_owned(),
            database: self.env.names.database.clone(),
            schema: self.env.names.schema.clone(),
        };
        self.locals.insert(name, definition);
        Ok(())
    }

    pub(super) fn enter(&mut self, definition: &Definition, span: Span) -> BResult<Caller> {
        if self.calls >= MAX_CALLS {
            let message = format!(
                "Functions, views and procedures call each other more than {MAX_CALLS} deep."
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        self.calls += 1;
        let context = NameContext {
            database: definition.database.clone(),
            schema: definition.schema.clone(),
        };
        // Script-local objects stay in sight: they can call each other.
        let locals = self.locals.clone();
        Ok(Caller {
            variables: std::mem::take(&mut self.env.variables),
            packages: std::mem::take(&mut self.env.packages),
            rowsets: std::mem::take(&mut self.rowsets),
            locals: std::mem::replace(&mut self.locals, locals),
            context: std::mem::replace(&mut self.env.names, context),
            source: std::mem::replace(&mut self.source, definition.text.clone()),
            diagnostics: self.env.diagnostics.len(),
        })
    }

    /// Back in the caller: what was found inside is reported at the call.
    pub(super) fn leave(&mut self, caller: Caller, name: &str, span: Span) {
        self.calls -= 1;
        let body = std::mem::replace(&mut self.source, caller.source);
        let index = LineIndex::new(&body);
        for diagnostic in &mut self.env.diagnostics[caller.diagnostics..] {
            let line = index.position(diagnostic.span.start).line;
            diagnostic.message = format!("{} (in '{name}', line {line})", diagnostic.message);
            diagnostic.span = span;
        }
        self.env.variables = caller.variables;
        self.env.packages = caller.packages;
        self.rowsets = caller.rowsets;
        self.locals = caller.locals;
        self.env.names = caller.context;
    }

    /// The definition's statement.
    pub(super) fn parsed(
        &mut self,
        definition: &Definition,
        name: &str,
        span: Span,
    ) -> BResult<Create> {
        let parsed = parse(&definition.text);
        let statement = parsed
            .script
            .statements
            .into_iter()
            .next()
            .map(|statement| statement.kind);
        match statement {
            Some(StatementKind::Create(create)) => Ok(*create),
            _ => {
                let message = format!("The definition of '{name}' cannot be read.");
                self.env.error(Code::E_CSC_USER_SYNTAXERROR, span, message)
            }
        }
    }

    /// The rows of a view.
    pub(super) fn view(
        &mut self,
        name: &QualifiedName,
        definition: &Definition,
        span: Span,
    ) -> BResult<Rel> {
        let shown = name.to_string();
        let create = self.parsed(definition, &shown, span)?;
        let CreateKind::View(query) = &create.kind else {
            return self.env.error(
                Code::E_CSC_USER_DDLENTITYDOESNOTEXIST,
                span,
                format!("'{shown}' is no view."),
            );
        };
        let caller = self.enter(definition, span)?;
        let rel = self.query(query);
        self.leave(caller, &shown, span);
        rel
    }

    /// A script-local view.
    pub(super) fn local_view(&mut self, name: &ast::Ident) -> Option<BResult<Rel>> {
        let definition = self.locals.get(&name.text)?.clone();
        let own = QualifiedName {
            database: String::new(),
            schema: String::new(),
            object: name.text.clone(),
        };
        Some(self.view(&own, &definition, name.span))
    }

    pub(super) fn definition_of(
        &mut self,
        call: &Invocation,
        kind: &str,
        find: fn(&crate::catalog::Schema) -> &std::collections::BTreeMap<String, Definition>,
    ) -> BResult<Definition> {
        if call.name.last().form == IdentForm::Variable {
            if let Some(definition) = self.locals.get(&call.name.last().text) {
                return Ok(definition.clone());
            }
            return self.missing_object(&call.name, kind);
        }
        let name = self.env.names.object(&call.name);
        let found = self
            .env
            .catalog
            .schema(&name)
            .and_then(|schema| find(schema).get(&name.object))
            .cloned();
        match found {
            Some(definition) => Ok(definition),
            None => self.missing_object(&call.name, kind),
        }
    }

    /// The results of a table-valued function.
    pub(super) fn call_function(&mut self, call: &Invocation) -> BResult<Vec<Rel>> {
        let definition =
            self.definition_of(call, "table-valued function", |schema| &schema.functions)?;
        let shown = call.name.to_string();
        let create = self.parsed(&definition, &shown, call.span)?;
        let CreateKind::Function {
            params,
            results,
            body,
        } = &create.kind
        else {
            return self.missing_object(&call.name, "table-valued function");
        };
        let arguments = self.arguments(call, params, &definition)?;
        let caller = self.enter(&definition, call.span)?;
        let bound = self.function_body(params, arguments, body, results, &shown);
        self.leave(caller, &shown, call.span);
        bound
    }

    fn function_body(
        &mut self,
        params: &[ast::Param],
        arguments: Vec<Argument>,
        body: &[ast::Statement],
        results: &[ast::ResultRowset],
        name: &str,
    ) -> BResult<Vec<Rel>> {
        self.set_parameters(params, arguments);
        for statement in body {
            let allowed = matches!(
                statement.kind,
                StatementKind::Assign { .. }
                    | StatementKind::Declare(_)
                    | StatementKind::Use { .. }
                    | StatementKind::If { .. }
                    | StatementKind::Reference { .. }
                    | StatementKind::Using { .. }
                    | StatementKind::Deploy(_)
                    | StatementKind::Set { .. }
                    | StatementKind::Raise { .. }
                    | StatementKind::Return
            );
            if !allowed {
                let message = "A function's body cannot hold this statement.";
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    statement.span,
                    message,
                );
            }
            self.statement(statement)?;
        }
        let mut rels = Vec::with_capacity(results.len());
        for result in results {
            if params
                .iter()
                .any(|param| param.name.text == result.name.text)
            {
                let message = format!(
                    "Rowset variable @{} is already declared as a scalar variable.",
                    result.name.text
                );
                return self.env.error(
                    Code::E_CSC_USER_ROWSETVARIABLEALREADYDECLARED,
                    result.name.span,
                    message,
                );
            }
            let Some(rowset) = self.rowsets.get(&result.name.text) else {
                let message = format!(
                    "The function '{name}' gives its result '@{}' no rows.",
                    result.name.text
                );
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    result.name.span,
                    message,
                );
            };
            let rel = Rel::clone(&rowset.rel);
            rels.push(match &result.ty {
                Some(ty) => {
                    let columns = self.table_columns(ty, result.name.span)?;
                    self.conform(rel, &columns, result.name.span)?
                }
                None => rel,
            });
        }
        Ok(rels)
    }

    pub(super) fn set_parameters(&mut self, params: &[ast::Param], arguments: Vec<Argument>) {
        for (param, argument) in params.iter().zip(arguments) {
            let name = param.name.text.clone();
            match argument {
                Argument::Scalar(value) => {
                    self.env.variables.insert(name, Variable { value });
                }
                Argument::Rowset(rel) => {
                    self.rowsets.insert(
                        name,
                        Rowset {
                            rel,
                            span: param.name.span,
                            used: true,
                        },
                    );
                }
            }
        }
    }

    /// Calls a procedure: its statements become the script's.
    pub(super) fn call_procedure(&mut self, call: &Invocation) -> BResult<()> {
        let definition = self.definition_of(call, "procedure", |schema| &schema.procedures)?;
        let shown = call.name.to_string();
        let create = self.parsed(&definition, &shown, call.span)?;
        let CreateKind::Procedure { params, body } = &create.kind else {
            return self.missing_object(&call.name, "procedure");
        };
        let arguments = self.arguments(call, params, &definition)?;
        let caller = self.enter(&definition, call.span)?;
        self.set_parameters(params, arguments);
        let mut result = Ok(());
        for statement in body {
            let defines = matches!(
                &statement.kind,
                StatementKind::Create(create)
                    if matches!(create.kind, CreateKind::Function { .. } | CreateKind::Procedure { .. })
            );
            result = if defines {
                let message = "A procedure's body cannot define functions or procedures.";
                self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    statement.span,
                    message,
                )
            } else {
                self.statement(statement)
            };
            if result.is_err() {
                break;
            }
        }
        self.leave(caller, &shown, call.span);
        result
    }

    /// Arguments in the caller's names, defaults in the definition's.
    pub(super) fn arguments(
        &mut self,
        call: &Invocation,
        params: &[ast::Param],
        definition: &Definition,
    ) -> BResult<Vec<Argument>> {
        if call.args.len() != params.len() {
            let message = format!(
                "'{}' takes {} argument(s), not {}.",
                call.name,
                params.len(),
                call.args.len()
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, call.span, message);
        }
        let mut arguments = Vec::with_capacity(params.len());
        for (param, arg) in params.iter().zip(&call.args) {
            let value = &arg.value;
            let scalar =
                match &param.ty {
                    ParamType::Named(written) => match resolve_type(written) {
                        Ok(ty) => Some(ty),
                        Err(BadType::Unknown) => None,
                        Err(_) => return self.env.error(
                            Code::E_CSC_USER_INVALIDCOLUMNTYPE,
                            call.span,
                            format!(
                                "'{written}' cannot be used as the type of the parameter '@{}'.",
                                param.name.text
                            ),
                        ),
                    },
                    ParamType::Table(_) => None,
                };
            if let Some(ty) = scalar {
                let expr = match (&value.kind, &param.default) {
                    (ast::ExprKind::Default, Some(default)) => default,
                    (ast::ExprKind::Default, None) => {
                        let message =
                            format!("The parameter '@{}' has no default.", param.name.text);
                        return self.env.error(
                            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                            value.span,
                            message,
                        );
                    }
                    _ => value,
                };
                let scope = Scope::default();
                arguments.push(Argument::Scalar(
                    ExprBinder::new(&mut self.env, &scope).bind_as(expr, &ty)?,
                ));
                continue;
            }
            let ast::ExprKind::Name(name) = &value.kind else {
                let message = format!(
                    "The parameter '@{}' takes a rowset variable.",
                    param.name.text
                );
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    value.span,
                    message,
                );
            };
            let rel = self.rowset(name)?;
            let outer = std::mem::replace(
                &mut self.env.names,
                NameContext {
                    database: definition.database.clone(),
                    schema: definition.schema.clone(),
                },
            );
            let columns = self.table_columns(&param.ty, value.span);
            self.env.names = outer;
            arguments.push(Argument::Rowset(self.conform(rel, &columns?, value.span)?));
        }
        Ok(arguments)
    }

    /// The columns of `TABLE(…)` or of a table type.
    fn table_columns(&mut self, ty: &ParamType, span: Span) -> BResult<Vec<Column>> {
        let written = match ty {
            ParamType::Table(columns) => return self.declared_columns(columns, span),
            ParamType::Named(written) => written,
        };
        if let [name] = written.path.as_slice()
            && name.form == IdentForm::Variable
        {
            let definition = self.locals.get(&name.text).cloned();
            let Some(definition) = definition else {
                let message = format!("The table type '@{}' does not exist.", name.text);
                return self
                    .env
                    .error(Code::E_CSC_USER_DDLENTITYDOESNOTEXIST, span, message);
            };
            return match self.parsed(&definition, &name.text, span)?.kind {
                CreateKind::Type(columns) => self.declared_columns(&columns, span),
                _ => {
                    let message = format!("'@{}' is no table type.", name.text);
                    self.env
                        .error(Code::E_CSC_USER_DDLENTITYDOESNOTEXIST, span, message)
                }
            };
        }
        if written.path.len() < 3 {
            let message = format!("The table type '{written}' is not fully qualified.");
            return self.env.error_with_hint(
                Code::E_CSC_USER_NOTFULLYQUALIFIEDCOLUMNTYPENAME,
                span,
                message,
                "write database.schema.type",
            );
        }
        let name = ast::ObjectName {
            parts: written.path.clone(),
            span: written.span,
        };
        let qualified = self.env.names.object(&name);
        let found = self
            .env
            .catalog
            .schema(&qualified)
            .and_then(|schema| schema.types.get(&qualified.object));
        match found {
            Some(found) => Ok(found.columns.clone()),
            None => {
                let message = format!("The table type '{qualified}' does not exist.");
                self.env
                    .error(Code::E_CSC_USER_DDLENTITYDOESNOTEXIST, span, message)
            }
        }
    }

    /// A rowset with exactly these columns, by name.
    fn conform(&mut self, rel: Rel, columns: &[Column], span: Span) -> BResult<Rel> {
        let mut exprs = Vec::with_capacity(columns.len());
        for column in columns {
            let place = rel
                .columns
                .iter()
                .position(|known| known.name == column.name);
            let value = place.and_then(|at| {
                implicit(Expr::column(at, rel.columns[at].ty.clone()), &column.ty).ok()
            });
            match value {
                Some(value) => exprs.push(value),
                None => {
                    let message = format!(
                        "The rowset lacks the column '{}' of type '{}'.",
                        column.name, column.ty
                    );
                    return self
                        .env
                        .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
                }
            }
        }
        if rel.columns.len() != columns.len() {
            let message = format!(
                "The rowset has {} columns, where {} are declared.",
                rel.columns.len(),
                columns.len()
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        Ok(Rel::new(Relation {
            node: Node::Project(rel, exprs),
            columns: columns.to_vec(),
        }))
    }

    /// The columns of `type.*` in an EXTRACT.
    pub(super) fn type_star(&mut self, name: &ast::ObjectName) -> BResult<Vec<Column>> {
        let qualified = self.env.names.object(name);
        let found = self
            .env
            .catalog
            .schema(&qualified)
            .and_then(|schema| schema.types.get(&qualified.object));
        match found {
            Some(found) => Ok(found.columns.clone()),
            None => self.missing_object(name, "table type"),
        }
    }
}
