//! Expressions: names to columns and members, operators to typed operators.

use azml_usql_syntax::ast::{self, BinaryOp, ExprKind, Literal};
use azml_usql_syntax::{Code, Diagnostic, Span};
use recursive::recursive;

use super::convert::{common, converted, explicit_allowed, implicit};
use super::name::Meaning;
use super::operator::{is_null, negate_if};
use super::scope::Scope;
use super::{BResult, Environment, Reported};
use crate::cs::ops::Comparison;
use crate::cs::resolve::{BadType, resolve_type};
use crate::cs::{Type, Value, decimal, ops};
use crate::expr::column::default_value;
use crate::expr::{Expr, Kind, evaluate_row};
use crate::rel::{AggregateCall, WindowCall};

/// Binds the expressions of one clause.
pub(crate) struct ExprBinder<'a> {
    pub(super) env: &'a mut Environment,
    pub(super) scope: &'a Scope,
    /// Parameters of the lambdas and queries around, innermost last.
    pub(super) locals: Vec<(String, Expr)>,
    /// Where aggregates go, in clauses that may have them.
    pub(super) aggregates: Option<Vec<AggregateCall>>,
    /// Where window functions go, in clauses that may have them.
    pub(super) windows: Option<Vec<WindowCall>>,
    /// Inside an aggregate's argument.
    pub(super) in_aggregate: bool,
}

impl<'a> ExprBinder<'a> {
    pub(crate) fn new(env: &'a mut Environment, scope: &'a Scope) -> Self {
        Self {
            env,
            scope,
            locals: Vec::new(),
            aggregates: None,
            windows: None,
            in_aggregate: false,
        }
    }

    /// Lets the clause have aggregates and window functions.
    pub(crate) fn with_aggregates(mut self) -> Self {
        self.aggregates = Some(Vec::new());
        self.windows = Some(Vec::new());
        self
    }

