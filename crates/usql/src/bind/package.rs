//! Packages: bodies that declare variables for the scripts that import them.

use azml_usql_syntax::ast::{self, CreateKind, StatementKind};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::script::ScriptBinder;

impl ScriptBinder {
    /// `IMPORT PACKAGE name(args) AS alias`: what it exports is `alias.@variable`, or `@variable`
    /// without an alias.
    pub(super) fn import(
        &mut self,
        call: &ast::Invocation,
        alias: Option<&ast::Ident>,
    ) -> BResult<()> {
        let definition = self.definition_of(call, "package", |schema| &schema.packages)?;
        let shown = call.name.to_string();
        let create = self.parsed(&definition, &shown, call.span)?;
        let CreateKind::Package { params, body } = &create.kind else {
            return self.missing_object(&call.name, "package");
        };
        let arguments = self.arguments(call, params, &definition)?;
        let outer = self.exports.replace(Vec::new());
        let caller = self.enter(&definition, call.span)?;
        self.set_parameters(params, arguments);
        let mut result = Ok(());
        for statement in body {
            result = self.package_statement(statement);
            if result.is_err() {
                break;
            }
        }
        let mut exported = Vec::new();
        for name in std::mem::replace(&mut self.exports, outer).unwrap_or_default() {
            if let Some(variable) = self.env.variables.get(&name) {
                exported.push((name, variable.clone()));
            }
        }
        self.leave(caller, &shown, call.span);
        result?;
        if let Some(alias) = alias {
            let package = self.env.packages.entry(alias.text.clone()).or_default();
            package.extend(exported);
            return Ok(());
        }
        for (name, variable) in exported {
            if self.env.variables.contains_key(&name) {
                let message = format!("The variable '@{name}' is already declared.");
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    call.span,
                    message,
                );
            }
            self.env.variables.insert(name, variable);
        }
        Ok(())
    }

    fn package_statement(&mut self, statement: &ast::Statement) -> BResult<()> {
        let allowed = matches!(
            statement.kind,
            StatementKind::Declare(_)
                | StatementKind::ExportVariable(_)
                | StatementKind::ExportAssembly(_)
                | StatementKind::Import { .. }
                | StatementKind::Use { .. }
                | StatementKind::Using { .. }
                | StatementKind::If { .. }
                | StatementKind::Reference { .. }
                | StatementKind::Deploy(_)
                | StatementKind::Raise { .. }
                | StatementKind::Set { .. }
        );
        if allowed {
            return self.statement(statement);
        }
        let message = "A package's body cannot hold this statement.";
        self.env.error(
            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
            statement.span,
            message,
        )
    }

    /// `EXPORT @v type = e`.
    pub(super) fn export(&mut self, declare: &ast::Declare, span: Span) -> BResult<()> {
        if self.exports.is_none() {
            return self.env.unsupported(span, "EXPORT outside of a package");
        }
        self.declare(declare)?;
        if let Some(exports) = &mut self.exports {
            exports.push(declare.name.text.clone());
        }
        Ok(())
    }
}
