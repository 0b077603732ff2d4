//! Names and chains of names: columns, locals, variables, types and their
//! members.

use azml_usql_syntax::ast::{self, ExprKind, IdentForm};

use super::BResult;
use super::expr::ExprBinder;
use super::scope::Found;
use crate::cs::Type;
use crate::expr::Expr;

/// What a name or member chain means before it is known to be a value.
pub(super) enum Meaning {
    Value(Expr),
    /// A type or static class, by the name its members are listed under.
    Class(String, Option<Type>),
}

impl ExprBinder<'_> {
    /// What a name or chain of names means.
    pub(super) fn meaning(&mut self, expr: &ast::Expr) -> BResult<Meaning> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name),
            ExprKind::Type(written) => {
                let ty = self.resolve(written)?;
                Ok(Meaning::Class(owner_name(&ty), Some(ty)))
            }
            ExprKind::Member { target, member } => {
                // alias.column
                if let ExprKind::Name(qualifier) = &target.kind {
                    let text = match qualifier.form {
                        IdentForm::Variable => format!("@{}", qualifier.text),
                        _ => qualifier.text.clone(),
                    };
                    let hides = self.local(&qualifier.text).is_some();
                    if !hides && self.scope.has_qualifier(&text) {
                        match self.scope.find(Some(&text), &member.text) {
                            Found::Column(at) => return Ok(Meaning::Value(self.column(at))),
                            Found::Ambiguous => return self.ambiguous(member),
                            Found::Nothing
                                if self.scope.find(None, &qualifier.text) == Found::Nothing =>
                            {
                                let message = format!(
                                    "'{text}' does not contain a definition for '{}'",
                                    member.text
                                );
                                return self.cs(member.span, "CS1061", message);
                            }
                            Found::Nothing => {}
                        }
                    }
                }
                if let Some(exported) = self.exported(target, member) {
                    return exported.map(Meaning::Value);
                }
                if let Some(found) = self.system_variable(expr) {
                    return found;
                }
                if let Some(class) = self.class_path(expr) {
                    return Ok(class);
                }
                match self.meaning(target)? {
                    Meaning::Value(value) => self.property(value, member).map(Meaning::Value),
                    Meaning::Class(owner, ty) => {
                        self.static_property(&owner, ty, member).map(Meaning::Value)
                    }
                }
            }
            _ => self.bind(expr).map(Meaning::Value),
        }
    }

    pub(super) fn local(&self, name: &str) -> Option<Expr> {
        self.locals
            .iter()
            .rev()
            .find(|(local, _)| local == name)
            .map(|(_, expr)| expr.clone())
    }

    /// The value of `@name`.
    pub(super) fn variable(&mut self, name: &ast::Ident) -> BResult<Expr> {
        if let Some(variable) = self.env.variables.get(&name.text) {
            return Ok(variable.value.clone());
        }
        let message = format!(
            "The name '@{}' does not exist in the current context",
            name.text
        );
        self.cs(name.span, "CS0103", message)
    }

    /// `package.@name`; `None` when that is no package.
    pub(super) fn exported(
        &mut self,
        target: &ast::Expr,
        member: &ast::Ident,
    ) -> Option<BResult<Expr>> {
        let ExprKind::Name(alias) = &target.kind else {
            return None;
        };
        if member.form != IdentForm::Variable || alias.form == IdentForm::Variable {
            return None;
        }
        let package = self.env.packages.get(&alias.text);
        let Some(variable) = package.and_then(|package| package.get(&member.text)) else {
            let message = format!(
                "The name '{}.@{}' does not exist in the current context",
                alias.text, member.text
            );
            return Some(self.cs(member.span, "CS0103", message));
        };
        Some(Ok(variable.value.clone()))
    }

    fn column(&self, at: usize) -> Expr {
        Expr::column(at, self.scope.columns[at].ty.clone())
    }

    fn ambiguous<T>(&mut self, name: &ast::Ident) -> BResult<T> {
        self.cs(
            name.span,
            "CS0229",
            format!(
                "Ambiguity between columns named '{}': qualify it with a rowset alias",
                name.text
            ),
        )
    }

    fn name(&mut self, name: &ast::Ident) -> BResult<Meaning> {
        match name.form {
            IdentForm::Variable => self.variable(name).map(Meaning::Value),
            IdentForm::System => self.cs(
                name.span,
                "CS0103",
                format!(
                    "The name '@@{}' does not exist in the current context",
                    name.text
                ),
            ),
            IdentForm::Plain | IdentForm::Quoted => {
                if let Some(local) = self.local(&name.text) {
                    return Ok(Meaning::Value(local));
                }
                match self.scope.find(None, &name.text) {
                    Found::Column(at) => Ok(Meaning::Value(self.column(at))),
                    Found::Ambiguous => self.ambiguous(name),
                    Found::Nothing => {
                        if let Some(class) = class_of(&[&name.text]) {
                            return Ok(class);
                        }
                        let message = format!(
                            "The name '{}' does not exist in the current context",
                            name.text
                        );
                        self.cs(name.span, "CS0103", message)
                    }
                }
            }
        }
    }

    /// `System.Text.Encoding`: a chain of plain names that is a class.
    fn class_path(&self, expr: &ast::Expr) -> Option<Meaning> {
        let mut names = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Member { target, member } if member.form != IdentForm::Variable => {
                    names.push(member.text.as_str());
                    at = target;
                }
                ExprKind::Name(name)
                    if matches!(name.form, IdentForm::Plain | IdentForm::Quoted) =>
                {
                    names.push(name.text.as_str());
                    break;
                }
                _ => return None,
            }
        }
        names.reverse();
        let first = names.first()?;
        let namespace = matches!(*first, "System" | "Microsoft");
        if !namespace
            || self.local(first).is_some()
            || self.scope.find(None, first) != Found::Nothing
        {
            return None;
        }
        class_of(&names)
    }
}

/// The class that a dotted name is.
fn class_of(path: &[&str]) -> Option<Meaning> {
    let (name, namespace) = path.split_last()?;
    if !namespace.is_empty() && !matches!(namespace[0], "System" | "Microsoft") {
        return None;
    }
    if let Some(ty) = Type::by_name(name) {
        return Some(Meaning::Class(owner_name(&ty), Some(ty)));
    }
    let known = matches!(
        *name,
        "Enumerable" | "SqlArray" | "SqlMap" | "Tuple" | "CultureInfo" | "Nullable"
    ) || crate::cs::members::is_class(name);
    known.then(|| Meaning::Class((*name).to_owned(), None))
}

/// The name under which the members of a type are listed.
pub(super) fn owner_name(ty: &Type) -> String {
    ty.underlying().to_string()
}
