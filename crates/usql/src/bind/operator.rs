//! Operators: their operands' common type, and what they become over it.

use azml_usql_syntax::Span;
use azml_usql_syntax::ast::{self, BinaryOp, ExprKind, Literal, UnaryOp};

use super::BResult;
use super::convert::{common, converted, explicit_allowed, implicit, promoted};
use super::expr::ExprBinder;
use crate::cs::ops::{Arithmetic, Bitwise, Comparison};
use crate::cs::{Type, Value, ops};
use crate::expr::{Expr, Kind, evaluate_row};

impl ExprBinder<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, span: Span) -> BResult<Expr> {
        // The least integers: their magnitude does not fit their type.
        if let (UnaryOp::Minus, ExprKind::Literal(Literal::Integer { value, suffix })) =
            (op, &operand.kind)
        {
            match (value, suffix) {
                (2_147_483_648, ast::IntegerSuffix::None) => {
                    return Ok(Expr::constant(Value::Int(i32::MIN), Type::Int));
                }
                (9_223_372_036_854_775_808, ast::IntegerSuffix::None | ast::IntegerSuffix::L) => {
                    return Ok(Expr::constant(Value::Long(i64::MIN), Type::Long));
                }
                _ => {}
            }
        }
        let bound = self.bind(operand)?;
        let bad = |binder: &mut Self, ty: &Type| {
            let message = format!(
                "Operator '{}' cannot be applied to operand of type '{ty}'",
                op.symbol()
            );
            binder.cs(span, "CS0023", message)
        };
        let inner = bound.ty.underlying().clone();
        if op == UnaryOp::Not {
            if inner != Type::Bool {
                return bad(self, &bound.ty);
            }
            let ty = bound.ty.clone();
            return Ok(folded(Expr::new(Kind::Not(Box::new(bound)), ty)));
        }
        if op == UnaryOp::Minus && inner == Type::TimeSpan {
            let ty = bound.ty.clone();
            return Ok(Expr::new(Kind::Negate(Box::new(bound)), ty));
        }
        let wide = match (op, &inner) {
            (_, Type::SByte | Type::Byte | Type::Short | Type::UShort | Type::Char) => Type::Int,
            (UnaryOp::Minus, Type::UInt) => Type::Long,
            (UnaryOp::Minus, Type::ULong) => return bad(self, &bound.ty),
            (UnaryOp::Complement, Type::Float | Type::Double | Type::Decimal) => {
                return bad(self, &bound.ty);
            }
            (_, ty) if ty.is_numeric() => ty.clone(),
            _ => return bad(self, &bound.ty),
        };
        let ty = if matches!(bound.ty, Type::Nullable(_)) {
            wide.to_nullable()
        } else {
            wide
        };
        let bound = converted(bound, &ty);
        Ok(match op {
            UnaryOp::Plus => bound,
            UnaryOp::Minus => folded(Expr::new(Kind::Negate(Box::new(bound)), ty)),
            _ => folded(Expr::new(Kind::Complement(Box::new(bound)), ty)),
        })
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> BResult<Expr> {
        use BinaryOp as B;
        match op {
            B::AndAlso | B::And => {
                let (a, b) = (self.logical(left)?, self.logical(right)?);
                Ok(Expr::new(Kind::And(Box::new(a), Box::new(b)), Type::Bool))
            }
            B::OrElse | B::Or => {
                let (a, b) = (self.logical(left)?, self.logical(right)?);
                Ok(Expr::new(Kind::Or(Box::new(a), Box::new(b)), Type::Bool))
            }
            B::Coalesce => self.coalesce(left, right, span),
            B::Equal | B::NotEqual => {
                let (a, b) = (self.bind(left)?, self.bind(right)?);
                self.equality(op, a, b, span)
            }
            B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual => {
                let (a, b) = (self.bind(left)?, self.bind(right)?);
                let (a, b) = self.comparable(a, b, span, op.symbol())?;
                let op = match op {
                    B::Less => Comparison::Less,
                    B::LessOrEqual => Comparison::LessOrEqual,
                    B::Greater => Comparison::Greater,
                    _ => Comparison::GreaterOrEqual,
                };
                Ok(folded(Expr::new(
                    Kind::Compare(op, Box::new(a), Box::new(b)),
                    Type::Bool,
                )))
            }
            B::BitAnd | B::BitOr | B::BitXor | B::ShiftLeft | B::ShiftRight => {
                let (a, b) = (self.bind(left)?, self.bind(right)?);
                self.bitwise(op, a, b, span)
            }
            B::Add | B::Subtract | B::Multiply | B::Divide | B::Remainder => {
                let (a, b) = (self.bind(left)?, self.bind(right)?);
                self.arithmetic(op, a, b, span)
            }
        }
    }

