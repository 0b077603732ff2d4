//! Expressions as text.

use std::fmt::{self, Display, Formatter};

use super::{Separated, commas};
use crate::ast::{
    Arg, BlockStatement, Call, Expr, ExprKind, Frame, FrameBound, Initializer, IntegerSuffix,
    InterpolatedPart, LambdaBody, LambdaParam, Linq, LinqClause, LinqEnd, LinqJoin, Literal,
    RealSuffix, SortItem, Window,
};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

impl Display for ExprKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Name(name) => name.fmt(f),
            Self::Type(ty) => ty.fmt(f),
            Self::Member { target, member } => write!(f, "{target}.{member}"),
            Self::Index { target, args } => write!(f, "{target}[{}]", commas(args)),
            Self::Call(call) => call.fmt(f),
            Self::New { ty, args, init } => {
                write!(f, "new {ty}")?;
                if let Some(args) = args {
                    write!(f, "({})", commas(args))?;
                }
                if let Some(init) = init {
                    write!(f, " {init}")?;
                }
                Ok(())
            }
            Self::NewArray {
                element,
                length,
                items,
            } => {
                f.write_str("new ")?;
                let (mut base, mut ranks) = (element.clone(), 0);
                if let Some(ty) = &mut base {
                    // `new T[2][]` writes its own length before the inner ranks.
                    while ty.suffixes.last() == Some(&crate::ast::TypeSuffix::Array) {
                        ty.suffixes.pop();
                        ranks += 1;
                    }
                    write!(f, "{ty}")?;
                }
                f.write_str("[")?;
                if let Some(length) = length {
                    write!(f, "{length}")?;
                }
                write!(f, "]{}", "[]".repeat(ranks))?;
                match items {
                    Some(items) => write!(f, " {{{}}}", commas(items)),
                    None => Ok(()),
                }
            }
            Self::NewAnonymous(members) => {
                f.write_str("new {")?;
                for (n, (name, value)) in members.iter().enumerate() {
                    f.write_str(if n > 0 { ", " } else { "" })?;
                    match name {
                        Some(name) => write!(f, "{name} = {value}")?,
                        None => write!(f, "{value}")?,
                    }
                }
                f.write_str("}")
            }
            Self::Unary { op, operand } => {
                // `- -x` and `-(-x)` are one tree; `--x` is not C#.
                let nested = matches!(operand.kind, Self::Unary { .. });
                write!(
                    f,
                    "{}{}{operand}",
                    op.symbol(),
                    if nested { " " } else { "" }
                )
            }
            Self::Binary { op, left, right } => write!(f, "({left} {} {right})", op.symbol()),
            Self::Conditional { condition, yes, no } => write!(f, "({condition} ? {yes} : {no})"),
            Self::Cast { ty, operand } => write!(f, "({ty}){operand}"),
            Self::IsType { operand, ty } => write!(f, "({operand} is {ty})"),
            Self::AsType { operand, ty } => write!(f, "({operand} as {ty})"),
            Self::IsNull { operand, negated } => write!(f, "({operand} IS {}NULL)", not(*negated)),
            Self::In {
                operand,
                items,
                negated,
            } => {
                write!(f, "({operand} {}IN ({}))", not(*negated), commas(items))
            }
            Self::Like {
                operand,
                pattern,
                escape,
                negated,
            } => {
                write!(f, "({operand} {}LIKE {pattern}", not(*negated))?;
                if let Some(escape) = escape {
                    write!(f, " ESCAPE {escape}")?;
                }
                f.write_str(")")
            }
            Self::Between {
                operand,
                low,
                high,
                negated,
            } => {
                write!(f, "({operand} {}BETWEEN {low} AND {high})", not(*negated))
            }
            Self::Case {
                operand,
                arms,
                otherwise,
            } => {
                f.write_str("CASE")?;
                if let Some(operand) = operand {
                    write!(f, " {operand}")?;
                }
                for (when, then) in arms {
                    write!(f, " WHEN {when} THEN {then}")?;
                }
                if let Some(otherwise) = otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END")
            }
            Self::Lambda { params, body } => write!(f, "({}) => {body}", commas(params)),
            Self::Linq(linq) => linq.fmt(f),
            Self::Interpolated(parts) => {
                f.write_str("$\"")?;
                for part in parts {
                    part.fmt(f)?;
                }
                f.write_str("\"")
            }
            Self::CSharp(inner) => write!(f, "CSHARP({inner})"),
            Self::TypeOf(ty) => write!(f, "typeof({ty})"),
            Self::DefaultOf(ty) => write!(f, "default({ty})"),
            Self::Checked { checked, operand } => {
                write!(
                    f,
                    "{}({operand})",
                    if *checked { "checked" } else { "unchecked" }
                )
            }
            Self::Default => f.write_str("DEFAULT"),
            Self::Star => f.write_str("*"),
            // An infix expression brings its own parentheses.
            Self::Paren(inner) => match inner.kind {
                Self::Binary { .. }
                | Self::Conditional { .. }
                | Self::IsType { .. }
                | Self::AsType { .. }
                | Self::IsNull { .. }
                | Self::In { .. }
                | Self::Like { .. }
                | Self::Between { .. }
                | Self::Paren(_) => inner.fmt(f),
                _ => write!(f, "({inner})"),
            },
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer { value, suffix } => {
                let suffix = match suffix {
                    IntegerSuffix::None => "",
                    IntegerSuffix::U => "U",
                    IntegerSuffix::L => "L",
                    IntegerSuffix::UL => "UL",
                };
                write!(f, "{value}{suffix}")
            }
            Self::Real { digits, suffix } => {
                let suffix = match suffix {
                    RealSuffix::Float => "F",
                    RealSuffix::Double if digits.contains(['.', 'e']) => "",
                    RealSuffix::Double => "D",
                    RealSuffix::Decimal => "M",
                };
                write!(f, "{digits}{suffix}")
            }
            Self::Char(unit) => match char::from_u32(u32::from(*unit)) {
                Some('\'') => f.write_str("'\\''"),
                Some('\\') => f.write_str("'\\\\'"),
                Some(c) if !c.is_control() && c.is_ascii() => write!(f, "'{c}'"),
                _ => write!(f, "'\\u{unit:04X}'"),
            },
            Self::String(text) => {
                f.write_str("\"")?;
                escaped(text, f)?;
                f.write_str("\"")
            }
        }
    }
}

