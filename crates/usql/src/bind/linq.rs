//! Methods of sequences, static functions that make them, and the query
//! syntax, which is the same methods in other words.

use azml_usql_syntax::ast::{self, ExprKind, LambdaBody, LinqClause, LinqEnd};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::call::BoundArg;
use super::convert::converted;
use super::expr::ExprBinder;
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind, LinqFunction};

impl ExprBinder<'_> {
    /// A lambda, or the name of a static function, with known parameter types;
    /// its result converted when `result` is given.
    pub(super) fn lambda(
        &mut self,
        expr: &ast::Expr,
        params: &[Type],
        result: Option<&Type>,
    ) -> BResult<Expr> {
        let slots: Vec<u32> = params.iter().map(|_| self.env.next_slot()).collect();
        let locals: Vec<Expr> = slots
            .iter()
            .zip(params)
            .map(|(slot, ty)| Expr::new(Kind::Local(*slot), ty.clone()))
            .collect();
        let ExprKind::Lambda {
            params: names,
            body,
        } = &expr.kind
        else {
            return self.method_group(expr, slots, locals, params, result);
        };
        if names.len() != params.len() {
            let message = format!("Delegate does not take {} arguments", names.len());
            return self.cs(expr.span, "CS1593", message);
        }
        let before = self.locals.len();
        self.locals
            .extend(names.iter().map(|name| name.name.text.clone()).zip(locals));
        let bound = match (&**body, result) {
            (LambdaBody::Block(statements), result) => self.block(statements, result, expr.span),
            (LambdaBody::Expr(body), Some(ty)) => self.bind_as(body, ty),
            (LambdaBody::Expr(body), None) => self.bind(body),
        };
        self.locals.truncate(before);
        let bound = bound?;
        let ty = Type::Func(params.to_vec(), Box::new(bound.ty.clone()));
        Ok(Expr::new(Kind::Lambda(slots, Box::new(bound)), ty))
    }

    /// `int.Parse` as `x => int.Parse(x)`.
    fn method_group(
        &mut self,
        expr: &ast::Expr,
        slots: Vec<u32>,
        locals: Vec<Expr>,
        params: &[Type],
        result: Option<&Type>,
    ) -> BResult<Expr> {
        let names: Vec<String> = (0..locals.len()).map(|n| format!("\u{1}{n}")).collect();
        let arg = |name: &String| ast::Arg {
            name: None,
            by_reference: false,
            value: ast::Expr {
                kind: ExprKind::Name(ast::Ident {
                    text: name.clone(),
                    span: expr.span,
                    form: ast::IdentForm::Plain,
                }),
                span: expr.span,
            },
        };
        let call = ast::Call {
            callee: expr.clone(),
            type_args: Vec::new(),
            distinct: false,
            args: names.iter().map(arg).collect(),
            within: None,
            over: None,
        };
        let before = self.locals.len();
        self.locals.extend(names.into_iter().zip(locals));
        let bound = self.call(&call, expr.span);
        self.locals.truncate(before);
        let bound = match result {
            Some(ty) => self.convert_to(bound?, ty, expr.span)?,
            None => bound?,
        };
        let ty = Type::Func(params.to_vec(), Box::new(bound.ty.clone()));
        Ok(Expr::new(Kind::Lambda(slots, Box::new(bound)), ty))
    }

    fn lambda_result(lambda: &Expr) -> Type {
        match &lambda.ty {
            Type::Func(_, result) => (**result).clone(),
            other => other.clone(),
        }
    }

    /// A method of arrays, maps and sequences; `None` when the receiver has none
    /// of that name.
    pub(super) fn sequence_method(
        &mut self,
        receiver: &Expr,
        name: &str,
        call: &ast::Call,
        span: Span,
    ) -> Option<BResult<Expr>> {
        use LinqFunction as F;
        let item = receiver.ty.element()?;
        let function = match name {
            "Select" => F::Select,
            "Where" => F::Where,
            "SelectMany" => F::SelectMany,
            "Distinct" => F::Distinct,
            "OrderBy" | "ThenBy" => F::OrderBy,
            "OrderByDescending" | "ThenByDescending" => F::OrderByDescending,
            "Reverse" => F::Reverse,
            "Take" => F::Take,
            "Skip" => F::Skip,
            "TakeWhile" => F::TakeWhile,
            "SkipWhile" => F::SkipWhile,
            "First" => F::First,
            "FirstOrDefault" => F::FirstOrDefault,
            "Last" => F::Last,
            "LastOrDefault" => F::LastOrDefault,
            "Single" | "SingleOrDefault" => F::Single,
            "ElementAt" => F::ElementAt,
            "ElementAtOrDefault" => F::ElementAtOrDefault,
            "Any" => F::Any,
            "All" => F::All,
            "Count" => F::Count,
            "Sum" => F::Sum,
            "Min" => F::Min,
            "Max" => F::Max,
            "Average" => F::Average,
            "Aggregate" => F::Aggregate,
            "Concat" => F::Concat,
            "Union" => F::Union,
            "Except" => F::Except,
            "Intersect" => F::Intersect,
            "Contains" => F::Contains,
            "SequenceEqual" => F::SequenceEqual,
            "Zip" => F::Zip,
            "GroupBy" => F::GroupBy,
            "ToArray" | "ToList" | "AsEnumerable" => F::Items,
            "ToDictionary" => F::Map,
            "DefaultIfEmpty" => F::DefaultIfEmpty,
            _ => return None,
        };
        // `string` has methods of its own under some of these names.
        let own = receiver.ty == Type::String && matches!(name, "Contains" | "Concat");
        if own {
            return None;
        }
        Some(self.linq_call(function, name, receiver.clone(), &item, call, span))
    }

    fn linq_call(
        &mut self,
        function: LinqFunction,
        name: &str,
        receiver: Expr,
        item: &Type,
        call: &ast::Call,
        span: Span,
    ) -> BResult<Expr> {
        use LinqFunction as F;
        let args = self.bind_args(&call.args)?;
        let one = std::slice::from_ref(item);
        let two = [item.clone(), item.clone()];
        let sequence = Type::Enumerable(Box::new(item.clone()));
        let wrong = |binder: &mut Self| {
            binder.cs(
                span,
                "CS1501",
                format!(
                    "No overload for method '{name}' takes these {} arguments",
                    call.args.len()
                ),
            )
        };
        let (extra, ty) = match (function, args.as_slice()) {
            (F::Select, [BoundArg::Lambda(lambda)]) => {
                let lambda = self.lambda(lambda, one, None)?;
                let ty = Type::Enumerable(Box::new(Self::lambda_result(&lambda)));
                (vec![lambda], ty)
            }
            (F::Where | F::TakeWhile | F::SkipWhile, [BoundArg::Lambda(lambda)]) => {
                (vec![self.lambda(lambda, one, Some(&Type::Bool))?], sequence)
            }
            (F::SelectMany, [BoundArg::Lambda(lambda)]) => {
                let lambda = self.lambda(lambda, one, None)?;
                let Some(inner) = Self::lambda_result(&lambda).element() else {
                    return wrong(self);
                };
                (vec![lambda], Type::Enumerable(Box::new(inner)))
            }
            (F::SelectMany, [BoundArg::Lambda(lambda), BoundArg::Lambda(result)]) => {
                let lambda = self.lambda(lambda, one, None)?;
                let Some(inner) = Self::lambda_result(&lambda).element() else {
                    return wrong(self);
                };
                let result = self.lambda(result, &[item.clone(), inner], None)?;
                let ty = Type::Enumerable(Box::new(Self::lambda_result(&result)));
                (vec![lambda, result], ty)
            }
            (F::OrderBy | F::OrderByDescending, [BoundArg::Lambda(lambda)]) => {
                let key = self.lambda(lambda, one, None)?;
                return Ok(ordered(
                    receiver,
                    key,
                    function == F::OrderByDescending,
                    name.starts_with("Then"),
                    sequence,
                ));
            }
            (F::Distinct | F::Reverse, []) => (Vec::new(), sequence),
            (F::Take | F::Skip, [BoundArg::Value(count)]) => (
                vec![self.convert_to(count.clone(), &Type::Int, span)?],
                sequence,
            ),
            (F::First | F::FirstOrDefault | F::Last | F::LastOrDefault | F::Single, []) => {
                (Vec::new(), item.clone())
            }
            (
                F::First | F::FirstOrDefault | F::Last | F::LastOrDefault | F::Single,
                [BoundArg::Lambda(lambda)],
            ) => (
                vec![self.lambda(lambda, one, Some(&Type::Bool))?],
                item.clone(),
            ),
            (F::ElementAt | F::ElementAtOrDefault, [BoundArg::Value(at)]) => (
                vec![self.convert_to(at.clone(), &Type::Int, span)?],
                item.clone(),
            ),
            (F::Any, []) => (Vec::new(), Type::Bool),
            (F::Any | F::All, [BoundArg::Lambda(lambda)]) => (
                vec![self.lambda(lambda, one, Some(&Type::Bool))?],
                Type::Bool,
            ),
            (F::Count, []) => (Vec::new(), Type::Int),
            (F::Count, [BoundArg::Lambda(lambda)]) => (
                vec![self.lambda(lambda, one, Some(&Type::Bool))?],
                Type::Int,
            ),
            (F::Sum | F::Min | F::Max | F::Average, args) => {
                let (extra, value) = match args {
                    [] => (Vec::new(), item.clone()),
                    [BoundArg::Lambda(lambda)] => {
                        let lambda = self.lambda(lambda, one, None)?;
                        let ty = Self::lambda_result(&lambda);
                        (vec![lambda], ty)
                    }
                    _ => return wrong(self),
                };
                let Some(ty) = fold_type(function, &value) else {
                    return wrong(self);
                };
                (extra, ty)
            }
            (F::Aggregate, [BoundArg::Lambda(lambda)]) => {
                (vec![self.lambda(lambda, &two, Some(item))?], item.clone())
            }
            (F::Aggregate, [BoundArg::Value(seed), BoundArg::Lambda(lambda)]) => {
                let ty = seed.ty.clone();
                let lambda = self.lambda(lambda, &[ty.clone(), item.clone()], Some(&ty))?;
                (vec![seed.clone(), lambda], ty)
            }
            (
                F::Concat | F::Union | F::Except | F::Intersect | F::SequenceEqual,
                [BoundArg::Value(other)],
            ) => {
                if other.ty.element().as_ref() != Some(item) {
                    return wrong(self);
                }
                let ty = if function == F::SequenceEqual {
                    Type::Bool
                } else {
                    sequence
                };
                (vec![other.clone()], ty)
            }
            (F::Zip, [BoundArg::Value(other), BoundArg::Lambda(lambda)]) => {
                let Some(second) = other.ty.element() else {
                    return wrong(self);
                };
                let lambda = self.lambda(lambda, &[item.clone(), second], None)?;
                let ty = Type::Enumerable(Box::new(Self::lambda_result(&lambda)));
                (vec![other.clone(), lambda], ty)
            }
            (F::Contains, [BoundArg::Value(wanted)]) => (
                vec![self.convert_to(wanted.clone(), item, span)?],
                Type::Bool,
            ),
            (F::GroupBy, [BoundArg::Lambda(key)]) => {
                let key = self.lambda(key, one, None)?;
                let group =
                    Type::Grouping(Box::new(Self::lambda_result(&key)), Box::new(item.clone()));
                (vec![key], Type::Enumerable(Box::new(group)))
            }
            (F::GroupBy, [BoundArg::Lambda(key), BoundArg::Lambda(element)]) => {
                let key = self.lambda(key, one, None)?;
                let element = self.lambda(element, one, None)?;
                let group = Type::Grouping(
                    Box::new(Self::lambda_result(&key)),
                    Box::new(Self::lambda_result(&element)),
                );
                (vec![key, element], Type::Enumerable(Box::new(group)))
            }
            (F::Items, []) => {
                let ty = if name == "ToArray" {
                    Type::Array(Box::new(item.clone()))
                } else {
                    sequence
                };
                (Vec::new(), ty)
            }
            (F::Map, [BoundArg::Lambda(key), BoundArg::Lambda(value)]) => {
                let key = self.lambda(key, one, None)?;
                let value = self.lambda(value, one, None)?;
                let ty = Type::SqlMap(
                    Box::new(Self::lambda_result(&key)),
                    Box::new(Self::lambda_result(&value)),
                );
                (vec![key, value], ty)
            }
            (F::DefaultIfEmpty, []) => (Vec::new(), sequence),
            (F::DefaultIfEmpty, [BoundArg::Value(value)]) => {
                (vec![self.convert_to(value.clone(), item, span)?], sequence)
            }
            _ => return wrong(self),
        };
        let mut all = vec![receiver];
        all.extend(extra);
        Ok(Expr::new(Kind::Linq(function, all), ty))
    }

    /// `Enumerable.Range`, `SqlArray.Create` and their like.
    pub(super) fn static_sequence_call(
        &mut self,
        owner: &str,
        ty: Option<&Type>,
        name: &str,
        call: &ast::Call,
        span: Span,
    ) -> Option<BResult<Expr>> {
        use LinqFunction as F;
        let known = matches!(owner, "Enumerable" | "SqlArray" | "SqlMap" | "Tuple")
            || matches!(ty, Some(Type::SqlArray(_) | Type::SqlMap(..)))
            || (owner == "Encoding" && name == "GetEncoding");
        if !known {
            return None;
        }
        // `Enumerable.Select(source, …)` is the method of the source.
        let bound = call
            .args
            .iter()
            .map(|arg| self.bind(&arg.value))
            .collect::<BResult<Vec<_>>>();
        let values = match bound {
            Ok(values) => values,
            Err(reported) => return Some(Err(reported)),
        };
        let type_arg = match call.type_args.first().map(|written| self.resolve(written)) {
            Some(Err(reported)) => return Some(Err(reported)),
            Some(Ok(ty)) => Some(ty),
            None => None,
        };
        let list = |item: Type| Type::Enumerable(Box::new(item));
        Some(match (owner, name, values.as_slice()) {
            ("Enumerable", "Range", [start, count]) => (|| {
                let args = vec![
                    self.convert_to(start.clone(), &Type::Int, span)?,
                    self.convert_to(count.clone(), &Type::Int, span)?,
                ];
                Ok(Expr::new(Kind::Linq(F::Range, args), list(Type::Int)))
            })(),
            ("Enumerable", "Repeat", [item, count]) => (|| {
                let ty = type_arg.unwrap_or_else(|| item.ty.clone());
                let item = self.convert_to(item.clone(), &ty, span)?;
                let count = self.convert_to(count.clone(), &Type::Int, span)?;
                Ok(Expr::new(Kind::Linq(F::Repeat, vec![item, count]), list(ty)))
            })(),
            ("Enumerable", "Empty", []) => {
                let item = type_arg.unwrap_or(Type::Object);
                Ok(Expr::new(Kind::Items(Vec::new()), list(item)))
            }
            ("SqlArray", "Create", [source]) if source.ty != Type::String && source.ty.element().is_some() => {
                let item = source.ty.element().unwrap_or(Type::Object);
                Ok(Expr::new(Kind::Linq(F::Items, vec![source.clone()]), Type::SqlArray(Box::new(item))))
            }
            ("SqlArray", "Create", items) if !items.is_empty() => {
                let item = items[0].ty.clone();
                let items = items.iter().map(|value| converted(value.clone(), &item)).collect();
                Ok(Expr::new(Kind::Items(items), Type::SqlArray(Box::new(item))))
            }
            ("SqlMap", "Create", [source]) => match source.ty.element() {
                Some(Type::KeyValuePair(key, value)) => {
                    Ok(Expr::new(Kind::Linq(F::Map, vec![source.clone()]), Type::SqlMap(key, value)))
                }
                _ => self.cs(span, "CS0411", "The type arguments for method 'SqlMap.Create' cannot be inferred from the usage"),
            },
            ("Tuple", "Create", items) if !items.is_empty() => {
                let ty = Type::Tuple(items.iter().map(|item| item.ty.clone()).collect());
                Ok(Expr::new(Kind::Items(items.to_vec()), ty))
            }
            ("Encoding", "GetEncoding", [page]) => {
                let encoding = match page.as_const() {
                    Some(Value::Int(page)) => crate::text_encoding::Encoding::by_code_page(*page),
                    Some(Value::String(name)) => crate::text_encoding::Encoding::by_name(name),
                    _ => None,
                };
                match encoding {
                    Some(encoding) => {
                        Ok(Expr::constant(Value::Encoding(encoding.code_page()), Type::Encoding))
                    }
                    None => {
                        let message = "the encoding is not one of those that extractors and outputters know";
                        self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message)
                    }
                }
            }
            _ => self.cs(span, "CS0117", format!("'{owner}' does not contain a definition for '{name}'")),
        })
    }

    /// `from x in e … select …` as method calls. Several range variables
    /// travel as one tuple.
    pub(super) fn linq_query(&mut self, linq: &ast::Linq, span: Span) -> BResult<Expr> {
        let mut state: Option<Query> = None;
        for clause in &linq.clauses {
            state = Some(match (state, clause) {
                (None, LinqClause::From(name, source)) => {
                    let sequence = self.bind(source)?;
                    let Some(item) = sequence.ty.element() else {
                        let message = format!(
                            "Could not find an implementation of the query pattern for source type '{}'",
                            sequence.ty
                        );
                        return self.cs(source.span, "CS1935", message);
                    };
                    Query {
                        sequence,
                        names: vec![(name.text.clone(), item)],
                    }
                }
                (Some(query), LinqClause::From(name, source)) => {
                    let (slot, inner) = self.in_query(&query, |binder| binder.bind(source))?;
                    let Some(item) = inner.ty.element() else {
                        let message = format!(
                            "Could not find an implementation of the query pattern for source type '{}'",
                            inner.ty
                        );
                        return self.cs(source.span, "CS1935", message);
                    };
                    query.joined(self, slot, inner, &name.text, item)
                }
                (Some(query), LinqClause::Let(name, value)) => {
                    let (slot, value) = self.in_query(&query, |binder| binder.bind(value))?;
                    query.with_value(slot, value, &name.text)
                }
                (Some(query), LinqClause::Where(condition)) => {
                    let (slot, condition) =
                        self.in_query(&query, |binder| binder.predicate(condition))?;
                    query.mapped(LinqFunction::Where, slot, condition)
                }
                (Some(query), LinqClause::OrderBy(keys)) => {
                    let mut query = query;
                    for (n, (key, descending)) in keys.iter().enumerate() {
                        let (slot, key) = self.in_query(&query, |binder| binder.bind(key))?;
                        let ty = query.sequence.ty.clone();
                        let item = ty.element().unwrap_or(Type::Object);
                        let lambda_type = Type::Func(vec![item.clone()], Box::new(key.ty.clone()));
                        let lambda =
                            Expr::new(Kind::Lambda(vec![slot], Box::new(key)), lambda_type);
                        let sequence = Type::Enumerable(Box::new(item));
                        query.sequence =
                            ordered(query.sequence, lambda, *descending, n > 0, sequence);
                    }
                    query
                }
                (Some(_), LinqClause::Join(_)) => {
                    let message =
                        "the join clause of query expressions is not supported by this engine";
                    return self.error(Code::E_CSC_USER_FEATURENOTSUPPORTED, span, message);
                }
                (None, _) => {
                    return self.cs(span, "CS0742", "A query body must begin with a from clause");
                }
            });
        }
        let Some(query) = state else {
            return self.cs(span, "CS0742", "A query body must begin with a from clause");
        };
        match &linq.end {
            LinqEnd::Select(value) => {
                let (slot, value) = self.in_query(&query, |binder| binder.bind(value))?;
                Ok(query.selected(slot, value))
            }
            LinqEnd::Group(element, key) => {
                let (key_slot, key) = self.in_query(&query, |binder| binder.bind(key))?;
                let (element_slot, element) =
                    self.in_query(&query, |binder| binder.bind(element))?;
                let item = query.sequence.ty.element().unwrap_or(Type::Object);
                let func = |ty: &Type| Type::Func(vec![item.clone()], Box::new(ty.clone()));
                let group = Type::Grouping(Box::new(key.ty.clone()), Box::new(element.ty.clone()));
                let key_type = func(&key.ty);
                let element_type = func(&element.ty);
                let args = vec![
                    query.sequence,
                    Expr::new(Kind::Lambda(vec![key_slot], Box::new(key)), key_type),
                    Expr::new(
                        Kind::Lambda(vec![element_slot], Box::new(element)),
                        element_type,
                    ),
                ];
                Ok(Expr::new(
                    Kind::Linq(LinqFunction::GroupBy, args),
                    Type::Enumerable(Box::new(group)),
                ))
            }
        }
    }

    /// Binds something with the query's variables in scope; the slot is the
    /// parameter that holds them.
    fn in_query(
        &mut self,
        query: &Query,
        bind: impl FnOnce(&mut Self) -> BResult<Expr>,
    ) -> BResult<(u32, Expr)> {
        let slot = self.env.next_slot();
        let before = self.locals.len();
        self.locals.extend(query.locals(slot));
        let bound = bind(self);
        self.locals.truncate(before);
        bound.map(|bound| (slot, bound))
    }
}

