//! Which conversions C# makes by itself, which a cast allows, and what type
//! two operands are promoted to.

use crate::cs::{Type, Value, ops};
use crate::expr::{Expr, Kind};

/// How good an implicit conversion is: less is better, `None` is impossible.
pub(super) fn implicit_rank(expr: &Expr, to: &Type) -> Option<u32> {
    let from = &expr.ty;
    if from == to {
        return Some(0);
    }
    match (from, to) {
        (Type::Null, to) => to.is_nullable().then_some(1),
        (_, Type::Object) => Some(40),
        (Type::Nullable(from), Type::Nullable(to)) => numeric_rank(from, to),
        (Type::Nullable(_), _) => None,
        (from, Type::Nullable(to)) if from == &**to => Some(1),
        (from, Type::Nullable(to)) => constant_rank(expr, to)
            .or_else(|| numeric_rank(from, to))
            .map(|rank| rank + 1),
        (from, Type::Enumerable(item)) if from.element().as_ref() == Some(item) => Some(2),
        (Type::Array(item), Type::SqlArray(other)) if item == other => None,
        _ => numeric_rank(from, to).or_else(|| constant_rank(expr, to)),
    }
}

/// The numeric conversions that lose no magnitude.
fn numeric_rank(from: &Type, to: &Type) -> Option<u32> {
    use Type::{Byte, Char, Decimal, Double, Float, Int, Long, SByte, Short, UInt, ULong, UShort};
    let targets: &[Type] = match from {
        SByte => &[Short, Int, Long, Float, Double, Decimal],
        Byte => &[
            Short, UShort, Int, UInt, Long, ULong, Float, Double, Decimal,
        ],
        Short => &[Int, Long, Float, Double, Decimal],
        UShort => &[Int, UInt, Long, ULong, Float, Double, Decimal],
        Char => &[UShort, Int, UInt, Long, ULong, Float, Double, Decimal],
        Int => &[Long, Float, Double, Decimal],
        UInt => &[Long, ULong, Float, Double, Decimal],
        Long | ULong => &[Float, Double, Decimal],
        Float => &[Double],
        _ => &[],
    };
    let at = targets.iter().position(|target| target == to)?;
    u32::try_from(at).ok().map(|at| at + 2)
}

/// An `int` constant fits into every integral type that holds its value, a
/// non-negative `long` constant into `ulong`.
fn constant_rank(expr: &Expr, to: &Type) -> Option<u32> {
    let value = expr.as_const()?;
    let allowed = match value {
        Value::Int(_) => matches!(
            to,
            Type::SByte | Type::Byte | Type::Short | Type::UShort | Type::UInt | Type::ULong
        ),
        Value::Long(_) => *to == Type::ULong,
        _ => false,
    };
    let fits = ops::integer_of(value).is_some_and(|n| ops::fit(n, to).is_some());
    (allowed && fits).then_some(20)
}

/// The expression as a value of `to`, where C# converts by itself.
pub(super) fn implicit(expr: Expr, to: &Type) -> Result<Expr, Expr> {
    if expr.ty == *to {
        return Ok(expr);
    }
    if implicit_rank(&expr, to).is_none() {
        return Err(expr);
    }
    Ok(converted(expr, to))
}

/// The expression as a value of `to`, without asking whether that is allowed.
pub(super) fn converted(expr: Expr, to: &Type) -> Expr {
    if expr.ty == *to {
        return expr;
    }
    if let Kind::Const(value) = &expr.kind {
        let folded = match value {
            Value::Null if to.is_nullable() => Some(Value::Null),
            Value::Null => None,
            value if expr.ty.underlying() == to.underlying() => Some(value.clone()),
            value if to.underlying().is_numeric() => {
                ops::convert(value, to.underlying(), false).ok()
            }
            value => Some(value.clone()),
        };
        if let Some(value) = folded {
            return Expr::constant(value, to.clone());
        }
    }
    Expr::new(
        Kind::Convert {
            operand: Box::new(expr),
            checked: false,
        },
        to.clone(),
    )
}

/// Whether `(to) expr` compiles.
pub(super) fn explicit_allowed(expr: &Expr, to: &Type) -> bool {
    if implicit_rank(expr, to).is_some() {
        return true;
    }
    let (from, target) = (expr.ty.underlying(), to.underlying());
    let number = |ty: &Type| ty.is_numeric() || matches!(ty, Type::Enum(_));
    (number(from) && number(target)) || from == target || *from == Type::Object
}