fn escaped(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

impl Display for InterpolatedPart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => escaped(&text.replace('{', "{{").replace('}', "}}"), f),
            Self::Hole {
                value,
                alignment,
                format,
            } => {
                write!(f, "{{{value}")?;
                if let Some(alignment) = alignment {
                    write!(f, ",{alignment}")?;
                }
                if let Some(format) = format {
                    write!(f, ":{format}")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.callee)?;
        if !self.type_args.is_empty() {
            write!(f, "<{}>", commas(&self.type_args))?;
        }
        write!(
            f,
            "({}{})",
            if self.distinct { "DISTINCT " } else { "" },
            commas(&self.args)
        )?;
        if let Some(within) = &self.within {
            write!(f, " WITHIN GROUP (ORDER BY {within})")?;
        }
        if let Some(over) = &self.over {
            write!(f, " {over}")?;
        }
        Ok(())
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}: ")?;
        }
        write!(
            f,
            "{}{}",
            if self.by_reference { "out " } else { "" },
            self.value
        )
    }
}

impl Display for Initializer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        match self {
            Self::Elements(elements) => {
                for (n, element) in elements.iter().enumerate() {
                    f.write_str(if n > 0 { ", " } else { "" })?;
                    match element.as_slice() {
                        [one] => one.fmt(f)?,
                        many => write!(f, "{{{}}}", commas(many))?,
                    }
                }
            }
            Self::Members(members) => {
                for (n, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{name} = {value}", if n > 0 { ", " } else { "" })?;
                }
            }
        }
        f.write_str("}")
    }
}