    /// An operand of `&&` and its like.
    fn logical(&mut self, expr: &ast::Expr) -> BResult<Expr> {
        self.predicate(expr)
    }

    pub(super) fn bad_operands<T>(
        &mut self,
        op: &str,
        a: &Expr,
        b: &Expr,
        span: Span,
    ) -> BResult<T> {
        let message = format!(
            "Operator '{op}' cannot be applied to operands of type '{}' and '{}'",
            a.ty, b.ty
        );
        self.cs(span, "CS0019", message)
    }

    fn coalesce(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> BResult<Expr> {
        let (a, b) = (self.bind(left)?, self.bind(right)?);
        if !a.ty.is_nullable() {
            return self.bad_operands("??", &a, &b, span);
        }
        // `int? ?? int` is int; else the type of the left side.
        let inner = a.ty.underlying().clone();
        let ty = if implicit(b.clone(), &inner).is_ok() && a.ty != Type::Null {
            inner
        } else if implicit(b.clone(), &a.ty).is_ok() && a.ty != Type::Null {
            a.ty.clone()
        } else if let Some(ty) = common(&Expr::column(0, inner), &b) {
            ty
        } else {
            return self.bad_operands("??", &a, &b, span);
        };
        let b = converted(b, &ty);
        if a.ty.underlying() == ty.underlying() {
            return Ok(Expr::new(Kind::Coalesce(Box::new(a), Box::new(b)), ty));
        }
        let test = is_null(a.clone(), false);
        let a = converted(a, &ty);
        Ok(Expr::new(
            Kind::Conditional(Box::new(test), Box::new(b), Box::new(a)),
            ty,
        ))
    }

    pub(super) fn equality(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> BResult<Expr> {
        let negated = op == BinaryOp::NotEqual;
        match (&a.ty, &b.ty) {
            (Type::Null, Type::Null) => {
                return Ok(Expr::constant(Value::Bool(!negated), Type::Bool));
            }
            (Type::Null, _) => return Ok(is_null(b, negated)),
            (_, Type::Null) => return Ok(is_null(a, negated)),
            _ => {}
        }
        let (x, y) = (a.ty.underlying(), b.ty.underlying());
        let same = x == y
            && matches!(
                x,
                Type::Bool
                    | Type::String
                    | Type::DateTime
                    | Type::TimeSpan
                    | Type::Guid
                    | Type::Enum(_)
                    | Type::Encoding
            );
        let (a, b) = if same {
            (a, b)
        } else {
            let Some(ty) = promoted(&a, &b) else {
                return self.bad_operands(op.symbol(), &a, &b, span);
            };
            (widened(a, &ty), widened(b, &ty))
        };
        let op = if negated {
            Comparison::NotEqual
        } else {
            Comparison::Equal
        };
        Ok(folded(Expr::new(
            Kind::Compare(op, Box::new(a), Box::new(b)),
            Type::Bool,
        )))
    }

    /// Two operands of one ordered type.
    pub(super) fn comparable(
        &mut self,
        a: Expr,
        b: Expr,
        span: Span,
        op: &str,
    ) -> BResult<(Expr, Expr)> {
        let ordered = |ty: &Type| matches!(ty, Type::DateTime | Type::TimeSpan | Type::Enum(_));
        let (x, y) = (a.ty.underlying(), b.ty.underlying());
        if x == y && ordered(x) {
            return Ok((a, b));
        }
        if (ordered(x) || x.is_numeric()) && b.ty == Type::Null {
            let ty = a.ty.to_nullable();
            return Ok((a, Expr::constant(Value::Null, ty)));
        }
        match promoted(&a, &b) {
            Some(ty) => Ok((widened(a, &ty), widened(b, &ty))),
            None => self.bad_operands(op, &a, &b, span),
        }
    }

    fn bitwise(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> BResult<Expr> {
        let kind = match op {
            BinaryOp::BitAnd => Bitwise::And,
            BinaryOp::BitOr => Bitwise::Or,
            BinaryOp::BitXor => Bitwise::Xor,
            BinaryOp::ShiftLeft => Bitwise::ShiftLeft,
            _ => Bitwise::ShiftRight,
        };
        let nullable = matches!(a.ty, Type::Nullable(_)) || matches!(b.ty, Type::Nullable(_));
        let lift = |ty: Type| if nullable { ty.to_nullable() } else { ty };
        let (x, y) = (a.ty.underlying().clone(), b.ty.underlying().clone());
        if x == Type::Bool
            && y == Type::Bool
            && !matches!(kind, Bitwise::ShiftLeft | Bitwise::ShiftRight)
        {
            return Ok(Expr::new(
                Kind::Bitwise(kind, Box::new(a), Box::new(b)),
                lift(Type::Bool),
            ));
        }
        if !x.is_integral() || !y.is_integral() {
            return self.bad_operands(op.symbol(), &a, &b, span);
        }
        if matches!(kind, Bitwise::ShiftLeft | Bitwise::ShiftRight) {
            let wide = match x {
                Type::UInt | Type::Long | Type::ULong => x,
                _ => Type::Int,
            };
            let Ok(b) = implicit(b.clone(), &Type::Int) else {
                return self.bad_operands(op.symbol(), &a, &b, span);
            };
            let a = widened(a, &wide);
            return Ok(folded(Expr::new(
                Kind::Bitwise(kind, Box::new(a), Box::new(b)),
                lift(wide),
            )));
        }
        let Some(ty) = promoted(&a, &b) else {
            return self.bad_operands(op.symbol(), &a, &b, span);
        };
        let (a, b) = (widened(a, &ty), widened(b, &ty));
        Ok(folded(Expr::new(
            Kind::Bitwise(kind, Box::new(a), Box::new(b)),
            lift(ty),
        )))
    }

    fn arithmetic(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> BResult<Expr> {
        let kind = match op {
            BinaryOp::Add => Arithmetic::Add,
            BinaryOp::Subtract => Arithmetic::Subtract,
            BinaryOp::Multiply => Arithmetic::Multiply,
            BinaryOp::Divide => Arithmetic::Divide,
            _ => Arithmetic::Remainder,
        };
        if kind == Arithmetic::Add && (a.ty == Type::String || b.ty == Type::String) {
            return Ok(concatenated(a, b));
        }
        let nullable = matches!(a.ty, Type::Nullable(_)) || matches!(b.ty, Type::Nullable(_));
        let lift = |ty: Type| if nullable { ty.to_nullable() } else { ty };
        let result = match (a.ty.underlying(), kind, b.ty.underlying()) {
            (Type::DateTime, Arithmetic::Add | Arithmetic::Subtract, Type::TimeSpan) => {
                Some(Type::DateTime)
            }
            (Type::DateTime, Arithmetic::Subtract, Type::DateTime) => Some(Type::TimeSpan),
            (Type::TimeSpan, Arithmetic::Add | Arithmetic::Subtract, Type::TimeSpan) => {
                Some(Type::TimeSpan)
            }
            _ => None,
        };
        if let Some(ty) = result {
            return Ok(Expr::new(
                Kind::Arithmetic(kind, Box::new(a), Box::new(b)),
                lift(ty),
            ));
        }
        // An operation with the literal null is null.
        if let (Type::Null, other) | (other, Type::Null) = (&a.ty, &b.ty)
            && other.underlying().is_numeric()
        {
            let ty = other.to_nullable();
            return Ok(Expr::constant(Value::Null, ty));
        }
        let Some(ty) = promoted(&a, &b) else {
            return self.bad_operands(op.symbol(), &a, &b, span);
        };
        let (a, b) = (widened(a, &ty), widened(b, &ty));
        if let (Some(x), Some(y)) = (a.as_const(), b.as_const())
            && !x.is_null()
            && !y.is_null()
        {
            return self.constant_arithmetic(kind, x, y, &a.ty, span);
        }
        Ok(Expr::new(
            Kind::Arithmetic(kind, Box::new(a), Box::new(b)),
            lift(ty),
        ))
    }

    /// Constants are computed by the compiler, which checks them.
    fn constant_arithmetic(
        &mut self,
        op: Arithmetic,
        a: &Value,
        b: &Value,
        ty: &Type,
        span: Span,
    ) -> BResult<Expr> {
        if let (Some(x), Some(y)) = (ops::integer_of(a), ops::integer_of(b)) {
            let exact = match op {
                Arithmetic::Add => x.checked_add(y),
                Arithmetic::Subtract => x.checked_sub(y),
                Arithmetic::Multiply => x.checked_mul(y),
                Arithmetic::Divide | Arithmetic::Remainder if y == 0 => {
                    return self.cs(span, "CS0020", "Division by constant zero");
                }
                Arithmetic::Divide => x.checked_div(y),
                Arithmetic::Remainder => x.checked_rem(y),
            };
            let Some(value) = exact.and_then(|n| ops::fit(n, ty.underlying())) else {
                return self.cs(
                    span,
                    "CS0220",
                    "The operation overflows at compile time in checked mode",
                );
            };
            return Ok(Expr::constant(value, ty.clone()));
        }
        match ops::arithmetic(op, a, b) {
            Ok(value) => Ok(Expr::constant(value, ty.clone())),
            Err(_) if matches!(op, Arithmetic::Divide | Arithmetic::Remainder) => {
                self.cs(span, "CS0020", "Division by constant zero")
            }
            Err(_) => self.cs(
                span,
                "CS0463",
                "Evaluation of the decimal constant expression failed",
            ),
        }
    }

    pub(super) fn cast(&mut self, operand: Expr, ty: &Type, span: Span) -> BResult<Expr> {
        if operand.ty == Type::Null {
            return self.convert_to(operand, ty, span);
        }
        if !explicit_allowed(&operand, ty) {
            return self.cs(
                span,
                "CS0030",
                format!("Cannot convert type '{}' to '{ty}'", operand.ty),
            );
        }
        if let (Some(value), true) = (operand.as_const(), ty.underlying().is_integral())
            && let Some(n) = ops::integer_of(value)
            && ops::fit(n, ty.underlying()).is_none()
        {
            let text = crate::cs::format::to_string(value, &operand.ty);
            let message = format!(
                "Constant value '{text}' cannot be converted to a '{ty}' (use 'unchecked' syntax to override)"
            );
            return self.cs(span, "CS0221", message);
        }
        Ok(converted(operand, ty))
    }
}

/// Converted to a promoted type, keeping `?`.
pub(super) fn widened(expr: Expr, ty: &Type) -> Expr {
    let ty = if matches!(expr.ty, Type::Nullable(_)) {
        ty.to_nullable()
    } else {
        ty.clone()
    };
    converted(expr, &ty)
}

pub(super) fn is_null(operand: Expr, negated: bool) -> Expr {
    let test = if operand.ty.is_nullable() {
        Expr::new(Kind::IsNull(Box::new(operand)), Type::Bool)
    } else {
        Expr::constant(Value::Bool(false), Type::Bool)
    };
    negate_if(test, negated)
}

pub(super) fn negate_if(test: Expr, negated: bool) -> Expr {
    if !negated {
        return test;
    }
    folded(Expr::new(Kind::Not(Box::new(test)), Type::Bool))
}

fn concatenated(a: Expr, b: Expr) -> Expr {
    let mut parts = match a.kind {
        Kind::Concat(parts) => parts,
        _ => vec![a],
    };
    parts.push(b);
    folded(Expr::new(Kind::Concat(parts), Type::String))
}

/// A node over constants as a constant.
pub(super) fn folded(expr: Expr) -> Expr {
    let constant = expr
        .children()
        .iter()
        .all(|child| child.as_const().is_some());
    if !constant {
        return expr;
    }
    let context = crate::cs::members::Context { now: 0 };
    match evaluate_row(&expr, &(), &context) {
        Ok(value) => Expr::constant(value, expr.ty),
        Err(_) => expr,
    }
}