/// A sequence of the range variables of a query expression.
struct Query {
    sequence: Expr,
    names: Vec<(String, Type)>,
}

impl Query {
    fn element(&self) -> Type {
        match self.names.as_slice() {
            [(_, ty)] => ty.clone(),
            many => Type::Tuple(many.iter().map(|(_, ty)| ty.clone()).collect()),
        }
    }

    fn locals(&self, slot: u32) -> Vec<(String, Expr)> {
        let whole = Expr::new(Kind::Local(slot), self.element());
        match self.names.as_slice() {
            [(name, _)] => vec![(name.clone(), whole)],
            many => many
                .iter()
                .enumerate()
                .map(|(at, (name, ty))| {
                    (
                        name.clone(),
                        Expr::new(Kind::TupleItem(Box::new(whole.clone()), at), ty.clone()),
                    )
                })
                .collect(),
        }
    }

    fn lambda(&self, slot: u32, body: Expr) -> Expr {
        let ty = Type::Func(vec![self.element()], Box::new(body.ty.clone()));
        Expr::new(Kind::Lambda(vec![slot], Box::new(body)), ty)
    }

    fn mapped(self, function: LinqFunction, slot: u32, body: Expr) -> Self {
        let lambda = self.lambda(slot, body);
        let ty = Type::Enumerable(Box::new(self.element()));
        let sequence = Expr::new(Kind::Linq(function, vec![self.sequence, lambda]), ty);
        Self {
            sequence,
            names: self.names,
        }
    }

