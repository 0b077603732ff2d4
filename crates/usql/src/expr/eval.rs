//! One expression on one row. This is where the meaning of expressions is;
//! the batch form must agree with it.

use std::sync::Arc;

use recursive::recursive;

use super::linq;
use super::{Expr, Kind};
use crate::cs::members::Context;
use crate::cs::ops::{self, Comparison};
use crate::cs::{CsError, CsResult, Type, Value, format};

/// Where columns come from.
pub(crate) trait Row {
    /// The value of a column in this row.
    fn column(&self, at: usize) -> CsResult<Value>;
}

/// A row for expressions without columns.
impl Row for () {
    fn column(&self, _: usize) -> CsResult<Value> {
        Ok(Value::Null)
    }
}

/// The value of `expr` for `row`.
pub(crate) fn evaluate_row(expr: &Expr, row: &dyn Row, context: &Context) -> CsResult<Value> {
    Interpreter {
        row,
        context,
        locals: Vec::new(),
    }
    .eval(expr)
}

pub(super) struct Interpreter<'a> {
    row: &'a dyn Row,
    pub(super) context: &'a Context,
    /// By slot number: each lambda and `let` has slots of its own.
    locals: Vec<Value>,
}

impl Interpreter<'_> {
    pub(super) fn set(&mut self, slot: u32, value: Value) {
        let at = usize::try_from(slot).expect("slots are counted from 0");
        if self.locals.len() <= at {
            self.locals.resize(at + 1, Value::Null);
        }
        self.locals[at] = value;
    }

    /// Calls a lambda.
    pub(super) fn call(&mut self, lambda: &Expr, args: &[Value]) -> CsResult<Value> {
        let Kind::Lambda(slots, body) = &lambda.kind else {
            return self.eval(lambda);
        };
        for (slot, value) in slots.iter().zip(args) {
            self.set(*slot, value.clone());
        }
        self.eval(body)
    }

    #[recursive]
    pub(super) fn eval(&mut self, expr: &Expr) -> CsResult<Value> {
        match &expr.kind {
            Kind::Const(value) => Ok(value.clone()),
            Kind::Column(at) => self.row.column(*at),
            Kind::Local(slot) => {
                let at = usize::try_from(*slot).expect("slots are counted from 0");
                Ok(self.locals.get(at).cloned().unwrap_or(Value::Null))
            }
            Kind::Aggregate(_) | Kind::Window(_) => {
                unreachable!("aggregates are replaced by columns before anything is computed")
            }
            Kind::Not(a) => match self.eval(a)? {
                Value::Bool(b) => Ok(Value::Bool(!b)),
                other => Ok(other),
            },
            Kind::Negate(a) => match self.eval(a)? {
                Value::Null => Ok(Value::Null),
                value => ops::negate(&value),
            },
            Kind::Complement(a) => match self.eval(a)? {
                Value::Null => Ok(Value::Null),
                value => ops::complement(&value),
            },
            Kind::Arithmetic(op, a, b) => match (self.eval(a)?, self.eval(b)?) {
                (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
                (a, b) => ops::arithmetic(*op, &a, &b),
            },
            Kind::Bitwise(op, a, b) => bitwise(*op, &self.eval(a)?, &self.eval(b)?),
            Kind::Compare(op, a, b) => {
                let (a, b) = (self.eval(a)?, self.eval(b)?);
                Ok(Value::Bool(compare(*op, &a, &b)))
            }
            Kind::And(a, b) => match self.eval(a)? {
                Value::Bool(true) => self.eval(b),
                other => Ok(other),
            },
            Kind::Or(a, b) => match self.eval(a)? {
                Value::Bool(false) => self.eval(b),
                other => Ok(other),
            },
            Kind::Conditional(condition, yes, no) => {
                let chosen = if self.eval(condition)? == Value::Bool(true) {
                    yes
                } else {
                    no
                };
                self.eval(chosen)
            }
            Kind::Coalesce(a, b) => match self.eval(a)? {
                Value::Null => self.eval(b),
                value => Ok(value),
            },
            Kind::IsNull(a) => Ok(Value::Bool(self.eval(a)?.is_null())),
            Kind::Between(a, low, high) => {
                let (a, low) = (self.eval(a)?, self.eval(low)?);
                if !compare(Comparison::LessOrEqual, &low, &a) {
                    return Ok(Value::Bool(false));
                }
                let high = self.eval(high)?;
                Ok(Value::Bool(compare(Comparison::LessOrEqual, &a, &high)))
            }
            Kind::In(a, items) => {
                let a = self.eval(a)?;
                for item in items {
                    if ops::equal(&a, &self.eval(item)?) {
                        return Ok(Value::Bool(true));
                    }
                }
                Ok(Value::Bool(false))
            }
            Kind::Like(a, pattern, escape) => self.like(a, pattern, escape.as_deref()),
            Kind::Convert { operand, checked } => {
                convert(self.eval(operand)?, &operand.ty, &expr.ty, *checked)
            }
            Kind::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    match self.eval(part)? {
                        Value::String(part) => text.push_str(&part),
                        value => text.push_str(&format::to_string(&value, &part.ty)),
                    }
                }
                Ok(Value::string(text))
            }
            Kind::ToText(a, pattern) => {
                let value = self.eval(a)?;
                if value.is_null() && !matches!(a.ty, Type::Nullable(_)) {
                    return Err(CsError::null_reference());
                }
                match pattern {
                    None => Ok(Value::string(format::to_string(&value, &a.ty))),
                    Some(_) if value.is_null() => Err(CsError::no_value()),
                    Some(pattern) => {
                        let pattern = self.eval(pattern)?;
                        format::with_format(&value, &a.ty, pattern.opt_str().unwrap_or(""))
                            .map(Value::string)
                    }
                }
            }
            Kind::Texts(a) => {
                let item_type = a.ty.element().unwrap_or(Type::Object);
                match self.eval(a)? {
                    Value::Null => Ok(Value::Null),
                    sequence => {
                        let text = |item: &Value| match item {
                            Value::Null => Value::Null,
                            item => Value::string(format::to_string(item, &item_type)),
                        };
                        Ok(Value::list(sequence.items().iter().map(text)))
                    }
                }
            }
            Kind::Format(pattern, items) => {
                let pattern = self.eval(pattern)?;
                let pattern = pattern
                    .opt_str()
                    .ok_or_else(|| CsError::null_argument("format"))?;
                let values = items
                    .iter()
                    .map(|item| Ok((self.eval(item)?, item.ty.clone())))
                    .collect::<CsResult<Vec<_>>>()?;
                format::composite(pattern, &values).map(Value::string)
            }
            Kind::Call(member, args) => {
                let values = args
                    .iter()
                    .map(|arg| self.eval(arg))
                    .collect::<CsResult<Vec<_>>>()?;
                call(*member, &values, self.context)
            }
            Kind::Linq(function, args) => linq::evaluate(self, *function, args, &expr.ty),
            // A lambda is called, never a value.
            Kind::Lambda(..) => Ok(Value::Null),
            Kind::Let(locals, body) => {
                for (slot, value) in locals {
                    let value = self.eval(value)?;
                    self.set(*slot, value);
                }
                self.eval(body)
            }
            Kind::Attempt(slot, value) => {
                let computed = self.eval(value);
                let worked = computed.is_ok();
                self.set(
                    *slot,
                    computed.unwrap_or_else(|_| super::column::default_value(&value.ty)),
                );
                Ok(Value::Bool(worked))
            }
            Kind::Items(items) => {
                let values = items
                    .iter()
                    .map(|item| self.eval(item))
                    .collect::<CsResult<Vec<_>>>()?;
                Ok(sequence(values, &expr.ty))
            }
            Kind::Entries(entries) => {
                let mut map: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let (key, value) = (self.eval(key)?, self.eval(value)?);
                    insert(&mut map, key, value)?;
                }
                Ok(Value::Map(map.into()))
            }
            Kind::Pair(a, b) => Ok(Value::Pair(Arc::new((self.eval(a)?, self.eval(b)?)))),
            Kind::Element(a, index) => {
                let sequence = self.not_null(a)?;
                let index = usize::try_from(self.eval(index)?.int());
                let items = sequence.items();
                let item = index.ok().and_then(|at| items.get(at)).cloned();
                item.ok_or_else(|| match a.ty {
                    Type::Array(_) => CsError::index_out_of_range(),
                    _ => CsError::out_of_range(
                        "Index was out of range. Must be non-negative and less than the size of the collection.",
                        "index",
                    ),
                })
            }
            Kind::Lookup(a, key) => {
                let map = self.not_null(a)?;
                let key = self.eval(key)?;
                Ok(find(&map, &key).unwrap_or(Value::Null))
            }
            Kind::ContainsKey(a, key) => {
                let map = self.not_null(a)?;
                let key = self.eval(key)?;
                Ok(Value::Bool(find(&map, &key).is_some()))
            }
            Kind::Key(a) => match self.not_null(a)? {
                Value::Pair(pair) => Ok(pair.0.clone()),
                Value::Group(group) => Ok(group.0.clone()),
                other => Ok(other),
            },
            Kind::PairValue(a) => match self.not_null(a)? {
                Value::Pair(pair) => Ok(pair.1.clone()),
                other => Ok(other),
            },
            Kind::TupleItem(a, at) => {
                let tuple = self.not_null(a)?;
                Ok(tuple.items().get(*at).cloned().unwrap_or(Value::Null))
            }
        }
    }

    /// The value of something whose member is asked for.
    pub(super) fn not_null(&mut self, expr: &Expr) -> CsResult<Value> {
        match self.eval(expr)? {
            Value::Null => Err(CsError::null_reference()),
            value => Ok(value),
        }
    }

    fn like(&mut self, a: &Expr, pattern: &Expr, escape: Option<&Expr>) -> CsResult<Value> {
        let (a, pattern) = (self.eval(a)?, self.eval(pattern)?);
        let escape = match escape {
            Some(escape) => match self.eval(escape)? {
                Value::Char(unit) => char::from_u32(u32::from(unit)),
                Value::String(text) => text.chars().next(),
                _ => None,
            },
            None => None,
        };
        let (Some(text), Some(pattern)) = (a.opt_str(), pattern.opt_str()) else {
            return Ok(Value::Bool(false));
        };
        let text: Vec<char> = text.chars().collect();
        Ok(Value::Bool(matches_like(
            &text,
            &like_tokens(pattern, escape),
        )))
    }
}

