//! Members that are no calls: properties, constants of types, indexers.

use azml_usql_syntax::Span;
use azml_usql_syntax::ast;

use super::BResult;
use super::convert::converted;
use super::expr::ExprBinder;
use super::name::owner_name;
use super::operator::is_null;
use crate::cs::members::{self, Form};
use crate::cs::{EnumType, Type, Value};
use crate::expr::{Expr, Kind, LinqFunction};

impl ExprBinder<'_> {
    /// `target.member` of a value.
    pub(super) fn property(&mut self, target: Expr, member: &ast::Ident) -> BResult<Expr> {
        let name = member.text.as_str();
        if let Type::Nullable(inner) = &target.ty {
            match name {
                "HasValue" => return Ok(is_null(target, true)),
                "Value" => {
                    let ty = (**inner).clone();
                    return Ok(converted(target, &ty));
                }
                _ => return self.no_member(&target.ty, member),
            }
        }
        let boxed = |target: Expr| Box::new(target);
        match (&target.ty, name) {
            (Type::KeyValuePair(key, _) | Type::Grouping(key, _), "Key") => {
                let ty = (**key).clone();
                return Ok(Expr::new(Kind::Key(boxed(target)), ty));
            }
            (Type::KeyValuePair(_, value), "Value") => {
                let ty = (**value).clone();
                return Ok(Expr::new(Kind::PairValue(boxed(target)), ty));
            }
            (Type::Tuple(items), name) => {
                let at = name
                    .strip_prefix("Item")
                    .and_then(|n| n.parse::<usize>().ok())
                    .and_then(|n| n.checked_sub(1));
                if let Some((at, ty)) = at.and_then(|at| items.get(at).map(|ty| (at, ty.clone()))) {
                    return Ok(Expr::new(Kind::TupleItem(boxed(target), at), ty));
                }
            }
            (Type::SqlMap(key, _), "Keys") => {
                let ty = Type::Enumerable(key.clone());
                return Ok(Expr::new(Kind::Linq(LinqFunction::Keys, vec![target]), ty));
            }
            (Type::SqlMap(_, value), "Values") => {
                let ty = Type::Enumerable(value.clone());
                return Ok(Expr::new(
                    Kind::Linq(LinqFunction::Values, vec![target]),
                    ty,
                ));
            }
            (Type::Array(_), "Length") => {
                return Ok(Expr::new(
                    Kind::Linq(LinqFunction::Count, vec![target]),
                    Type::Int,
                ));
            }
            (Type::SqlArray(_) | Type::SqlMap(..) | Type::Enumerable(_), "Count") => {
                return Ok(Expr::new(
                    Kind::Linq(LinqFunction::Count, vec![target]),
                    Type::Int,
                ));
            }
            _ => {}
        }
        let found =
            members::find(&owner_name(&target.ty), name).find(|m| m.0.form == Form::Property);
        match found {
            Some(member) => Ok(Expr::new(
                Kind::Call(member, vec![target]),
                member.0.result.clone(),
            )),
            None => self.no_member(&target.ty, member),
        }
    }

    pub(super) fn no_member<T>(&mut self, ty: &Type, member: &ast::Ident) -> BResult<T> {
        let message = format!(
            "'{ty}' does not contain a definition for '{0}' and no extension method '{0}' accepting a first argument of type '{ty}' could be found (are you missing a using directive or an assembly reference?)",
            member.text
        );
        self.cs(member.span, "CS1061", message)
    }

    pub(super) fn no_static<T>(&mut self, owner: &str, member: &ast::Ident) -> BResult<T> {
        self.cs(
            member.span,
            "CS0117",
            format!(
                "'{owner}' does not contain a definition for '{}'",
                member.text
            ),
        )
    }

    /// `Type.Member`.
    pub(super) fn static_property(
        &mut self,
        owner: &str,
        ty: Option<Type>,
        member: &ast::Ident,
    ) -> BResult<Expr> {
        let name = member.text.as_str();
        if let Some(Type::Enum(enumeration)) = ty {
            let found = EnumType::members(enumeration)
                .iter()
                .find(|(known, _)| *known == name);
            return match found {
                Some((_, value)) => {
                    Ok(Expr::constant(Value::Enum(*value), Type::Enum(enumeration)))
                }
                None => self.no_static(owner, member),
            };
        }
        // Every culture here is the invariant one, which texts are in.
        if owner == "CultureInfo"
            && matches!(
                name,
                "InvariantCulture" | "CurrentCulture" | "CurrentUICulture"
            )
        {
            return Ok(Expr::constant(Value::Null, Type::Object));
        }
        if ty == Some(Type::Encoding)
            && let Some(encoding) = crate::text_encoding::Encoding::by_property(name)
        {
            return Ok(Expr::constant(
                Value::Encoding(encoding.code_page()),
                Type::Encoding,
            ));
        }
        match members::find(owner, name).find(|m| m.0.form == Form::StaticProperty) {
            Some(member) => Ok(Expr::new(
                Kind::Call(member, Vec::new()),
                member.0.result.clone(),
            )),
            None => self.no_static(owner, member),
        }
    }

    /// `target[args]`.
    pub(super) fn index(
        &mut self,
        target: &ast::Expr,
        args: &[ast::Expr],
        span: Span,
    ) -> BResult<Expr> {
        let target = self.bind(target)?;
        let [arg] = args else {
            return self.cs(
                span,
                "CS1501",
                "No overload for indexer takes several arguments",
            );
        };
        let bound = self.bind(arg)?;
        match target.ty.clone() {
            Type::Array(item) | Type::SqlArray(item) | Type::Enumerable(item) => {
                let at = self.convert_to(bound, &Type::Int, arg.span)?;
                Ok(Expr::new(
                    Kind::Element(Box::new(target), Box::new(at)),
                    *item,
                ))
            }
            Type::SqlMap(key, value) => {
                let key = self.convert_to(bound, &key, arg.span)?;
                Ok(Expr::new(
                    Kind::Lookup(Box::new(target), Box::new(key)),
                    *value,
                ))
            }
            Type::String => {
                let at = self.convert_to(bound, &Type::Int, arg.span)?;
                let found = members::find("string", "this").next();
                match found {
                    Some(member) => Ok(Expr::new(Kind::Call(member, vec![target, at]), Type::Char)),
                    None => self.cs(
                        span,
                        "CS0021",
                        "Cannot apply indexing with [] to an expression of type 'string'",
                    ),
                }
            }
            other => {
                let message =
                    format!("Cannot apply indexing with [] to an expression of type '{other}'");
                self.cs(span, "CS0021", message)
            }
        }
    }
}
