//! Statements in order: variables, rowsets, outputs, control.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use azml_usql_syntax::ast::{
    self, DeclareModifier, OtherStatement, Script, Statement, StatementKind,
};
use azml_usql_syntax::{Code, Diagnostic, Span};

use super::expr::ExprBinder;
use super::scope::Scope;
use super::{BResult, Environment, Reported, Variable};
use crate::catalog::{Catalog, Change, Definition, QualifiedName};
use crate::compile::CompileOptions;
use crate::cs::{Type, Value, members, parse};
use crate::expr::{Expr, evaluate_row};
use crate::rel::{Node, Output, Rel, Relation, Sink, SinkTarget, SortNode};
use crate::store::{FileStore, StorePath};

/// A rowset variable.
pub(super) struct Rowset {
    pub(super) rel: Rel,
    pub(super) span: Span,
    pub(super) used: bool,
}

/// What `SET @@…` has switched on.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) empty_string_as_null: bool,
    pub(super) gzip_output: bool,
}

/// Binds one script.
pub(crate) struct ScriptBinder {
    pub(super) env: Environment,
    pub(super) options: CompileOptions,
    pub(super) settings: Settings,
    pub(super) rowsets: HashMap<String, Rowset>,
    /// Rowset variables whose query has been refused.
    pub(super) broken: HashSet<String>,
    /// Variables whose value was given from outside or by an earlier DECLARE.
    external: Vec<String>,
    pub(super) sinks: Vec<Sink>,
    /// The text of the script or definition being bound.
    pub(super) source: String,
    /// The catalog when the script began: what tables are read from.
    pub(super) base: Catalog,
    /// Tables that the script has made or changed.
    pub(super) touched: HashSet<QualifiedName>,
    /// Objects of this script alone, by variable.
    pub(super) locals: HashMap<String, Definition>,
    /// Depth of functions, views and procedures.
    pub(super) calls: usize,
    /// Files that the script puts into the catalog's folder beside its documents.
    pub(super) contents: Vec<Change>,
    /// Deployed files by the names they have for scripts.
    pub(super) resources: BTreeMap<String, StorePath>,
    /// What the package being bound exports; none outside of packages.
    pub(super) exports: Option<Vec<String>>,
}

