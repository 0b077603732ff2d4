//! Bound expressions: every name resolved, every type known, every implicit
//! conversion written out. Plain data; `eval` computes one row, `vector` a
//! batch.

pub(crate) mod column;
mod eval;
mod linq;
#[cfg(test)]
mod tests;
mod vector;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cs::members::Member;
use crate::cs::ops::{Arithmetic, Bitwise, Comparison};
use crate::cs::{Type, Value};

pub(crate) use eval::{Row, evaluate_row};
pub(crate) use linq::LinqFunction;
pub(crate) use vector::{Batch, evaluate};

/// A bound expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    pub(crate) ty: Type,
}

/// The kinds of bound expressions. Operands have the type their operator
/// needs, or its nullable form where the operator is lifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Const(Value),
    /// A column of the input.
    Column(usize),
    /// A lambda's parameter or a `let`.
    Local(u32),
    /// An aggregate of the enclosing SELECT; replaced by a column before
    /// anything is computed.
    Aggregate(usize),
    /// A window function of the enclosing SELECT; replaced likewise.
    Window(usize),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Complement(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Bitwise(Bitwise, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// Left to right, the right side only when needed.
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    Coalesce(Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    /// Operand, low, high.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    /// Operand, pattern, escape.
    Like(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    /// Between types that both have a number or the same value inside.
    Convert {
        operand: Box<Expr>,
        checked: bool,
    },
    /// `+` with a string: each part as text, null as nothing.
    Concat(Vec<Expr>),
    /// `x.ToString()`, `x.ToString(format)`.
    ToText(Box<Expr>, Option<Box<Expr>>),
    /// A sequence with each item as text.
    Texts(Box<Expr>),
    /// `string.Format`.
    Format(Box<Expr>, Vec<Expr>),
    /// A member of the table; the receiver first.
    Call(Member, Vec<Expr>),
    /// A function over sequences; the sequence first.
    Linq(LinqFunction, Vec<Expr>),
    Lambda(Vec<u32>, Box<Expr>),
    /// Computes values into locals, then the body.
    Let(Vec<(u32, Expr)>, Box<Expr>),
    /// Computes into a local: whether that raised nothing.
    Attempt(u32, Box<Expr>),
    /// An array, list or tuple of the given items.
    Items(Vec<Expr>),
    Entries(Vec<(Expr, Expr)>),
    Pair(Box<Expr>, Box<Expr>),
    /// `array[i]`, `list[i]`.
    Element(Box<Expr>, Box<Expr>),
    /// `map[key]`: null when the key is missing.
    Lookup(Box<Expr>, Box<Expr>),
    ContainsKey(Box<Expr>, Box<Expr>),
    /// `pair.Key`, `group.Key`.
    Key(Box<Expr>),
    /// `pair.Value`.
    PairValue(Box<Expr>),
    /// `tuple.ItemN`, counted from 0.
    TupleItem(Box<Expr>, usize),
}

impl Expr {
    pub(crate) fn new(kind: Kind, ty: Type) -> Self {
        Self { kind, ty }
    }

    pub(crate) fn constant(value: Value, ty: Type) -> Self {
        Self {
            kind: Kind::Const(value),
            ty,
        }
    }

    pub(crate) fn column(at: usize, ty: Type) -> Self {
        Self {
            kind: Kind::Column(at),
            ty,
        }
    }

    /// The constant's value, if it is one.
    pub(crate) fn as_const(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Its direct parts.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Const(_)
            | Kind::Column(_)
            | Kind::Local(_)
            | Kind::Aggregate(_)
            | Kind::Window(_) => Vec::new(),
            Kind::Not(a)
            | Kind::Negate(a)
            | Kind::Complement(a)
            | Kind::IsNull(a)
            | Kind::Convert { operand: a, .. }
            | Kind::Texts(a)
            | Kind::Lambda(_, a)
            | Kind::Attempt(_, a)
            | Kind::Key(a)
            | Kind::PairValue(a)
            | Kind::TupleItem(a, _)
            | Kind::ToText(a, None) => vec![a],
            Kind::Arithmetic(_, a, b)
            | Kind::Bitwise(_, a, b)
            | Kind::Compare(_, a, b)
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Coalesce(a, b)
            | Kind::Pair(a, b)
            | Kind::Element(a, b)
            | Kind::Lookup(a, b)
            | Kind::ContainsKey(a, b)
            | Kind::Like(a, b, None)
            | Kind::ToText(a, Some(b)) => vec![a, b],
            Kind::Conditional(a, b, c) | Kind::Between(a, b, c) | Kind::Like(a, b, Some(c)) => {
                vec![a, b, c]
            }
            Kind::In(a, items) | Kind::Format(a, items) => {
                std::iter::once(&**a).chain(items).collect()
            }
            Kind::Concat(items)
            | Kind::Call(_, items)
            | Kind::Linq(_, items)
            | Kind::Items(items) => items.iter().collect(),
            Kind::Let(locals, body) => locals
                .iter()
                .map(|(_, value)| value)
                .chain(std::iter::once(&**body))
                .collect(),
            Kind::Entries(entries) => entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .collect(),
        }
    }

    /// Its direct parts, to be changed.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            Kind::Const(_)
            | Kind::Column(_)
            | Kind::Local(_)
            | Kind::Aggregate(_)
            | Kind::Window(_) => Vec::new(),
            Kind::Not(a)
            | Kind::Negate(a)
            | Kind::Complement(a)
            | Kind::IsNull(a)
            | Kind::Convert { operand: a, .. }
            | Kind::Texts(a)
            | Kind::Lambda(_, a)
            | Kind::Attempt(_, a)
            | Kind::Key(a)
            | Kind::PairValue(a)
            | Kind::TupleItem(a, _)
            | Kind::ToText(a, None) => vec![a],
            Kind::Arithmetic(_, a, b)
            | Kind::Bitwise(_, a, b)
            | Kind::Compare(_, a, b)
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Coalesce(a, b)
            | Kind::Pair(a, b)
            | Kind::Element(a, b)
            | Kind::Lookup(a, b)
            | Kind::ContainsKey(a, b)
            | Kind::Like(a, b, None)
            | Kind::ToText(a, Some(b)) => vec![a, b],
            Kind::Conditional(a, b, c) | Kind::Between(a, b, c) | Kind::Like(a, b, Some(c)) => {
                vec![a, b, c]
            }
            Kind::In(a, items) | Kind::Format(a, items) => {
                std::iter::once(&mut **a).chain(items).collect()
            }
            Kind::Concat(items)
            | Kind::Call(_, items)
            | Kind::Linq(_, items)
            | Kind::Items(items) => items.iter_mut().collect(),
            Kind::Let(locals, body) => locals
                .iter_mut()
                .map(|(_, value)| value)
                .chain(std::iter::once(&mut **body))
                .collect(),
            Kind::Entries(entries) => entries
                .iter_mut()
                .flat_map(|(key, value)| [key, value])
                .collect(),
        }
    }

    /// Calls `visit` on every part, the whole first.
    pub(crate) fn walk(&self, visit: &mut impl FnMut(&Self)) {
        let mut pending = vec![self];
        while let Some(expr) = pending.pop() {
            visit(expr);
            pending.extend(expr.children());
        }
    }

    /// Calls `change` on every part, the whole first; where it returns true,
    /// the parts below are left alone.
    pub(crate) fn rewrite(&mut self, change: &mut impl FnMut(&mut Self) -> bool) {
        let mut pending = vec![self];
        while let Some(expr) = pending.pop() {
            if !change(expr) {
                pending.extend(expr.children_mut());
            }
        }
    }

    /// The input columns it reads, in order, each once.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        self.walk(&mut |expr| {
            if let Kind::Column(at) = expr.kind {
                columns.push(at);
            }
        });
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Whether computing it can raise an exception.
    pub(crate) fn can_raise(&self) -> bool {
        let mut raises = false;
        self.walk(&mut |expr| raises |= expr.raises_itself());
        raises
    }

    fn raises_itself(&self) -> bool {
        match &self.kind {
            Kind::Arithmetic(Arithmetic::Divide | Arithmetic::Remainder, a, _) => {
                !matches!(a.ty.underlying(), Type::Float | Type::Double)
            }
            Kind::Arithmetic(_, a, _) => {
                matches!(
                    a.ty.underlying(),
                    Type::Decimal | Type::DateTime | Type::TimeSpan
                )
            }
            Kind::Convert { operand, checked } => {
                let unwraps = matches!(operand.ty, Type::Nullable(_))
                    && !matches!(self.ty, Type::Nullable(_));
                let decimal = *operand.ty.underlying() == Type::Decimal
                    && self.ty.underlying().is_integral()
                    || *self.ty.underlying() == Type::Decimal
                        && !operand.ty.underlying().is_integral();
                *checked || unwraps || decimal
            }
            Kind::Call(..)
            | Kind::Linq(..)
            | Kind::Format(..)
            | Kind::Element(..)
            | Kind::Lookup(..) => true,
            Kind::ContainsKey(..) | Kind::ToText(..) | Kind::Texts(_) | Kind::Entries(_) => true,
            Kind::Key(_) | Kind::PairValue(_) | Kind::TupleItem(..) => true,
            _ => false,
        }
    }

    /// Whether two computations on the same row may differ.
    pub(crate) fn is_volatile(&self) -> bool {
        let mut volatile = false;
        self.walk(&mut |expr| {
            if let Kind::Call(member, _) = &expr.kind {
                volatile |= member.0.signature == "static Guid Guid.NewGuid()";
            }
        });
        volatile
    }
}

