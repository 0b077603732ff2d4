//! From syntax to meaning: names, types, and every check that the compiler
//! makes. Nothing is read but the names and lengths of input files.

mod aggregate;
mod assembly;
mod call;
mod construct;
mod convert;
mod ddl;
mod dml;
mod expr;
mod files;
mod lambda;
mod linq;
mod member;
mod name;
mod objects;
mod operator;
mod package;
mod query;
mod reduce;
mod sample;
mod scope;
mod script;
mod select;
mod setop;
mod source;
mod system;
mod udo;

use std::collections::HashMap;
use std::sync::Arc;

use azml_usql_syntax::{Code, Diagnostic, Span};

use crate::catalog::{Catalog, NameContext};
use crate::cs::members::Context;
use crate::cs::{Type, Value};
use crate::expr::Expr;
use crate::store::FileStore;

#[cfg(test)]
pub(crate) use expr::ExprBinder;
#[cfg(test)]
pub(crate) use scope::{Scope, ScopeColumn};
pub(crate) use script::bind_script;

/// A diagnostic has been pushed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported;

/// Something bound, or a diagnostic.
pub(crate) type BResult<T> = Result<T, Reported>;

/// A scalar variable: a named expression.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) value: Expr,
}

/// What all expressions of a script share.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) context: Context,
    pub(crate) variables: HashMap<String, Variable>,
    /// `@@JobInfo` and its like, by their dotted names.
    pub(crate) system: HashMap<String, (Value, Type)>,
    /// The store, when the script is compiled to be run.
    pub(crate) files: Option<Arc<dyn FileStore>>,
    /// The catalog as the script leaves it so far.
    pub(crate) catalog: Catalog,
    /// Where names of the catalog are looked up.
    pub(crate) names: NameContext,
    /// What imported packages export, by their aliases.
    pub(crate) packages: HashMap<String, HashMap<String, Variable>>,
    /// Assemblies that have been referenced.
    pub(crate) assemblies: Vec<String>,
    slots: u32,
}

impl Environment {
    pub(crate) fn new(now: i64, files: Option<Arc<dyn FileStore>>) -> Self {
        Self {
            diagnostics: Vec::new(),
            context: Context { now },
            variables: HashMap::new(),
            system: HashMap::new(),
            files,
            catalog: Catalog::default(),
            names: NameContext::default(),
            packages: HashMap::new(),
            assemblies: Vec::new(),
            slots: 0,
        }
    }

    /// A local that nothing else uses.
    pub(super) fn next_slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots - 1
    }

    pub(super) fn error<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) -> BResult<T> {
        self.diagnostics
            .push(Diagnostic::error(code, span, message));
        Err(Reported)
    }

    pub(super) fn error_with_hint<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> BResult<T> {
        self.diagnostics
            .push(Diagnostic::error(code, span, message).with_hint(hint));
        Err(Reported)
    }

    pub(super) fn warn(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::warning(code, span, message));
    }

    /// A part of the language that this engine does not run.
    pub(super) fn unsupported<T>(&mut self, span: Span, what: &str) -> BResult<T> {
        self.error(
            Code::E_CSC_USER_FEATURENOTSUPPORTED,
            span,
            format!("{what} is not supported by this engine"),
        )
    }
}