/// The type that two numbers are promoted to for arithmetic; `None` when C#
/// has no such operator.
pub(super) fn promoted(a: &Expr, b: &Expr) -> Option<Type> {
    let (x, y) = (a.ty.underlying(), b.ty.underlying());
    if !x.is_numeric() || !y.is_numeric() {
        return None;
    }
    let either = |ty: &Type| x == ty || y == ty;
    let both = |test: fn(&Type) -> bool| test(x) && test(y);
    if either(&Type::Decimal) {
        return both(|ty| ty.is_integral() || *ty == Type::Decimal).then_some(Type::Decimal);
    }
    for wide in [Type::Double, Type::Float] {
        if either(&wide) {
            return Some(wide);
        }
    }
    if either(&Type::ULong) {
        let other = if *x == Type::ULong { b } else { a };
        let unsigned = matches!(
            other.ty.underlying(),
            Type::ULong | Type::UInt | Type::UShort | Type::Byte | Type::Char
        );
        let fits = other
            .as_const()
            .and_then(ops::integer_of)
            .is_some_and(|n| n >= 0);
        return (unsigned || fits).then_some(Type::ULong);
    }
    if either(&Type::Long) {
        return Some(Type::Long);
    }
    if either(&Type::UInt) {
        let other = if *x == Type::UInt { b } else { a };
        let unsigned = matches!(
            other.ty.underlying(),
            Type::UInt | Type::UShort | Type::Byte | Type::Char
        );
        let fits = other
            .as_const()
            .and_then(ops::integer_of)
            .is_some_and(|n| n >= 0);
        return Some(if unsigned || fits {
            Type::UInt
        } else {
            Type::Long
        });
    }
    Some(Type::Int)
}

/// The common type of two branches: one of their types that the other
/// converts to.
pub(super) fn common(a: &Expr, b: &Expr) -> Option<Type> {
    if a.ty == b.ty {
        return Some(a.ty.clone());
    }
    match (implicit_rank(a, &b.ty), implicit_rank(b, &a.ty)) {
        (Some(_), None) => Some(b.ty.clone()),
        (None, Some(_)) => Some(a.ty.clone()),
        (Some(x), Some(y)) => Some(if x <= y { b.ty.clone() } else { a.ty.clone() }),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ty: Type) -> Expr {
        Expr::column(0, ty)
    }

    fn int(n: i32) -> Expr {
        Expr::constant(Value::Int(n), Type::Int)
    }

    #[test]
    fn promotions_of_csharp() {
        use Type::{Byte, Char, Decimal, Double, Float, Int, Long, UInt, ULong};
        let p = |a: Type, b: Type| promoted(&of(a), &of(b));
        assert_eq!(p(Byte, Byte), Some(Int));
        assert_eq!(p(Char, Byte), Some(Int));
        assert_eq!(p(UInt, Int), Some(Long));
        assert_eq!(p(UInt, Byte), Some(UInt));
        assert_eq!(p(ULong, Int), None);
        assert_eq!(p(Long, Float), Some(Float));
        assert_eq!(p(Float, Double), Some(Double));
        assert_eq!(p(Decimal, Int), Some(Decimal));
        assert_eq!(p(Decimal, Double), None);
        assert_eq!(promoted(&of(ULong), &int(1)), Some(ULong));
        assert_eq!(promoted(&of(ULong), &int(-1)), None);
        assert_eq!(p(Type::Bool, Int), None);
    }

    #[test]
    fn implicit_conversions() {
        let nullable = |ty: Type| Type::Nullable(Box::new(ty));
        let can = |from: &Expr, to: Type| implicit_rank(from, &to).is_some();
        assert!(can(&int(200), Type::Byte) && !can(&int(300), Type::Byte));
        assert!(can(&int(1), nullable(Type::Byte)));
        assert!(!can(&of(Type::Int), Type::Byte));
        assert!(can(&of(Type::Int), nullable(Type::Long)));
        assert!(!can(&of(nullable(Type::Int)), Type::Long));
        assert!(!can(&of(Type::Double), Type::Decimal) && !can(&of(Type::Decimal), Type::Double));
        let null = Expr::constant(Value::Null, Type::Null);
        assert!(can(&null, Type::String) && !can(&null, Type::Int));
        assert_eq!(
            common(&of(nullable(Type::Int)), &int(1)),
            Some(nullable(Type::Int))
        );
        assert_eq!(common(&of(Type::Int), &of(Type::String)), None);
    }
}