/// For plans and messages: close to C#, with `#n` for columns.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, items: &[Expr]) -> fmt::Result {
            for (n, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if n > 0 { ", " } else { "" })?;
            }
            Ok(())
        }
        match &self.kind {
            Kind::Const(Value::String(text)) => write!(f, "{text:?}"),
            Kind::Const(Value::Null) => f.write_str("null"),
            Kind::Const(value) => f.write_str(&crate::cs::format::to_string(value, &self.ty)),
            Kind::Column(at) => write!(f, "#{at}"),
            Kind::Local(at) => write!(f, "${at}"),
            Kind::Aggregate(at) => write!(f, "agg{at}"),
            Kind::Window(at) => write!(f, "window{at}"),
            Kind::Not(a) => write!(f, "!{a}"),
            Kind::Negate(a) => write!(f, "-{a}"),
            Kind::Complement(a) => write!(f, "~{a}"),
            Kind::Arithmetic(op, a, b) => write!(f, "({a} {op:?} {b})"),
            Kind::Bitwise(op, a, b) => write!(f, "({a} {op:?} {b})"),
            Kind::Compare(op, a, b) => write!(f, "({a} {op:?} {b})"),
            Kind::And(a, b) => write!(f, "({a} && {b})"),
            Kind::Or(a, b) => write!(f, "({a} || {b})"),
            Kind::Conditional(a, b, c) => write!(f, "({a} ? {b} : {c})"),
            Kind::Coalesce(a, b) => write!(f, "({a} ?? {b})"),
            Kind::IsNull(a) => write!(f, "({a} IS NULL)"),
            Kind::Between(a, b, c) => write!(f, "({a} BETWEEN {b} AND {c})"),
            Kind::In(a, items) => {
                write!(f, "({a} IN (")?;
                list(f, items)?;
                f.write_str("))")
            }
            Kind::Like(a, b, None) => write!(f, "({a} LIKE {b})"),
            Kind::Like(a, b, Some(c)) => write!(f, "({a} LIKE {b} ESCAPE {c})"),
            Kind::Convert { operand, .. } => write!(f, "({}){operand}", self.ty),
            Kind::Concat(items) => {
                f.write_str("string.Concat(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Kind::ToText(a, None) => write!(f, "{a}.ToString()"),
            Kind::ToText(a, Some(b)) => write!(f, "{a}.ToString({b})"),
            Kind::Texts(a) => write!(f, "texts({a})"),
            Kind::Format(a, items) => {
                write!(f, "string.Format({a}, ")?;
                list(f, items)?;
                f.write_str(")")
            }
            Kind::Call(member, items) => {
                write!(f, "{}(", member.0.name)?;
                list(f, items)?;
                f.write_str(")")
            }
            Kind::Linq(function, items) => {
                write!(f, "{function:?}(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Kind::Lambda(params, body) => write!(f, "{params:?} => {body}"),
            Kind::Let(locals, body) => {
                f.write_str("let ")?;
                for (slot, value) in locals {
                    write!(f, "${slot} = {value}; ")?;
                }
                write!(f, "{body}")
            }
            Kind::Attempt(slot, value) => write!(f, "try(${slot} = {value})"),
            Kind::Items(items) => {
                f.write_str("{")?;
                list(f, items)?;
                f.write_str("}")
            }
            Kind::Entries(entries) => {
                f.write_str("{")?;
                for (key, value) in entries {
                    write!(f, "{{{key}, {value}}}")?;
                }
                f.write_str("}")
            }
            Kind::Pair(a, b) => write!(f, "[{a}, {b}]"),
            Kind::Element(a, b) | Kind::Lookup(a, b) => write!(f, "{a}[{b}]"),
            Kind::ContainsKey(a, b) => write!(f, "{a}.ContainsKey({b})"),
            Kind::Key(a) => write!(f, "{a}.Key"),
            Kind::PairValue(a) => write!(f, "{a}.Value"),
            Kind::TupleItem(a, at) => write!(f, "{a}.Item{}", at + 1),
        }
    }
}