impl Display for SortItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.expr,
            if self.descending { " DESC" } else { "" }
        )
    }
}

impl Display for Window {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.partition_by.is_empty() {
            parts.push(format!("PARTITION BY {}", commas(&self.partition_by)));
        }
        if !self.order_by.is_empty() {
            parts.push(format!("ORDER BY {}", commas(&self.order_by)));
        }
        if let Some(frame) = &self.frame {
            parts.push(frame.to_string());
        }
        write!(f, "OVER ({})", parts.join(" "))
    }
}

impl Display for Frame {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.end {
            Some(end) => write!(f, "ROWS BETWEEN {} AND {end}", self.start),
            None => write!(f, "ROWS {}", self.start),
        }
    }
}

impl Display for FrameBound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnboundedPreceding => f.write_str("UNBOUNDED PRECEDING"),
            Self::Preceding(rows) => write!(f, "{rows} PRECEDING"),
            Self::CurrentRow => f.write_str("CURRENT ROW"),
            Self::Following(rows) => write!(f, "{rows} FOLLOWING"),
            Self::UnboundedFollowing => f.write_str("UNBOUNDED FOLLOWING"),
        }
    }
}

impl Display for LambdaParam {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.ty {
            Some(ty) => write!(f, "{ty} {}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl Display for LambdaBody {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expr(expr) => expr.fmt(f),
            Self::Block(statements) => write!(f, "{{ {} }}", Separated(statements, " ")),
        }
    }
}

impl Display for BlockStatement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ty_or_var = |ty: &Option<crate::ast::TypeRef>| {
            ty.as_ref().map_or("var".to_owned(), ToString::to_string)
        };
        match self {
            Self::Local { ty, name, value } => {
                write!(f, "{} {name}", ty_or_var(ty))?;
                if let Some(value) = value {
                    write!(f, " = {value}")?;
                }
                f.write_str(";")
            }
            Self::Assign { target, op, value } => {
                write!(
                    f,
                    "{target} {}= {value};",
                    op.map_or("", super::super::ast::BinaryOp::symbol)
                )
            }
            Self::Expr(expr) => write!(f, "{expr};"),
            Self::Return(Some(value)) => write!(f, "return {value};"),
            Self::Return(None) => f.write_str("return;"),
            Self::If { condition, yes, no } => {
                write!(f, "if ({condition}) {{ {} }}", Separated(yes, " "))?;
                if !no.is_empty() {
                    write!(f, " else {{ {} }}", Separated(no, " "))?;
                }
                Ok(())
            }
            Self::ForEach {
                ty,
                name,
                sequence,
                body,
            } => {
                write!(
                    f,
                    "foreach ({} {name} in {sequence}) {{ {} }}",
                    ty_or_var(ty),
                    Separated(body, " ")
                )
            }
            Self::While { condition, body } => {
                write!(f, "while ({condition}) {{ {} }}", Separated(body, " "))
            }
        }
    }
}

impl Display for Linq {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for clause in &self.clauses {
            match clause {
                LinqClause::From(name, sequence) => write!(f, "from {name} in {sequence} ")?,
                LinqClause::Let(name, value) => write!(f, "let {name} = {value} ")?,
                LinqClause::Where(condition) => write!(f, "where {condition} ")?,
                LinqClause::OrderBy(keys) => {
                    f.write_str("orderby ")?;
                    for (n, (key, descending)) in keys.iter().enumerate() {
                        let separator = if n > 0 { ", " } else { "" };
                        write!(
                            f,
                            "{separator}{key}{}",
                            if *descending { " descending" } else { "" }
                        )?;
                    }
                    f.write_str(" ")?;
                }
                LinqClause::Join(join) => {
                    let LinqJoin {
                        name,
                        sequence,
                        left,
                        right,
                    } = &**join;
                    write!(f, "join {name} in {sequence} on {left} equals {right} ")?;
                }
            }
        }
        match &self.end {
            LinqEnd::Select(value) => write!(f, "select {value}"),
            LinqEnd::Group(element, key) => write!(f, "group {element} by {key}"),
        }
    }
}