/// `==` and `!=` know null; the others are false with a null operand.
pub(super) fn compare(op: Comparison, a: &Value, b: &Value) -> bool {
    match op {
        Comparison::Equal => ops::equal(a, b),
        Comparison::NotEqual => !ops::equal(a, b),
        _ if a.is_null() || b.is_null() => false,
        _ => op.holds(ops::order(a, b)),
    }
}

/// `&` and `|` of `bool?` know what null cannot change.
fn bitwise(op: ops::Bitwise, a: &Value, b: &Value) -> CsResult<Value> {
    let decided = match op {
        ops::Bitwise::And => Value::Bool(false),
        ops::Bitwise::Or => Value::Bool(true),
        _ => Value::Null,
    };
    match (a, b) {
        (Value::Null, other) | (other, Value::Null) => Ok(if *other == decided {
            decided
        } else {
            Value::Null
        }),
        (a, b) => ops::bitwise(op, a, b),
    }
}

pub(super) fn convert(value: Value, from: &Type, to: &Type, checked: bool) -> CsResult<Value> {
    if value.is_null() {
        return if to.is_nullable() {
            Ok(value)
        } else {
            Err(CsError::no_value())
        };
    }
    if from.underlying() == to.underlying() {
        return Ok(value);
    }
    match (to.underlying(), value) {
        (to, value) if to.is_numeric() || matches!(to, Type::Enum(_)) => {
            ops::convert(&value, to, checked)
        }
        (_, value) => Ok(value),
    }
}