    fn selected(self, slot: u32, body: Expr) -> Expr {
        let lambda = self.lambda(slot, body);
        let Type::Func(_, result) = &lambda.ty else {
            return lambda;
        };
        let ty = Type::Enumerable(result.clone());
        Expr::new(
            Kind::Linq(LinqFunction::Select, vec![self.sequence, lambda]),
            ty,
        )
    }

    /// The variables as items of a tuple.
    fn items(&self, slot: u32) -> Vec<Expr> {
        self.locals(slot)
            .into_iter()
            .map(|(_, expr)| expr)
            .collect()
    }

    fn with_value(self, slot: u32, value: Expr, name: &str) -> Self {
        let mut names = self.names.clone();
        names.push((name.to_owned(), value.ty.clone()));
        let mut items = self.items(slot);
        items.push(value);
        let tuple = Type::Tuple(names.iter().map(|(_, ty)| ty.clone()).collect());
        let sequence = self.selected(slot, Expr::new(Kind::Items(items), tuple));
        Self { sequence, names }
    }

    /// The second `from`: each element with each item of `inner`.
    fn joined(
        self,
        binder: &mut ExprBinder<'_>,
        slot: u32,
        inner: Expr,
        name: &str,
        item: Type,
    ) -> Self {
        let (outer_slot, inner_slot) = (binder.env.next_slot(), binder.env.next_slot());
        let mut names = self.names.clone();
        names.push((name.to_owned(), item.clone()));
        let mut items = self.items(outer_slot);
        items.push(Expr::new(Kind::Local(inner_slot), item.clone()));
        let tuple = Type::Tuple(names.iter().map(|(_, ty)| ty.clone()).collect());
        let result_type = Type::Func(vec![self.element(), item], Box::new(tuple.clone()));
        let body = Expr::new(Kind::Items(items), tuple.clone());
        let result = Expr::new(
            Kind::Lambda(vec![outer_slot, inner_slot], Box::new(body)),
            result_type,
        );
        let inner = self.lambda(slot, inner);
        let ty = Type::Enumerable(Box::new(tuple));
        let sequence = Expr::new(
            Kind::Linq(LinqFunction::SelectMany, vec![self.sequence, inner, result]),
            ty,
        );
        Self { sequence, names }
    }
}

