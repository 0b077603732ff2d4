//! `new`: objects, collections, arrays.

use azml_usql_syntax::Span;
use azml_usql_syntax::ast::{self, IdentForm};

use super::BResult;
use super::convert::{converted, implicit_rank};
use super::expr::ExprBinder;
use super::name::owner_name;
use super::operator::folded;
use crate::cs::Type;
use crate::cs::members::{self, Member};
use crate::expr::column::default_value;
use crate::expr::{Expr, Kind, LinqFunction};

impl ExprBinder<'_> {
    /// `new T(args) { … }`.
    pub(super) fn new_object(
        &mut self,
        written: &ast::TypeRef,
        args: Option<&[ast::Arg]>,
        init: Option<&ast::Initializer>,
        span: Span,
    ) -> BResult<Expr> {
        let ty = self.resolve(written)?;
        let mut values = Vec::new();
        for arg in args.unwrap_or_default() {
            values.push(self.bind(&arg.value)?);
        }
        match (&ty, values.as_slice(), init) {
            (Type::SqlArray(item) | Type::Enumerable(item), [], init) => {
                let item = (**item).clone();
                let items = self.elements(init, &item, span)?;
                Ok(Expr::new(Kind::Items(items), ty))
            }
            (Type::SqlArray(item) | Type::Enumerable(item), [source], None) => {
                if source.ty.element().as_ref() != Some(item) {
                    let message = format!(
                        "Argument 1: cannot convert from '{}' to 'IEnumerable<{item}>'",
                        source.ty
                    );
                    return self.cs(span, "CS1503", message);
                }
                Ok(Expr::new(
                    Kind::Linq(LinqFunction::Items, vec![source.clone()]),
                    ty,
                ))
            }
            (Type::SqlMap(key, value), [], init) => {
                let (key, value) = ((**key).clone(), (**value).clone());
                let entries = self.entries(init, &key, &value, span)?;
                Ok(Expr::new(Kind::Entries(entries), ty))
            }
            (Type::SqlMap(key, value), [source], None) => {
                let wanted = Type::KeyValuePair(key.clone(), value.clone());
                if source.ty.element().as_ref() != Some(&wanted) {
                    let message = format!(
                        "Argument 1: cannot convert from '{}' to 'IEnumerable<{wanted}>'",
                        source.ty
                    );
                    return self.cs(span, "CS1503", message);
                }
                Ok(Expr::new(
                    Kind::Linq(LinqFunction::Map, vec![source.clone()]),
                    ty,
                ))
            }
            (Type::KeyValuePair(key, value), [k, v], None) => {
                let (key, value) = ((**key).clone(), (**value).clone());
                let k = self.convert_to(k.clone(), &key, span)?;
                let v = self.convert_to(v.clone(), &value, span)?;
                Ok(Expr::new(Kind::Pair(Box::new(k), Box::new(v)), ty))
            }
            (Type::Tuple(items), values, None) if items.len() == values.len() => {
                let items = items.clone();
                let mut bound = Vec::new();
                for (value, ty) in values.iter().zip(&items) {
                    bound.push(self.convert_to(value.clone(), ty, span)?);
                }
                Ok(Expr::new(Kind::Items(bound), ty))
            }
            (_, [], None) if ty.is_value_type() => Ok(Expr::constant(default_value(&ty), ty)),
            (_, _, None) => {
                let name = ast::Ident {
                    text: ty.to_string(),
                    span: written.span,
                    form: IdentForm::Plain,
                };
                let candidates: Vec<Member> = members::find(&owner_name(&ty), "new").collect();
                if candidates.is_empty() {
                    let message = format!(
                        "'{ty}' does not contain a constructor that takes {} arguments",
                        values.len()
                    );
                    return self.cs(span, "CS1729", message);
                }
                let (found, args) = self.overload(&candidates, values, &name, span)?;
                Ok(folded(Expr::new(Kind::Call(found, args), ty)))
            }
            _ => {
                let message = format!(
                    "Cannot initialize type '{ty}' with a collection initializer because it does not implement 'System.Collections.IEnumerable'"
                );
                self.cs(span, "CS1922", message)
            }
        }
    }

    fn elements(
        &mut self,
        init: Option<&ast::Initializer>,
        item: &Type,
        span: Span,
    ) -> BResult<Vec<Expr>> {
        let elements = match init {
            None => return Ok(Vec::new()),
            Some(ast::Initializer::Elements(elements)) => elements,
            Some(ast::Initializer::Members(_)) => {
                return self.cs(
                    span,
                    "CS0117",
                    "the type has no member to be set in an initializer",
                );
            }
        };
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let [value] = element.as_slice() else {
                return self.cs(
                    span,
                    "CS1501",
                    "No overload for method 'Add' takes several arguments",
                );
            };
            items.push(self.bind_as(value, item)?);
        }
        Ok(items)
    }

    fn entries(
        &mut self,
        init: Option<&ast::Initializer>,
        key: &Type,
        value: &Type,
        span: Span,
    ) -> BResult<Vec<(Expr, Expr)>> {
        let elements = match init {
            None => return Ok(Vec::new()),
            Some(ast::Initializer::Elements(elements)) => elements,
            Some(ast::Initializer::Members(_)) => {
                return self.cs(
                    span,
                    "CS0117",
                    "the type has no member to be set in an initializer",
                );
            }
        };
        let mut entries = Vec::with_capacity(elements.len());
        for element in elements {
            let [k, v] = element.as_slice() else {
                return self.cs(
                    span,
                    "CS7036",
                    "each element of a map has a key and a value: {key, value}",
                );
            };
            entries.push((self.bind_as(k, key)?, self.bind_as(v, value)?));
        }
        Ok(entries)
    }

    /// `new T[n]`, `new T[] { … }`, `new[] { … }`.
    pub(super) fn new_array(
        &mut self,
        element: Option<&ast::TypeRef>,
        length: Option<&ast::Expr>,
        items: Option<&[ast::Expr]>,
        span: Span,
    ) -> BResult<Expr> {
        let declared = match element {
            Some(written) => Some(self.resolve(written)?),
            None => None,
        };
        if let (Some(length), None, Some(item)) = (length, items, &declared) {
            let count = self.bind_as(length, &Type::Int)?;
            let filler = Expr::constant(default_value(item), item.clone());
            let ty = Type::Array(Box::new(item.clone()));
            let repeat = Expr::new(
                Kind::Linq(LinqFunction::Repeat, vec![filler, count]),
                Type::Enumerable(Box::new(item.clone())),
            );
            return Ok(Expr::new(Kind::Linq(LinqFunction::Items, vec![repeat]), ty));
        }
        let mut bound = Vec::new();
        for item in items.unwrap_or_default() {
            bound.push(match &declared {
                Some(ty) => self.bind_as(item, ty)?,
                None => self.bind(item)?,
            });
        }
        let item = match declared {
            Some(ty) => ty,
            None => {
                let best = bound.iter().map(|item| item.ty.clone()).find(|ty| {
                    *ty != Type::Null && bound.iter().all(|item| implicit_rank(item, ty).is_some())
                });
                let Some(best) = best else {
                    return self.cs(
                        span,
                        "CS0826",
                        "No best type found for implicitly-typed array",
                    );
                };
                bound = bound
                    .into_iter()
                    .map(|item| converted(item, &best))
                    .collect();
                best
            }
        };
        Ok(folded(Expr::new(
            Kind::Items(bound),
            Type::Array(Box::new(item)),
        )))
    }
}