/// Calls a member of the table; a null receiver is an exception.
pub(super) fn call(
    member: crate::cs::members::Member,
    args: &[Value],
    context: &Context,
) -> CsResult<Value> {
    use crate::cs::members::Form;
    let has_receiver = matches!(member.0.form, Form::Method | Form::Property | Form::Indexer);
    if has_receiver && args.first().is_none_or(Value::is_null) {
        return Err(CsError::null_reference());
    }
    (member.0.compute)(context, args)
}

/// Items as a value of a sequence type.
pub(super) fn sequence(values: Vec<Value>, ty: &Type) -> Value {
    match ty {
        Type::Array(item) if **item == Type::Byte => {
            let bytes = values.iter().map(|value| match value {
                Value::Byte(b) => *b,
                _ => 0,
            });
            Value::Bytes(bytes.collect())
        }
        _ => Value::List(values.into()),
    }
}

/// Adds to a map that holds no key twice.
pub(super) fn insert(map: &mut Vec<(Value, Value)>, key: Value, value: Value) -> CsResult<()> {
    if key.is_null() {
        return Err(CsError::null_argument("key"));
    }
    if map.iter().any(|(k, _)| ops::same(k, &key)) {
        return Err(CsError::argument(
            "An item with the same key has already been added.",
        ));
    }
    map.push((key, value));
    Ok(())
}

