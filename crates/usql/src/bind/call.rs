//! Members, calls and constructions: which overload, with which conversions.

use azml_usql_syntax::ast::{self, ExprKind, IdentForm};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::convert::{converted, implicit_rank};
use super::expr::ExprBinder;
use super::name::{Meaning, owner_name};
use super::operator::folded;
use crate::cs::members::{self, Form, Member};
use crate::cs::{Type, Value};
use crate::expr::column::default_value;
use crate::expr::{Expr, Kind};

/// An argument: bound, or a lambda that waits for its parameter types.
pub(super) enum BoundArg<'e> {
    Value(Expr),
    Lambda(&'e ast::Expr),
}

impl ExprBinder<'_> {
    /// Any call.
    pub(super) fn call(&mut self, call: &ast::Call, span: Span) -> BResult<Expr> {
        if let ExprKind::Name(name) = &call.callee.kind {
            if name.form == IdentForm::Variable {
                return self.variable_call(name, &call.args, span);
            }
            if let Some(result) = self.aggregate_or_window(name, call, span) {
                return result;
            }
            let message = format!(
                "The name '{}' does not exist in the current context",
                name.text
            );
            return self.cs(name.span, "CS0103", message);
        }
        if call.over.is_some() || call.distinct || call.within.is_some() {
            let message = format!("Invalid expression: '{}'. It is no aggregate", call.callee);
            return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let ExprKind::Member { target, member } = &call.callee.kind else {
            return self.cs(span, "CS0149", "Method name expected");
        };
        if let Some(function) = self.exported(target, member) {
            return self.invoke(&function?, member, &call.args, span);
        }
        if let Some(result) = self.intrinsic(&call.callee, &call.args, span) {
            return result;
        }
        match self.meaning(target)? {
            Meaning::Value(receiver) => self.method(receiver, member, call, span),
            Meaning::Class(owner, ty) => self.static_call(&owner, ty.as_ref(), member, call, span),
        }
    }

    /// `@f(args)`: the lambda's body with the arguments as locals.
    fn variable_call(&mut self, name: &ast::Ident, args: &[ast::Arg], span: Span) -> BResult<Expr> {
        let function = self.variable(name)?;
        self.invoke(&function, name, args, span)
    }

    /// A function's body with the arguments as locals.
    fn invoke(
        &mut self,
        function: &Expr,
        name: &ast::Ident,
        args: &[ast::Arg],
        span: Span,
    ) -> BResult<Expr> {
        let (Type::Func(params, result), Kind::Lambda(slots, body)) =
            (&function.ty, &function.kind)
        else {
            let message = format!("'@{}' is a variable but is used like a method", name.text);
            return self.cs(name.span, "CS0118", message);
        };
        if params.len() != args.len() {
            return self.cs(
                span,
                "CS1593",
                format!(
                    "Delegate '{}' does not take {} arguments",
                    function.ty,
                    args.len()
                ),
            );
        }
        let mut locals = Vec::new();
        for ((slot, ty), arg) in slots.iter().zip(params).zip(args) {
            locals.push((*slot, self.bind_as(&arg.value, ty)?));
        }
        Ok(Expr::new(
            Kind::Let(locals, body.clone()),
            (**result).clone(),
        ))
    }

    pub(super) fn bind_args<'e>(&mut self, args: &'e [ast::Arg]) -> BResult<Vec<BoundArg<'e>>> {
        let mut bound = Vec::with_capacity(args.len());
        for arg in args {
            if arg.by_reference {
                let message = format!(
                    "'{}' needs a variable, which only a statement lambda has",
                    arg.value
                );
                return self.error(
                    Code::E_CSC_USER_FEATURENOTSUPPORTED,
                    arg.value.span,
                    message,
                );
            }
            bound.push(match arg.value.kind {
                ExprKind::Lambda { .. } => BoundArg::Lambda(&arg.value),
                _ if self.is_method_group(&arg.value) => BoundArg::Lambda(&arg.value),
                _ => BoundArg::Value(self.bind(&arg.value)?),
            });
        }
        Ok(bound)
    }

    /// `int.Parse` where a function is wanted.
    fn is_method_group(&mut self, expr: &ast::Expr) -> bool {
        let ExprKind::Member { target, member } = &expr.kind else {
            return false;
        };
        let before = self.env.diagnostics.len();
        let meaning = self.meaning(target);
        self.env.diagnostics.truncate(before);
        let Ok(Meaning::Class(owner, _)) = meaning else {
            return false;
        };
        members::find(&owner, &member.text).any(|m| m.0.form == Form::StaticMethod)
    }

    /// `receiver.Name(args)`.
    fn method(
        &mut self,
        receiver: Expr,
        member: &ast::Ident,
        call: &ast::Call,
        span: Span,
    ) -> BResult<Expr> {
        let name = member.text.as_str();
        if let Some(result) = self.sequence_method(&receiver, name, call, span) {
            return result;
        }
        let args = self.bind_args(&call.args)?;
        let values: Vec<Expr> = args
            .iter()
            .filter_map(|arg| match arg {
                BoundArg::Value(value) => Some(value.clone()),
                BoundArg::Lambda(_) => None,
            })
            .collect();
        if values.len() != args.len() {
            return self.no_member(&receiver.ty, member);
        }
        let owner = owner_name(&receiver.ty);
        let is_nullable = matches!(receiver.ty, Type::Nullable(_));
        match (name, values.as_slice()) {
            ("ToString", []) => {
                return Ok(folded(Expr::new(
                    Kind::ToText(Box::new(receiver), None),
                    Type::String,
                )));
            }
            ("ToString", [format]) if format.ty == Type::Object => {
                return Ok(Expr::new(
                    Kind::ToText(Box::new(receiver), None),
                    Type::String,
                ));
            }
            ("ToString", [format] | [format, _]) if !is_nullable && format.ty == Type::String => {
                let kind = Kind::ToText(Box::new(receiver), Some(Box::new(format.clone())));
                return Ok(Expr::new(kind, Type::String));
            }
            ("GetValueOrDefault", []) if is_nullable => {
                let inner = receiver.ty.underlying().clone();
                let default = Expr::constant(default_value(&inner), inner.clone());
                return Ok(Expr::new(
                    Kind::Coalesce(Box::new(receiver), Box::new(default)),
                    inner,
                ));
            }
            ("GetValueOrDefault", [default]) if is_nullable => {
                let inner = receiver.ty.underlying().clone();
                let default = self.convert_to(default.clone(), &inner, span)?;
                return Ok(Expr::new(
                    Kind::Coalesce(Box::new(receiver), Box::new(default)),
                    inner,
                ));
            }
            ("ContainsKey", [key]) => {
                if let Type::SqlMap(key_type, _) = &receiver.ty {
                    let key_type = (**key_type).clone();
                    let key = self.convert_to(key.clone(), &key_type, span)?;
                    return Ok(Expr::new(
                        Kind::ContainsKey(Box::new(receiver), Box::new(key)),
                        Type::Bool,
                    ));
                }
            }
            ("Equals", [other]) if receiver.ty != Type::String => {
                return self.equality(ast::BinaryOp::Equal, receiver, other.clone(), span);
            }
            ("CompareTo", [other]) if receiver.ty.is_numeric() && other.ty.is_numeric() => {
                let ty = receiver.ty.clone();
                let other = self.convert_to(other.clone(), &ty, span)?;
                return Ok(three_way(receiver, other));
            }
            _ => {}
        }
        if is_nullable {
            return self.no_member(&receiver.ty, member);
        }
        let candidates: Vec<Member> = members::find(&owner, name)
            .filter(|m| m.0.form == Form::Method)
            .collect();
        if candidates.is_empty() {
            return self.no_member(&receiver.ty, member);
        }
        let (found, mut args) = self.overload(&candidates, values, member, span)?;
        args.insert(0, receiver);
        Ok(Expr::new(Kind::Call(found, args), found.0.result.clone()))
    }

    /// `Owner.Name(args)`.
    fn static_call(
        &mut self,
        owner: &str,
        ty: Option<&Type>,
        member: &ast::Ident,
        call: &ast::Call,
        span: Span,
    ) -> BResult<Expr> {
        let name = member.text.as_str();
        if let Some(result) = self.try_parse(owner, name, &call.args) {
            return result;
        }
        if let Some(result) = self.static_sequence_call(owner, ty, name, call, span) {
            return result;
        }
        let args = self.bind_args(&call.args)?;
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            match arg {
                BoundArg::Value(value) => values.push(value),
                BoundArg::Lambda(lambda) => {
                    return self.cs(
                        lambda.span,
                        "CS1503",
                        "cannot convert from 'lambda expression'",
                    );
                }
            }
        }
        if let Some(special) = self.text_function(owner, name, &values, span) {
            return special;
        }
        let candidates: Vec<Member> = members::find(owner, name)
            .filter(|m| m.0.form == Form::StaticMethod)
            .collect();
        if candidates.is_empty() {
            return self.no_static(owner, member);
        }
        let (found, args) = self.overload(&candidates, values, member, span)?;
        Ok(Expr::new(Kind::Call(found, args), found.0.result.clone()))
    }

    /// `string.Format`, `Join` and `Concat` of things that are no strings, and
    /// `Convert.ToString`: they take values of any type.
    fn text_function(
        &mut self,
        owner: &str,
        name: &str,
        values: &[Expr],
        span: Span,
    ) -> Option<BResult<Expr>> {
        let text = |kind| Some(Ok(folded(Expr::new(kind, Type::String))));
        let to_text = |value: &Expr| match value.ty {
            Type::String | Type::Null => converted(value.clone(), &Type::String),
            _ => Expr::new(Kind::Concat(vec![value.clone()]), Type::String),
        };
        match (owner, name, values) {
            ("string", "Format", [culture, rest @ ..])
                if culture.ty == Type::Object && !rest.is_empty() =>
            {
                self.text_function(owner, name, rest, span)
            }
            ("string", "Format", [pattern, items @ ..]) if pattern.ty == Type::String => {
                text(Kind::Format(Box::new(pattern.clone()), items.to_vec()))
            }
            ("string", "Join", [separator, sequence]) if sequence.ty != Type::String => {
                let item = sequence.ty.element()?;
                let sequence = if item == Type::String {
                    sequence.clone()
                } else {
                    Expr::new(
                        Kind::Texts(Box::new(sequence.clone())),
                        Type::Enumerable(Box::new(Type::String)),
                    )
                };
                let member = members::find("string", "Join").find(|m| !m.0.variadic)?;
                let separator = converted(separator.clone(), &Type::String);
                Some(Ok(Expr::new(
                    Kind::Call(member, vec![separator, sequence]),
                    Type::String,
                )))
            }
            ("string", "Join", [separator, items @ ..])
                if items.iter().any(|item| item.ty != Type::String) =>
            {
                let member = members::find("string", "Join").find(|m| !m.0.variadic)?;
                let items = items.iter().map(to_text).collect();
                let sequence =
                    Expr::new(Kind::Items(items), Type::Enumerable(Box::new(Type::String)));
                let separator = converted(separator.clone(), &Type::String);
                Some(Ok(Expr::new(
                    Kind::Call(member, vec![separator, sequence]),
                    Type::String,
                )))
            }
            ("string", "Concat", [first, ..])
                if values.len() > 1 || first.ty.element().is_none() || first.ty == Type::String =>
            {
                text(Kind::Concat(values.to_vec()))
            }
            ("Convert", "ToString", [value] | [value, _]) if value.ty != Type::String => {
                text(Kind::Concat(vec![value.clone()]))
            }
            ("object" | "Object", "Equals", [a, b]) => {
                Some(self.equality(ast::BinaryOp::Equal, a.clone(), b.clone(), span))
            }
            _ => None,
        }
    }

    /// The best of several overloads, and its arguments converted.
    pub(super) fn overload(
        &mut self,
        candidates: &[Member],
        mut values: Vec<Expr>,
        member: &ast::Ident,
        span: Span,
    ) -> BResult<(Member, Vec<Expr>)> {
        loop {
            let best = candidates
                .iter()
                .enumerate()
                .filter_map(|(at, candidate)| Some((score(candidate, &values)?, at, *candidate)))
                .min_by_key(|(score, at, _)| (*score, *at));
            if let Some((score, _, found)) = best {
                return Ok((found, arranged(found, values, score.1)));
            }
            // A culture changes nothing here.
            match values.last() {
                Some(last) if last.ty == Type::Object => values.pop(),
                _ => break,
            };
        }
        let types: Vec<String> = values.iter().map(|value| value.ty.to_string()).collect();
        if candidates
            .iter()
            .any(|m| m.0.params.len() == values.len() || m.0.variadic)
        {
            let wanted = &candidates[0].0.params;
            let wrong = values
                .iter()
                .zip(wanted)
                .position(|(value, ty)| implicit_rank(value, ty).is_none());
            let at = wrong.unwrap_or(0);
            let message = format!(
                "Argument {}: cannot convert from '{}' to '{}'",
                at + 1,
                types.get(at).map_or("", String::as_str),
                wanted.get(at).map_or_else(String::new, ToString::to_string)
            );
            return self.cs(span, "CS1503", message);
        }
        self.cs(
            span,
            "CS1501",
            format!(
                "No overload for method '{}' takes {} arguments",
                member.text,
                types.len()
            ),
        )
    }
}

