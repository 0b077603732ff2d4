//! Members, calls and constructions: which overload, with which conversions.

use azml_usql_syntax::ast::{self, ExprKind, IdentForm};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::convert::{converted, implicit_rank};
use super::expr::{ExprBinder, Meaning, is_null, owner_name};
use crate::cs::members::{self, Form, Member};
use crate::cs::{EnumType, Type, Value};
use crate::expr::column::default_value;
use crate::expr::{Expr, Kind, LinqFunction};

/// An argument: bound, or a lambda that waits for its parameter types.
pub(super) enum BoundArg<'e> {
    Value(Expr),
    Lambda(&'e ast::Expr),
}

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

    fn no_member<T>(&mut self, ty: &Type, member: &ast::Ident) -> BResult<T> {
        let message = format!(
            "'{ty}' does not contain a definition for '{0}' and no extension method '{0}' accepting a first argument of type '{ty}' could be found (are you missing a using directive or an assembly reference?)",
            member.text
        );
        self.cs(member.span, "CS1061", message)
    }

    fn no_static<T>(&mut self, owner: &str, member: &ast::Ident) -> BResult<T> {
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
        let Some(variable) = self.env.variables.get(&name.text) else {
            let message = format!(
                "The name '@{}' does not exist in the current context",
                name.text
            );
            return self.cs(name.span, "CS0103", message);
        };
        let function = variable.value.clone();
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
                return Ok(super::expr::folded(Expr::new(
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
        let text = |kind| Some(Ok(super::expr::folded(Expr::new(kind, Type::String))));
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
    fn overload(
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
                Ok(super::expr::folded(Expr::new(Kind::Call(found, args), ty)))
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
        Ok(super::expr::folded(Expr::new(
            Kind::Items(bound),
            Type::Array(Box::new(item)),
        )))
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
    args.push(super::expr::folded(Expr::new(
        Kind::Items(rest),
        params[fixed].clone(),
    )));
    args
}
