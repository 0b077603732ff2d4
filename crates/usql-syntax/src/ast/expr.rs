//! Expressions: C#, with the words that U-SQL adds.

use super::{Ident, SortItem, TypeRef};
use crate::Span;

/// An expression and its place.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number without point or exponent.
    Integer {
        /// Its magnitude.
        value: u64,
        /// The type asked for.
        suffix: IntegerSuffix,
    },
    /// A number with point, exponent or real suffix.
    Real {
        /// Digits, point and exponent in lower case, without the suffix.
        digits: String,
        /// The type asked for.
        suffix: RealSuffix,
    },
    /// One UTF-16 unit.
    Char(u16),
    /// Text of any of the string forms.
    String(String),
}

/// `U`, `L`, `UL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegerSuffix {
    /// The smallest of int, uint, long, ulong that holds it.
    None,
    /// uint or ulong.
    U,
    /// long or ulong.
    L,
    /// ulong.
    UL,
}

/// `F`, `D`, `M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealSuffix {
    /// `float`
    Float,
    /// `double`, also without suffix.
    Double,
    /// `decimal`
    Decimal,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A name, also `@x` and `@@x`.
    Name(Ident),
    /// A C# keyword type or generic type in front of a static member:
    /// `int.Parse`, `SqlArray<int>.Create`.
    Type(TypeRef),
    /// `target.member`, `alias.@variable`.
    Member {
        /// Left of the point.
        target: Box<Expr>,
        /// Right of it.
        member: Ident,
    },
    /// `target[args]`.
    Index {
        /// What is indexed.
        target: Box<Expr>,
        /// By what.
        args: Vec<Expr>,
    },
    /// A call of a function, method, aggregate or window function.
    Call(Box<Call>),
    /// `new T(args) { … }`.
    New {
        /// The type.
        ty: TypeRef,
        /// Constructor arguments; `None` when only an initialiser follows.
        args: Option<Vec<Arg>>,
        /// The initialiser.
        init: Option<Initializer>,
    },
    /// `new T[n]`, `new T[] { … }`, `new[] { … }`.
    NewArray {
        /// The element type; inferred when absent.
        element: Option<TypeRef>,
        /// The length, when written.
        length: Option<Box<Expr>>,
        /// The elements, when written.
        items: Option<Vec<Expr>>,
    },
    /// `new { a = 1, b.c }`.
    NewAnonymous(Vec<(Option<Ident>, Expr)>),
    /// `op operand`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `left op right`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `condition ? yes : no`.
    Conditional {
        /// Decides.
        condition: Box<Expr>,
        /// When true.
        yes: Box<Expr>,
        /// When false.
        no: Box<Expr>,
    },
    /// `(T) operand`.
    Cast {
        /// The type.
        ty: TypeRef,
        /// What is converted.
        operand: Box<Expr>,
    },
    /// `operand is T`.
    IsType {
        /// What is tested.
        operand: Box<Expr>,
        /// The type.
        ty: TypeRef,
    },
    /// `operand as T`.
    AsType {
        /// What is converted.
        operand: Box<Expr>,
        /// The type.
        ty: TypeRef,
    },
    /// `operand IS [NOT] NULL`.
    IsNull {
        /// What is tested.
        operand: Box<Expr>,
        /// `IS NOT NULL`.
        negated: bool,
    },
    /// `operand [NOT] IN (items)`.
    In {
        /// What is looked for.
        operand: Box<Expr>,
        /// Where.
        items: Vec<Expr>,
        /// `NOT IN`.
        negated: bool,
    },
    /// `operand [NOT] LIKE pattern [ESCAPE c]`.
    Like {
        /// The text.
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character.
        escape: Option<Box<Expr>>,
        /// `NOT LIKE`.
        negated: bool,
    },
    /// `operand [NOT] BETWEEN low AND high`.
    Between {
        /// What is tested.
        operand: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
        /// `NOT BETWEEN`.
        negated: bool,
    },
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`.
    Case {
        /// Of the simple form.
        operand: Option<Box<Expr>>,
        /// `WHEN` and `THEN`.
        arms: Vec<(Expr, Expr)>,
        /// `ELSE`.
        otherwise: Option<Box<Expr>>,
    },
    /// `x => e`, `(x, y) => { … }`.
    Lambda {
        /// The parameters.
        params: Vec<LambdaParam>,
        /// The body.
        body: Box<LambdaBody>,
    },
    /// `from x in e where … select …`.
    Linq(Box<Linq>),
    /// `$"…{e}…"`.
    Interpolated(Vec<InterpolatedPart>),
    /// `CSHARP(e)`.
    CSharp(Box<Expr>),
    /// `typeof(T)`.
    TypeOf(TypeRef),
    /// `default(T)`.
    DefaultOf(TypeRef),
    /// `checked(e)`, `unchecked(e)`.
    Checked {
        /// `checked` rather than `unchecked`.
        checked: bool,
        /// What is computed.
        operand: Box<Expr>,
    },
    /// `DEFAULT` as an argument.
    Default,
    /// `*` as an argument: `COUNT(*)`.
    Star,
    /// `(e)`. Kept because `a.b` and `(a).b` may differ.
    Paren(Box<Expr>),
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called: a name, a member, or any other expression.
    pub callee: Expr,
    /// `<T>` after the name.
    pub type_args: Vec<TypeRef>,
    /// `DISTINCT` before the first argument.
    pub distinct: bool,
    /// The arguments.
    pub args: Vec<Arg>,
    /// `WITHIN GROUP (ORDER BY …)`.
    pub within: Option<SortItem>,
    /// `OVER (…)`.
    pub over: Option<Window>,
}

/// An argument.
#[derive(Clone, Debug)]
pub struct Arg {
    /// `name:`.
    pub name: Option<Ident>,
    /// `out` or `ref`.
    pub by_reference: bool,
    /// The value.
    pub value: Expr,
}

/// `{ … }` after `new T`.
#[derive(Clone, Debug)]
pub enum Initializer {
    /// `{ a, b }`, `{ { k, v }, … }`: each element's arguments to `Add`.
    Elements(Vec<Vec<Expr>>),
    /// `{ Name = e, … }`.
    Members(Vec<(Ident, Expr)>),
}

/// `OVER (…)`.
#[derive(Clone, Debug)]
pub struct Window {
    /// `PARTITION BY`.
    pub partition_by: Vec<Expr>,
    /// `ORDER BY`.
    pub order_by: Vec<SortItem>,
    /// `ROWS`.
    pub frame: Option<Frame>,
    /// Where.
    pub span: Span,
}

/// `ROWS …`.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The first row.
    pub start: FrameBound,
    /// The last row; `None` without `BETWEEN`.
    pub end: Option<FrameBound>,
}

/// An end of a frame.
#[derive(Clone, Debug)]
pub enum FrameBound {
    /// `UNBOUNDED PRECEDING`
    UnboundedPreceding,
    /// `n PRECEDING`
    Preceding(Expr),
    /// `CURRENT ROW`
    CurrentRow,
    /// `n FOLLOWING`
    Following(Expr),
    /// `UNBOUNDED FOLLOWING`: parses, and is refused by the compiler.
    UnboundedFollowing,
}

/// A lambda's parameter.
#[derive(Clone, Debug)]
pub struct LambdaParam {
    /// Its type, when written.
    pub ty: Option<TypeRef>,
    /// Its name.
    pub name: Ident,
}

/// A lambda's body.
#[derive(Clone, Debug)]
pub enum LambdaBody {
    /// `=> e`
    Expr(Expr),
    /// `=> { … }`
    Block(Vec<BlockStatement>),
}

/// A C# statement in a lambda's body.
#[derive(Clone, Debug)]
pub enum BlockStatement {
    /// `T x = e;`, `var x = e;`, `T x;`
    Local {
        /// `None` for `var`.
        ty: Option<TypeRef>,
        /// Its name.
        name: Ident,
        /// Its first value.
        value: Option<Expr>,
    },
    /// `target op= e;`
    Assign {
        /// What is assigned to.
        target: Expr,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The value.
        value: Expr,
    },
    /// `e;`
    Expr(Expr),
    /// `return e;`
    Return(Option<Expr>),
    /// `if (c) … else …`
    If {
        /// Decides.
        condition: Expr,
        /// When true.
        yes: Vec<BlockStatement>,
        /// When false.
        no: Vec<BlockStatement>,
    },
    /// `foreach (T x in e) …`
    ForEach {
        /// `None` for `var`.
        ty: Option<TypeRef>,
        /// The loop variable.
        name: Ident,
        /// What is walked.
        sequence: Expr,
        /// The body.
        body: Vec<BlockStatement>,
    },
    /// `while (c) …`
    While {
        /// Decides.
        condition: Expr,
        /// The body.
        body: Vec<BlockStatement>,
    },
}

/// A query expression of C#.
#[derive(Clone, Debug)]
pub struct Linq {
    /// The clauses before the last, the first of which is `from`.
    pub clauses: Vec<LinqClause>,
    /// The last.
    pub end: LinqEnd,
}

/// A clause of a query expression.
#[derive(Clone, Debug)]
pub enum LinqClause {
    /// `from x in e`
    From(Ident, Expr),
    /// `let x = e`
    Let(Ident, Expr),
    /// `where e`
    Where(Expr),
    /// `orderby e [descending], …`
    OrderBy(Vec<(Expr, bool)>),
    /// `join x in e on a equals b`
    Join(Box<LinqJoin>),
}

/// `join x in e on a equals b`.
#[derive(Clone, Debug)]
pub struct LinqJoin {
    /// The range variable.
    pub name: Ident,
    /// The other sequence.
    pub sequence: Expr,
    /// Its key over the variables so far.
    pub left: Expr,
    /// The other key.
    pub right: Expr,
}

/// How a query expression ends.
#[derive(Clone, Debug)]
pub enum LinqEnd {
    /// `select e`
    Select(Expr),
    /// `group e by k`
    Group(Expr, Expr),
}

/// A part of an interpolated string.
#[derive(Clone, Debug)]
pub enum InterpolatedPart {
    /// Text, with braces and escapes resolved.
    Text(String),
    /// `{e,alignment:format}`.
    Hole {
        /// The value.
        value: Expr,
        /// Minimum width.
        alignment: Option<i32>,
        /// Format string.
        format: Option<String>,
    },
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `!` and `NOT`
    Not,
    /// `~`
    Complement,
}

impl UnaryOp {
    /// As C# writes it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Minus => "-",
            Self::Plus => "+",
            Self::Not => "!",
            Self::Complement => "~",
        }
    }
}

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named by its symbol below")]
pub enum BinaryOp {
    Coalesce,
    /// `||`
    OrElse,
    /// `OR`: like `||`, but the service may evaluate either side first.
    Or,
    AndAlso,
    /// `AND`: like `&&`, but the service may evaluate either side first.
    And,
    BitOr,
    BitXor,
    BitAnd,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl BinaryOp {
    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Coalesce => "??",
            Self::OrElse => "||",
            Self::Or => "OR",
            Self::AndAlso => "&&",
            Self::And => "AND",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}