    pub(super) fn error<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) -> BResult<T> {
        self.env
            .diagnostics
            .push(Diagnostic::error(code, span, message));
        Err(Reported)
    }

    /// An error in the words of the C# compiler.
    pub(super) fn cs<T>(
        &mut self,
        span: Span,
        number: &str,
        message: impl AsRef<str>,
    ) -> BResult<T> {
        self.error(
            Code::E_CSC_USER_INVALIDCSHARP,
            span,
            format!("C# error {number}: {}", message.as_ref()),
        )
    }

    /// An expression that must be a `bool`.
    pub(crate) fn predicate(&mut self, expr: &ast::Expr) -> BResult<Expr> {
        let bound = self.bind(expr)?;
        self.as_bool(bound, expr.span)
    }

    pub(super) fn as_bool(&mut self, bound: Expr, span: Span) -> BResult<Expr> {
        if bound.ty == Type::Bool {
            return Ok(bound);
        }
        let ty = bound.ty.clone();
        let hint = matches!(ty, Type::Nullable(ref inner) if **inner == Type::Bool);
        let message = if hint {
            format!(
                "Cannot implicitly convert type '{ty}' to 'bool'. An explicit conversion exists (are you missing a cast?)"
            )
        } else {
            format!("Cannot implicitly convert type '{ty}' to 'bool'")
        };
        self.cs(span, if hint { "CS0266" } else { "CS0029" }, message)
    }

    /// An expression of a given type, converted implicitly.
    pub(crate) fn bind_as(&mut self, expr: &ast::Expr, ty: &Type) -> BResult<Expr> {
        if let (ExprKind::Lambda { .. }, Type::Func(params, result)) = (&expr.kind, ty) {
            let result = (**result).clone();
            return self.lambda(expr, params, Some(&result));
        }
        let bound = self.bind(expr)?;
        self.convert_to(bound, ty, expr.span)
    }

    pub(super) fn convert_to(&mut self, bound: Expr, ty: &Type, span: Span) -> BResult<Expr> {
        implicit(bound, ty).or_else(|bound| {
            if bound.ty == Type::Null {
                let message = format!("Cannot convert null to '{ty}' because it is a non-nullable value type");
                return self.cs(span, "CS0037", message);
            }
            if let (Some(value), true) = (bound.as_const(), ty.is_integral()) {
                let text = crate::cs::format::to_string(value, &bound.ty);
                if matches!(value, Value::Int(_)) {
                    return self.cs(span, "CS0031", format!("Constant value '{text}' cannot be converted to a '{ty}'"));
                }
            }
            let from = &bound.ty;
            if explicit_allowed(&bound, ty) {
                let message = format!(
                    "Cannot implicitly convert type '{from}' to '{ty}'. An explicit conversion exists (are you missing a cast?)"
                );
                return self.cs(span, "CS0266", message);
            }
            self.cs(span, "CS0029", format!("Cannot implicitly convert type '{from}' to '{ty}'"))
        })
    }

    /// A written type.
    pub(super) fn resolve(&mut self, written: &ast::TypeRef) -> BResult<Type> {
        match resolve_type(written) {
            Ok(ty) => Ok(ty),
            Err(BadType::NotNullable) => {
                let message = format!(
                    "The type '{}' must be a non-nullable value type in order to use it as parameter 'T' in the generic type or method 'System.Nullable<T>'",
                    written.to_string().trim_end_matches('?')
                );
                self.cs(written.span, "CS0453", message)
            }
            Err(BadType::Unknown | BadType::Arguments) => {
                let message = format!(
                    "The type or namespace name '{written}' could not be found (are you missing a using directive or an assembly reference?)"
                );
                self.cs(written.span, "CS0246", message)
            }
        }
    }

    /// Any expression.
    #[recursive]
    pub(crate) fn bind(&mut self, expr: &ast::Expr) -> BResult<Expr> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal, span),
            ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Type(_) => {
                match self.meaning(expr)? {
                    Meaning::Value(value) => Ok(value),
                    Meaning::Class(name, _) => self.cs(
                        span,
                        "CS0119",
                        format!("'{name}' is a type, which is not valid in the given context"),
                    ),
                }
            }
            ExprKind::Paren(inner) | ExprKind::CSharp(inner) => self.bind(inner),
            ExprKind::Checked { operand, .. } => self.bind(operand),
            ExprKind::Call(call) => self.call(call, span),
            ExprKind::Index { target, args } => self.index(target, args, span),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, span),
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, span),
            ExprKind::Conditional { condition, yes, no } => {
                let condition = self.predicate(condition)?;
                let (yes, no) = (self.bind(yes)?, self.bind(no)?);
                let Some(ty) = common(&yes, &no).filter(|ty| *ty != Type::Null) else {
                    let message = format!(
                        "Type of conditional expression cannot be determined because there is no implicit conversion between '{}' and '{}'",
                        yes.ty, no.ty
                    );
                    return self.cs(span, "CS0173", message);
                };
                let (yes, no) = (converted(yes, &ty), converted(no, &ty));
                Ok(Expr::new(
                    Kind::Conditional(Box::new(condition), Box::new(yes), Box::new(no)),
                    ty,
                ))
            }
            ExprKind::Cast { ty, operand } => {
                let ty = self.resolve(ty)?;
                let operand_span = operand.span;
                let operand = self.bind(operand)?;
                self.cast(operand, &ty, operand_span)
            }
            ExprKind::IsType { operand, ty } => {
                let ty = self.resolve(ty)?;
                let operand = self.bind(operand)?;
                if operand.ty.underlying() == ty.underlying() || ty == Type::Object {
                    let is_null = Expr::new(Kind::IsNull(Box::new(operand)), Type::Bool);
                    return Ok(Expr::new(Kind::Not(Box::new(is_null)), Type::Bool));
                }
                Ok(Expr::constant(Value::Bool(false), Type::Bool))
            }
            ExprKind::AsType { operand, ty } => {
                let ty = self.resolve(ty)?;
                let operand = self.bind(operand)?;
                if operand.ty == ty
                    || operand.ty == Type::Null
                    || implicit(operand.clone(), &ty).is_ok()
                {
                    return Ok(converted(operand, &ty));
                }
                let message = format!(
                    "Cannot convert type '{}' to '{ty}' via a reference conversion",
                    operand.ty
                );
                self.cs(span, "CS0039", message)
            }
            ExprKind::IsNull { operand, negated } => {
                let operand = self.bind(operand)?;
                Ok(is_null(operand, *negated))
            }
            ExprKind::In {
                operand,
                items,
                negated,
            } => self.in_list(operand, items, *negated),
            ExprKind::Like {
                operand,
                pattern,
                escape,
                negated,
            } => {
                let operand = self.bind_as(operand, &Type::String)?;
                let pattern = self.bind_as(pattern, &Type::String)?;
                let escape = match escape {
                    Some(escape) => Some(Box::new(self.bind(escape)?)),
                    None => None,
                };
                let like = Kind::Like(Box::new(operand), Box::new(pattern), escape);
                Ok(negate_if(Expr::new(like, Type::Bool), *negated))
            }
            ExprKind::Between {
                operand,
                low,
                high,
                negated,
            } => {
                let (a, b, c) = (self.bind(operand)?, self.bind(low)?, self.bind(high)?);
                let (low_operand, b) = self.comparable(a.clone(), b, low.span, "<=")?;
                let (high_operand, c) = self.comparable(a, c, high.span, "<=")?;
                let kind = if low_operand.ty == high_operand.ty {
                    Kind::Between(Box::new(low_operand), Box::new(b), Box::new(c))
                } else {
                    let order = |a: Expr, b: Expr| {
                        Box::new(Expr::new(
                            Kind::Compare(Comparison::LessOrEqual, Box::new(a), Box::new(b)),
                            Type::Bool,
                        ))
                    };
                    Kind::And(order(b, low_operand), order(high_operand, c))
                };
                Ok(negate_if(Expr::new(kind, Type::Bool), *negated))
            }
            ExprKind::Case {
                operand,
                arms,
                otherwise,
            } => self.case(operand.as_deref(), arms, otherwise.as_deref(), span),
            ExprKind::New { ty, args, init } => {
                self.new_object(ty, args.as_deref(), init.as_ref(), span)
            }
            ExprKind::NewArray {
                element,
                length,
                items,
            } => self.new_array(element.as_ref(), length.as_deref(), items.as_deref(), span),
            ExprKind::Linq(linq) => self.linq_query(linq, span),
            ExprKind::Interpolated(parts) => self.interpolated(parts),
            ExprKind::DefaultOf(ty) => {
                let ty = self.resolve(ty)?;
                Ok(Expr::constant(default_value(&ty), ty))
            }
            ExprKind::Lambda { .. } => self.cs(
                span,
                "CS1660",
                "Cannot convert lambda expression to a value because it is not a delegate type",
            ),
            ExprKind::Star | ExprKind::Default => {
                self.cs(span, "CS1525", format!("Invalid expression term '{expr}'"))
            }
            ExprKind::TypeOf(_) | ExprKind::NewAnonymous(_) => self.error(
                Code::E_CSC_USER_FEATURENOTSUPPORTED,
                span,
                format!("'{expr}' is not supported by this engine"),
            ),
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> BResult<Expr> {
        let (value, ty) = match literal {
            Literal::Null => (Value::Null, Type::Null),
            Literal::Bool(b) => (Value::Bool(*b), Type::Bool),
            Literal::Integer { value, suffix } => integer_literal(*value, *suffix),
            Literal::Char(unit) => (Value::Char(*unit), Type::Char),
            Literal::String(text) => (Value::string(text), Type::String),
            Literal::Real { digits, suffix } => {
                let value = match suffix {
                    ast::RealSuffix::Double => digits
                        .parse()
                        .ok()
                        .filter(|n: &f64| n.is_finite())
                        .map(|n| (Value::Double(n), Type::Double)),
                    ast::RealSuffix::Float => digits
                        .parse()
                        .ok()
                        .filter(|n: &f32| n.is_finite())
                        .map(|n| (Value::Float(n), Type::Float)),
                    ast::RealSuffix::Decimal => {
                        decimal::parse(digits).map(|n| (Value::Decimal(n), Type::Decimal))
                    }
                };
                let Some(value) = value else {
                    return self.cs(
                        span,
                        "CS0594",
                        "Floating-point constant is outside the range of its type",
                    );
                };
                value
            }
        };
        Ok(Expr::constant(value, ty))
    }

    fn in_list(
        &mut self,
        operand: &ast::Expr,
        items: &[ast::Expr],
        negated: bool,
    ) -> BResult<Expr> {
        let bound = self.bind(operand)?;
        let mut list = Vec::with_capacity(items.len());
        let mut plain = true;
        for item in items {
            let value = self.bind(item)?;
            let comparison =
                self.equality(BinaryOp::Equal, bound.clone(), value.clone(), item.span)?;
            let same = value.ty == Type::Null || value.ty.underlying() == bound.ty.underlying();
            plain &= same || implicit(value.clone(), bound.ty.underlying()).is_ok();
            list.push((value, comparison));
        }
        let result = if plain {
            let inner = bound.ty.underlying().clone();
            let items = list
                .into_iter()
                .map(|(value, _)| {
                    let ty = if value.ty.is_nullable() {
                        inner.to_nullable()
                    } else {
                        inner.clone()
                    };
                    converted(value, &ty)
                })
                .collect();
            Expr::new(Kind::In(Box::new(bound), items), Type::Bool)
        } else {
            let or = |a: Expr, b: Expr| Expr::new(Kind::Or(Box::new(a), Box::new(b)), Type::Bool);
            let tests = list.into_iter().map(|(_, comparison)| comparison);
            tests
                .reduce(or)
                .unwrap_or_else(|| Expr::constant(Value::Bool(false), Type::Bool))
        };
        Ok(negate_if(result, negated))
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        arms: &[(ast::Expr, ast::Expr)],
        otherwise: Option<&ast::Expr>,
        span: Span,
    ) -> BResult<Expr> {
        let operand = match operand {
            Some(operand) => Some(self.bind(operand)?),
            None => None,
        };
        let mut bound = Vec::with_capacity(arms.len());
        for (when, then) in arms {
            let condition = match &operand {
                None => self.predicate(when)?,
                Some(operand) => {
                    let value = self.bind(when)?;
                    self.equality(BinaryOp::Equal, operand.clone(), value, when.span)?
                }
            };
            bound.push((condition, self.bind(then)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.bind(otherwise)?,
            None => Expr::constant(Value::Null, Type::Null),
        };
        let mut ty = otherwise.ty.clone();
        for (_, then) in &bound {
            let Some(next) = common(then, &Expr::column(0, ty.clone()))
                .filter(|next| *next == then.ty || *next == ty)
            else {
                let message = format!(
                    "The branches of CASE have different types: '{}' and '{ty}'",
                    then.ty
                );
                return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            };
            ty = next;
        }
        if ty == Type::Null {
            let message = "Invalid expression: 'CASE'. Its result has no type".to_owned();
            return self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let mut result = self.convert_to(otherwise, &ty, span)?;
        for (condition, then) in bound.into_iter().rev() {
            let then = self.convert_to(then, &ty, span)?;
            result = Expr::new(
                Kind::Conditional(Box::new(condition), Box::new(then), Box::new(result)),
                ty.clone(),
            );
        }
        Ok(result)
    }

    fn interpolated(&mut self, parts: &[ast::InterpolatedPart]) -> BResult<Expr> {
        let mut pattern = String::new();
        let mut items = Vec::new();
        for part in parts {
            match part {
                ast::InterpolatedPart::Text(text) => {
                    pattern.push_str(&text.replace('{', "{{").replace('}', "}}"));
                }
                ast::InterpolatedPart::Hole {
                    value,
                    alignment,
                    format,
                } => {
                    pattern.push_str(&format!("{{{}", items.len()));
                    if let Some(width) = alignment {
                        pattern.push_str(&format!(",{width}"));
                    }
                    if let Some(format) = format {
                        pattern.push_str(&format!(":{format}"));
                    }
                    pattern.push('}');
                    items.push(self.bind(value)?);
                }
            }
        }
        let pattern = Expr::constant(Value::string(pattern), Type::String);
        Ok(Expr::new(
            Kind::Format(Box::new(pattern), items),
            Type::String,
        ))
    }

    /// The value of a constant expression.
    pub(crate) fn constant(&mut self, expr: &ast::Expr, ty: &Type) -> BResult<Value> {
        let bound = self.bind_as(expr, ty)?;
        self.fold(&bound, expr.span)
    }

    /// The value of a bound expression that the compiler needs to know.
    pub(crate) fn fold(&mut self, bound: &Expr, span: Span) -> BResult<Value> {
        if !bound.columns().is_empty() || bound.is_volatile() {
            let message = "Expression cannot be constant folded.";
            return self.error(
                Code::E_CSC_USER_EXPRESSIONNOTCONSTANTFOLDABLE,
                span,
                message,
            );
        }
        match evaluate_row(bound, &(), &self.env.context) {
            Ok(value) => Ok(value),
            Err(exception) => {
                let message = format!("Expression cannot be constant folded. {exception}");
                self.error(
                    Code::E_CSC_USER_EXPRESSIONNOTCONSTANTFOLDABLE,
                    span,
                    message,
                )
            }
        }
    }
}

fn integer_literal(value: u64, suffix: ast::IntegerSuffix) -> (Value, Type) {
    use ast::IntegerSuffix as S;
    let candidates: &[Type] = match suffix {
        S::None => &[Type::Int, Type::UInt, Type::Long],
        S::U => &[Type::UInt],
        S::L => &[Type::Long],
        S::UL => &[],
    };
    let fit = candidates
        .iter()
        .find_map(|ty| ops::fit(value.into(), ty).map(|value| (value, ty.clone())));
    fit.unwrap_or((Value::ULong(value), Type::ULong))
}
