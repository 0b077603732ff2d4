//! What a script asks of the world while it is compiled: files, partitions, the
//! job it is.

use azml_usql_syntax::ast::{self, ExprKind, IdentForm};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::expr::ExprBinder;
use super::name::Meaning;
use super::scope::Found;
use crate::catalog::Table;
use crate::cs::{Type, Value};
use crate::expr::Expr;

/// `Submit.Alias` of `@@JobInfo.Submit.Alias`, and `JobInfo`.
fn system_chain(expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) if name.form == IdentForm::System => Some(name.text.clone()),
        ExprKind::Member { target, member } => {
            let mut chain = system_chain(target)?;
            chain.push('.');
            chain.push_str(&member.text);
            Some(chain)
        }
        _ => None,
    }
}

impl ExprBinder<'_> {
    /// `@@JobInfo.…`; `None` when the expression is no such name, or the
    /// member of one that has a value.
    pub(super) fn system_variable(&mut self, expr: &ast::Expr) -> Option<BResult<Meaning>> {
        let chain = system_chain(expr)?;
        if let Some((value, ty)) = self.env.system.get(&chain) {
            return Some(Ok(Meaning::Value(Expr::constant(
                value.clone(),
                ty.clone(),
            ))));
        }
        let of_a_value = chain.rsplit_once('.').is_some_and(|(owner, _)| {
            self.env
                .system
                .keys()
                .any(|known| owner.starts_with(known.as_str()))
        });
        if of_a_value {
            return None;
        }
        let message = format!("The name '@@{chain}' does not exist in the current context");
        Some(self.cs(expr.span, "CS0103", message))
    }

    /// `FILE.…(path)` and `PARTITION.EXISTS(table, …)`.
    pub(super) fn intrinsic(
        &mut self,
        callee: &ast::Expr,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<BResult<Expr>> {
        let ExprKind::Member { target, member } = &callee.kind else {
            return None;
        };
        let ExprKind::Name(owner) = &target.kind else {
            return None;
        };
        let hidden = owner.form != IdentForm::Plain
            || self.local(&owner.text).is_some()
            || self.scope.find(None, &owner.text) != Found::Nothing;
        match owner.text.as_str() {
            "FILE" if !hidden => Some(self.file_property(&member.text, args, span)),
            "PARTITION" if !hidden && member.text == "EXISTS" => {
                Some(self.partition_exists(args, span))
            }
            _ => None,
        }
    }

    fn file_property(&mut self, name: &str, args: &[ast::Arg], span: Span) -> BResult<Expr> {
        let [path] = args else {
            let message = format!("FILE.{name} takes the path of one file.");
            return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        };
        let path_span = path.value.span;
        let path = self.constant(&path.value, &Type::String)?;
        let path = match &path {
            Value::String(path) => path.to_string(),
            _ => String::new(),
        };
        let info = self.env.file_info(&path, path_span)?;
        let of_file = |value: Option<Value>, ty: Type| {
            Expr::constant(value.unwrap_or(Value::Null), Type::Nullable(Box::new(ty)))
        };
        Ok(match name {
            "EXISTS" => Expr::constant(Value::Bool(info.is_some()), Type::Bool),
            "LENGTH" => {
                let length = info.and_then(|info| i64::try_from(info.length).ok());
                of_file(length.map(Value::Long), Type::Long)
            }
            "CREATED" => of_file(
                info.and_then(|info| info.created).map(Value::date),
                Type::DateTime,
            ),
            "MODIFIED" => of_file(
                info.and_then(|info| info.modified).map(Value::date),
                Type::DateTime,
            ),
            _ => {
                let message = format!("'FILE.{name}' is no function here.");
                return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            }
        })
    }

    fn partition_exists(&mut self, args: &[ast::Arg], span: Span) -> BResult<Expr> {
        let table = args
            .split_first()
            .and_then(|(table, key)| Some((object_name(&table.value)?, key)));
        let Some((written, key)) = table else {
            let message = "PARTITION.EXISTS takes a table and the values of its partition columns.";
            return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        };
        let name = self.env.names.object(&written);
        let Some(table) = self.env.catalog.table(&name).cloned() else {
            let message = format!("The table '{written}' does not exist.");
            return self.error(
                Code::E_CSC_USER_DDLENTITYDOESNOTEXIST,
                written.span,
                message,
            );
        };
        let key: Vec<&ast::Expr> = key.iter().map(|arg| &arg.value).collect();
        let key = self.partition_key(&table, &key, span)?;
        let exists = table
            .partitions
            .iter()
            .any(|partition| partition.key == key);
        Ok(Expr::constant(Value::Bool(exists), Type::Bool))
    }

    /// The values of a partition's key, each of its column's type.
    pub(super) fn partition_key(
        &mut self,
        table: &Table,
        key: &[&ast::Expr],
        span: Span,
    ) -> BResult<Vec<Value>> {
        if key.len() != table.partitioned_by.len() {
            let message = format!(
                "The table has {} partition column(s), not {}.",
                table.partitioned_by.len(),
                key.len()
            );
            return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let mut values = Vec::with_capacity(key.len());
        for (expr, name) in key.iter().zip(&table.partitioned_by) {
            let column = table.columns.iter().find(|column| column.name == *name);
            values.push(self.constant(
                expr,
                &column.map_or(Type::String, |column| column.ty.clone()),
            )?);
        }
        Ok(values)
    }
}

/// `a.b.c` as the name of an object.
fn object_name(expr: &ast::Expr) -> Option<ast::ObjectName> {
    let mut parts = match &expr.kind {
        ExprKind::Name(name) if matches!(name.form, IdentForm::Plain | IdentForm::Quoted) => {
            vec![name.clone()]
        }
        ExprKind::Member { target, member } => {
            let mut parts = object_name(target)?.parts;
            parts.push(member.clone());
            parts
        }
        _ => return None,
    };
    parts.truncate(3);
    Some(ast::ObjectName {
        parts,
        span: expr.span,
    })
}