/// -1, 0 or 1 from comparing two numbers of one type.
fn three_way(a: Expr, b: Expr) -> Expr {
    use crate::cs::ops::Comparison;
    let test = |op, a: &Expr, b: &Expr| {
        Box::new(Expr::new(
            Kind::Compare(op, Box::new(a.clone()), Box::new(b.clone())),
            Type::Bool,
        ))
    };
    let number = |n| Box::new(Expr::constant(Value::Int(n), Type::Int));
    let greater = Kind::Conditional(test(Comparison::Greater, &a, &b), number(1), number(0));
    let greater = Box::new(Expr::new(greater, Type::Int));
    Expr::new(
        Kind::Conditional(test(Comparison::Less, &a, &b), number(-1), greater),
        Type::Int,
    )
}

/// How well arguments fit, and whether the last parameter is expanded.
fn score(candidate: &Member, values: &[Expr]) -> Option<(u32, bool)> {
    let params = &candidate.0.params;
    if params.len() == values.len() {
        let direct = values
            .iter()
            .zip(params)
            .try_fold(0, |sum, (value, ty)| Some(sum + implicit_rank(value, ty)?));
        if let Some(sum) = direct {
            return Some((sum, false));
        }
    }
    if !candidate.0.variadic {
        return None;
    }
    let (last, fixed) = params.split_last()?;
    let item = last.element()?;
    if values.len() < fixed.len() {
        return None;
    }
    let (head, tail) = values.split_at(fixed.len());
    let head = head
        .iter()
        .zip(fixed)
        .try_fold(0, |sum, (value, ty)| Some(sum + implicit_rank(value, ty)?))?;
    let tail = tail
        .iter()
        .try_fold(0, |sum, value| Some(sum + implicit_rank(value, &item)?))?;
    Some((head + tail + 30, true))
}

/// Arguments converted to the parameters' types.
fn arranged(found: Member, values: Vec<Expr>, expanded: bool) -> Vec<Expr> {
    let params = &found.0.params;
    if !expanded {
        return values
            .into_iter()
            .zip(params)
            .map(|(value, ty)| converted(value, ty))
            .collect();
    }
    let fixed = params.len() - 1;
    let item = params[fixed].element().unwrap_or(Type::Object);
    let mut args = Vec::with_capacity(params.len());
    let mut rest = Vec::new();
    for (at, value) in values.into_iter().enumerate() {
        if at < fixed {
            args.push(converted(value, &params[at]));
        } else {
            rest.push(converted(value, &item));
        }
    }
    args.push(folded(Expr::new(Kind::Items(rest), params[fixed].clone())));
    args
}