/// What a script does, and what there is to say about it.
pub(crate) struct BoundScript {
    pub(crate) sinks: Vec<Sink>,
    pub(crate) catalog: Catalog,
    pub(crate) contents: Vec<Change>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Binds a whole script.
pub(crate) fn bind_script(
    source: &str,
    script: &Script,
    catalog: &Catalog,
    options: &CompileOptions,
    files: Option<Arc<dyn FileStore>>,
) -> BoundScript {
    let mut env = Environment::new(options.now, files);
    env.catalog = catalog.clone();
    env.system.clone_from(&options.system_variables());
    let mut binder = ScriptBinder {
        env,
        options: options.clone(),
        settings: Settings::default(),
        rowsets: HashMap::new(),
        broken: HashSet::new(),
        external: Vec::new(),
        sinks: Vec::new(),
        source: source.to_owned(),
        base: catalog.clone(),
        touched: HashSet::new(),
        locals: HashMap::new(),
        calls: 0,
        contents: Vec::new(),
        resources: BTreeMap::new(),
        exports: None,
    };
    binder.statements(&script.statements);
    binder.finish()
}

impl ScriptBinder {
    /// Statements after a broken one are bound too, to find more mistakes.
    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            // What is wrong has been pushed.
            let _ = self.statement(statement);
        }
    }

    fn finish(mut self) -> BoundScript {
        let mut unused: Vec<(&String, &Rowset)> = self
            .rowsets
            .iter()
            .filter(|(_, rowset)| !rowset.used)
            .collect();
        unused.sort_by_key(|(_, rowset)| rowset.span.start);
        for (name, rowset) in unused {
            let message = format!("The rowset '@{name}' feeds no OUTPUT and no INSERT.");
            self.env.diagnostics.push(if self.options.strict {
                Diagnostic::error(Code::W_CSC_USER_UNUSEDROWSET, rowset.span, message)
            } else {
                Diagnostic::warning(Code::W_CSC_USER_UNUSEDROWSET, rowset.span, message)
            });
        }
        BoundScript {
            sinks: self.sinks,
            catalog: self.env.catalog,
            contents: self.contents,
            diagnostics: self.env.diagnostics,
        }
    }

    pub(super) fn statement(&mut self, statement: &Statement) -> BResult<()> {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Assign { targets, query } => self.assign(targets, query, span),
            StatementKind::Output(output) => self.output(output, span),
            StatementKind::Declare(declare) => self.declare(declare),
            StatementKind::Set { name, value } => self.set(name, value),
            StatementKind::If { arms, otherwise } => self.if_statement(arms, otherwise),
            StatementKind::Raise { warning, message } => {
                let text = self.constant_text(message)?;
                if *warning {
                    self.env.warn(
                        Code::W_CSC_USER_RAISEWARNING,
                        span,
                        format!("RAISE WARNING: {text}"),
                    );
                    return Ok(());
                }
                self.env.error(
                    Code::E_CSC_USER_RAISEERROR,
                    span,
                    format!("RAISE ERROR: {text}"),
                )
            }
            StatementKind::Use { schema, name } => self.use_statement(*schema, name),
            // Assemblies are named here and fail where something of them is used.
            StatementKind::Reference { system, name } => {
                self.reference(*system, name);
                Ok(())
            }
            StatementKind::Using { .. } | StatementKind::Return => Ok(()),
            StatementKind::Deploy(paths) => self.deploy(paths),
            StatementKind::Other(OtherStatement::Credential) => self.env.error(
                Code::E_CSC_USER_CREDENTIALDDLISREMOVED,
                span,
                "CREATE, ALTER and DROP CREDENTIAL have been removed from the language.",
            ),
            StatementKind::Other(OtherStatement::Federated) => self.env.unsupported(
                span,
                "a data source or external table: federated queries are not supported locally. It",
            ),
            StatementKind::Other(OtherStatement::Statistics) => {
                self.env.warn(
                    Code::W_CSC_USER_IGNORED,
                    span,
                    "statistics have no effect here",
                );
                Ok(())
            }
            StatementKind::Other(OtherStatement::Administration) => {
                self.env.unsupported(span, "this ALTER, GRANT or REVOKE")
            }
            StatementKind::Create(create) => self.create(create, span),
            StatementKind::AlterTable(alter) => self.alter_table(alter),
            StatementKind::Drop(drop) => self.drop_object(drop),
            StatementKind::Insert(insert) => self.insert(insert),
            StatementKind::Truncate { table, partitions } => self.truncate(table, partitions),
            StatementKind::Call(call) => self.call_procedure(call),
            StatementKind::Import { package, alias } => self.import(package, alias.as_ref()),
            StatementKind::ExportVariable(declare) => self.export(declare, span),
            StatementKind::ExportAssembly(name) => {
                self.reference(false, name);
                Ok(())
            }
        }
    }

    fn assign(&mut self, targets: &[ast::Ident], query: &ast::Query, span: Span) -> BResult<()> {
        let bound = match &query.kind {
            ast::QueryKind::Call(call) if targets.len() > 1 => self.call_function(call),
            _ => self.query(query).map(|rel| vec![rel]),
        };
        for target in targets {
            if self.env.variables.contains_key(&target.text) {
                let message = format!(
                    "Rowset variable @{} is already declared as a scalar variable.",
                    target.text
                );
                return self.env.error(
                    Code::E_CSC_USER_ROWSETVARIABLEALREADYDECLARED,
                    target.span,
                    message,
                );
            }
        }
        let rels = match bound {
            Ok(rels) => rels,
            Err(Reported) => {
                for target in targets {
                    self.rowsets.remove(&target.text);
                    self.broken.insert(target.text.clone());
                }
                return Err(Reported);
            }
        };
        if rels.len() != targets.len() {
            let message = format!(
                "The function gives {} rowset(s), where {} variable(s) are assigned.",
                rels.len(),
                targets.len()
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        for (target, rel) in targets.iter().zip(rels) {
            self.broken.remove(&target.text);
            let span = target.span;
            let rowset = Rowset {
                rel,
                span,
                used: false,
            };
            self.rowsets.insert(target.text.clone(), rowset);
        }
        Ok(())
    }

    pub(super) fn declare(&mut self, declare: &ast::Declare) -> BResult<()> {
        let name = declare.name.text.clone();
        let is_external = declare.modifier == Some(DeclareModifier::External);
        if is_external && self.calls > 0 {
            let message = format!(
                "The external variable '@{name}' is declared outside of the main script: no parameter reaches it."
            );
            self.env.warn(
                Code::W_CSC_USER_EXTERNALNOTINMAINSCRIPT,
                declare.name.span,
                message,
            );
        }
        if self.env.variables.contains_key(&name) {
            if is_external {
                return Ok(());
            }
            let message = format!("The variable '@{name}' is already declared.");
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                declare.name.span,
                message,
            );
        }
        if self.rowsets.contains_key(&name) {
            let message =
                format!("Scalar variable @{name} is already declared as a rowset variable.");
            return self.env.error(
                Code::E_CSC_USER_ROWSETVARIABLEALREADYDECLARED,
                declare.name.span,
                message,
            );
        }
        let scope = Scope::default();
        let declared = match &declare.ty {
            Some(written) => Some(ExprBinder::new(&mut self.env, &scope).resolve(written)?),
            None => None,
        };
        let mut value = match &declared {
            Some(ty) => ExprBinder::new(&mut self.env, &scope).bind_as(&declare.value, ty)?,
            None => ExprBinder::new(&mut self.env, &scope).bind(&declare.value)?,
        };
        if value.ty == Type::Null {
            let message =
                "C# error CS0815: Cannot assign <null> to an implicitly-typed local variable";
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDCSHARP, declare.value.span, message);
        }
        if is_external
            && self.calls == 0
            && let Some(given) = self.options.parameters.get(&name).cloned()
        {
            value = self.parameter(&name, &given, &value.ty, declare.name.span)?;
            self.external.push(name.clone());
        }
        if declare.modifier == Some(DeclareModifier::Const) {
            let folded = ExprBinder::new(&mut self.env, &scope).fold(&value, declare.value.span)?;
            value = Expr::constant(folded, value.ty);
        } else if !matches!(value.ty, Type::Func(..)) && !value.is_volatile() {
            // What raises does so where it is used.
            if let Ok(folded) = evaluate_row(&value, &(), &self.env.context) {
                value = Expr::constant(folded, value.ty);
            }
        }
        self.env.variables.insert(name, Variable { value });
        Ok(())
    }

    /// The value of a parameter given as text.
    fn parameter(&mut self, name: &str, text: &str, ty: &Type, span: Span) -> BResult<Expr> {
        let value = match ty.underlying() {
            _ if text == "null" && ty.is_nullable() => Some(Value::Null),
            Type::String => Some(Value::string(text)),
            Type::Bool => parse::boolean(text).ok().map(Value::Bool),
            Type::Float => parse::float(text).ok().map(Value::Float),
            Type::Double => parse::double(text).ok().map(Value::Double),
            Type::Decimal => parse::dec(text).ok().map(Value::Decimal),
            Type::Guid => parse::guid(text).ok().map(Value::Guid),
            Type::DateTime => parse::date_time(text, self.env.context.now)
                .ok()
                .map(Value::DateTime),
            ty if ty.is_integral() => members::parse_integer(text, ty).ok(),
            _ => None,
        };
        match value {
            Some(value) => Ok(Expr::constant(value, ty.clone())),
            None => {
                let message =
                    format!("The parameter '{name}' has the value '{text}', which is no '{ty}'.");
                self.env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message)
            }
        }
    }

    fn set(&mut self, name: &ast::Ident, value: &ast::Expr) -> BResult<()> {
        let scope = Scope::default();
        let bound = ExprBinder::new(&mut self.env, &scope).bind(value)?;
        let folded = ExprBinder::new(&mut self.env, &scope).fold(&bound, value.span)?;
        let Value::String(text) = folded else {
            self.env.warn(
                Code::W_CSC_USER_IGNORED,
                name.span,
                format!("'@@{}' has no effect here", name.text),
            );
            return Ok(());
        };
        for switch in text.split(',') {
            let (switch, state) = switch.split_once(':').unwrap_or((switch, "on"));
            let on = state.trim().eq_ignore_ascii_case("on");
            match switch.trim().to_ascii_lowercase().as_str() {
                "emptystringasnullwhenquoting" => self.settings.empty_string_as_null = on,
                "gzipoutput" => self.settings.gzip_output = on,
                other => {
                    let message = format!("the switch '{other}' has no effect here");
                    self.env.diagnostics.push(Diagnostic::info(
                        Code::W_CSC_USER_IGNORED,
                        value.span,
                        message,
                    ));
                }
            }
        }
        Ok(())
    }

    fn if_statement(
        &mut self,
        arms: &[(ast::Expr, Vec<Statement>)],
        otherwise: &[Statement],
    ) -> BResult<()> {
        for (condition, body) in arms {
            let scope = Scope::default();
            let bound = ExprBinder::new(&mut self.env, &scope).predicate(condition)?;
            if ExprBinder::new(&mut self.env, &scope).fold(&bound, condition.span)?
                == Value::Bool(true)
            {
                self.statements(body);
                return Ok(());
            }
        }
        self.statements(otherwise);
        Ok(())
    }

    fn output(&mut self, output: &ast::Output, span: Span) -> BResult<()> {
        let mut input = self.query(&output.input)?;
        let text = self.constant_text(&output.path)?;
        if text.trim().is_empty() {
            return self.env.error(
                Code::E_CSC_USER_EMPTYFILEPATH,
                output.path.span,
                "The file path cannot be empty.",
            );
        }
        let Some(path) = StorePath::parse(&text) else {
            let message = format!("The file name '{text}' is not valid.");
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDFILENAME, output.path.span, message);
        };
        if path.as_str().starts_with("/_catalog_/") {
            let message =
                format!("The file name '{text}' is not valid: the folder belongs to the catalog.");
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDFILENAME, output.path.span, message);
        }
        if text.contains('{') {
            return self
                .env
                .unsupported(output.path.span, "a pattern in the path of OUTPUT");
        }
        if text.to_ascii_lowercase().ends_with(".gz") && !self.settings.gzip_output {
            return self.env.error_with_hint(
                Code::E_CSC_USER_FILEFORMATNOTSUPPORTED,
                output.path.span,
                format!("The file format of '{text}' is not supported."),
                "write SET @@FeaturePreviews = \"GZipOutput:on\"; before it",
            );
        }
        let (format, outputter) = self.env.outputter(&output.using, &input.columns)?;
        for column in &input.columns {
            if matches!(column.ty, Type::SqlArray(_) | Type::SqlMap(..)) {
                let message = format!(
                    "{outputter} was used to output column {} of type {}. The outputter does not write it.",
                    column.name, column.ty
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDTYPEINOUTPUTTER, span, message);
            }
        }
        if let Some(expiration) = &output.expiration {
            let scope = Scope::default();
            ExprBinder::new(&mut self.env, &scope).bind(expiration)?;
        }
        let mut order = Vec::new();
        if let Some(clause) = &output.order {
            let scope = Self::scope_of(&input, None);
            order = self.sort_keys(&clause.keys, &scope)?;
            let (skip, fetch) = self.row_counts(clause)?;
            if skip > 0 || fetch.is_some() {
                let columns = input.columns.clone();
                let node = Node::Sort(SortNode {
                    input,
                    keys: order.clone(),
                    skip,
                    fetch,
                });
                input = Rel::new(Relation { node, columns });
            }
        }
        let twice = self
            .sinks
            .iter()
            .any(|sink| matches!(&sink.target, SinkTarget::File(other) if other.path == path));
        if twice {
            let message = format!("The script writes the file '{text}' twice.");
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDFILENAME, output.path.span, message);
        }
        self.sinks.push(Sink {
            input,
            target: SinkTarget::File(Output {
                path,
                format,
                order,
            }),
        });
        Ok(())
    }
}