/// `OrderBy`, or one more key for it.
fn ordered(receiver: Expr, key: Expr, descending: bool, then: bool, ty: Type) -> Expr {
    let direction = Expr::constant(Value::Bool(descending), Type::Bool);
    if let (true, Kind::Linq(LinqFunction::OrderBy, mut args)) = (then, receiver.kind.clone()) {
        args.extend([key, direction]);
        return Expr::new(Kind::Linq(LinqFunction::OrderBy, args), ty);
    }
    Expr::new(
        Kind::Linq(LinqFunction::OrderBy, vec![receiver, key, direction]),
        ty,
    )
}

/// The result of a fold over values of a type.
fn fold_type(function: LinqFunction, value: &Type) -> Option<Type> {
    let inner = value.underlying();
    let nullable = matches!(value, Type::Nullable(_));
    let lift = |ty: Type| Some(if nullable { ty.to_nullable() } else { ty });
    match function {
        LinqFunction::Min | LinqFunction::Max => Some(value.clone()),
        LinqFunction::Sum
            if matches!(
                inner,
                Type::Int | Type::Long | Type::Float | Type::Double | Type::Decimal
            ) =>
        {
            Some(value.clone())
        }
        LinqFunction::Average => match inner {
            Type::Int | Type::Long | Type::Double => lift(Type::Double),
            Type::Float => lift(Type::Float),
            Type::Decimal => lift(Type::Decimal),
            _ => None,
        },
        _ => None,
    }
}