fn find(map: &Value, key: &Value) -> Option<Value> {
    let Value::Map(entries) = map else {
        return None;
    };
    entries
        .iter()
        .find(|(k, _)| ops::same(k, key))
        .map(|(_, value)| value.clone())
}

/// A piece of a LIKE pattern.
pub(super) enum LikeToken {
    Char(char),
    /// `_`
    Any,
    /// `%`
    Many,
    /// `[a-f]`, `[^a-f]`
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

pub(super) fn like_tokens(pattern: &str, escape: Option<char>) -> Vec<LikeToken> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        at += 1;
        if Some(c) == escape
            && let Some(next) = chars.get(at)
        {
            tokens.push(LikeToken::Char(*next));
            at += 1;
            continue;
        }
        match c {
            '%' => tokens.push(LikeToken::Many),
            '_' => tokens.push(LikeToken::Any),
            '[' => {
                let Some(end) = chars[at..]
                    .iter()
                    .position(|c| *c == ']')
                    .filter(|end| *end > 0)
                else {
                    tokens.push(LikeToken::Char('['));
                    continue;
                };
                let negated = chars[at] == '^';
                let inner = &chars[at + usize::from(negated)..at + end];
                let mut ranges = Vec::new();
                let mut n = 0;
                while n < inner.len() {
                    if n + 2 < inner.len() && inner[n + 1] == '-' {
                        ranges.push((inner[n], inner[n + 2]));
                        n += 3;
                    } else {
                        ranges.push((inner[n], inner[n]));
                        n += 1;
                    }
                }
                tokens.push(LikeToken::Set { negated, ranges });
                at += end + 1;
            }
            c => tokens.push(LikeToken::Char(c)),
        }
    }
    tokens
}

/// Whether the whole text fits, by going back to the last `%` only.
pub(super) fn matches_like(text: &[char], tokens: &[LikeToken]) -> bool {
    let fits = |token: &LikeToken, c: char| match token {
        LikeToken::Char(wanted) => *wanted == c,
        LikeToken::Any => true,
        LikeToken::Many => false,
        LikeToken::Set { negated, ranges } => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
    };
    let (mut at, mut token) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(LikeToken::Many) => {
                token += 1;
                back = Some((at, token));
            }
            Some(one) if fits(one, text[at]) => {
                at += 1;
                token += 1;
            }
            _ => match &mut back {
                Some((start, after)) => {
                    *start += 1;
                    at = *start;
                    token = *after;
                }
                None => return false,
            },
        }
    }
    tokens[token..]
        .iter()
        .all(|token| matches!(token, LikeToken::Many))
}
