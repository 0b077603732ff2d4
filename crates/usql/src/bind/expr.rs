//! Expressions: names to columns and members, operators to typed operators.

use azml_usql_syntax::ast::{self, BinaryOp, ExprKind, IdentForm, Literal, UnaryOp};
use azml_usql_syntax::{Code, Diagnostic, Span};
use recursive::recursive;

use super::convert::{common, converted, explicit_allowed, implicit, promoted};
use super::scope::{Found, Scope};
use super::{BResult, Environment, Reported};
use crate::cs::ops::{Arithmetic, Bitwise, Comparison};
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

/// What a name or member chain means before it is known to be a value.
pub(super) enum Meaning {
    Value(Expr),
    /// A type or static class, by the name its members are listed under.
    Class(String, Option<Type>),
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

    /// What a name or chain of names means.
    pub(super) fn meaning(&mut self, expr: &ast::Expr) -> BResult<Meaning> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name),
            ExprKind::Type(written) => {
                let ty = self.resolve(written)?;
                Ok(Meaning::Class(owner_name(&ty), Some(ty)))
            }
            ExprKind::Member { target, member } => {
                // alias.column
                if let ExprKind::Name(qualifier) = &target.kind {
                    let text = match qualifier.form {
                        IdentForm::Variable => format!("@{}", qualifier.text),
                        _ => qualifier.text.clone(),
                    };
                    let hides = self.local(&qualifier.text).is_some();
                    if !hides && self.scope.has_qualifier(&text) {
                        match self.scope.find(Some(&text), &member.text) {
                            Found::Column(at) => return Ok(Meaning::Value(self.column(at))),
                            Found::Ambiguous => return self.ambiguous(member),
                            Found::Nothing
                                if self.scope.find(None, &qualifier.text) == Found::Nothing =>
                            {
                                let message = format!(
                                    "'{text}' does not contain a definition for '{}'",
                                    member.text
                                );
                                return self.cs(member.span, "CS1061", message);
                            }
                            Found::Nothing => {}
                        }
                    }
                }
                if let Some(found) = self.system_variable(expr) {
                    return found;
                }
                if let Some(class) = self.class_path(expr) {
                    return Ok(class);
                }
                match self.meaning(target)? {
                    Meaning::Value(value) => self.property(value, member).map(Meaning::Value),
                    Meaning::Class(owner, ty) => {
                        self.static_property(&owner, ty, member).map(Meaning::Value)
                    }
                }
            }
            _ => self.bind(expr).map(Meaning::Value),
        }
    }

    pub(super) fn local(&self, name: &str) -> Option<Expr> {
        self.locals
            .iter()
            .rev()
            .find(|(local, _)| local == name)
            .map(|(_, expr)| expr.clone())
    }

    fn column(&self, at: usize) -> Expr {
        Expr::column(at, self.scope.columns[at].ty.clone())
    }

    fn ambiguous<T>(&mut self, name: &ast::Ident) -> BResult<T> {
        self.cs(
            name.span,
            "CS0229",
            format!(
                "Ambiguity between columns named '{}': qualify it with a rowset alias",
                name.text
            ),
        )
    }

    fn name(&mut self, name: &ast::Ident) -> BResult<Meaning> {
        match name.form {
            IdentForm::Variable => {
                if let Some(variable) = self.env.variables.get(&name.text) {
                    return Ok(Meaning::Value(variable.value.clone()));
                }
                let message = format!(
                    "The name '@{}' does not exist in the current context",
                    name.text
                );
                self.cs(name.span, "CS0103", message)
            }
            IdentForm::System => self.cs(
                name.span,
                "CS0103",
                format!(
                    "The name '@@{}' does not exist in the current context",
                    name.text
                ),
            ),
            IdentForm::Plain | IdentForm::Quoted => {
                if let Some(local) = self.local(&name.text) {
                    return Ok(Meaning::Value(local));
                }
                match self.scope.find(None, &name.text) {
                    Found::Column(at) => Ok(Meaning::Value(self.column(at))),
                    Found::Ambiguous => self.ambiguous(name),
                    Found::Nothing => {
                        if let Some(class) = class_of(&[&name.text]) {
                            return Ok(class);
                        }
                        let message = format!(
                            "The name '{}' does not exist in the current context",
                            name.text
                        );
                        self.cs(name.span, "CS0103", message)
                    }
                }
            }
        }
    }

    /// `System.Text.Encoding`: a chain of plain names that is a class.
    fn class_path(&self, expr: &ast::Expr) -> Option<Meaning> {
        let mut names = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Member { target, member } if member.form != IdentForm::Variable => {
                    names.push(member.text.as_str());
                    at = target;
                }
                ExprKind::Name(name)
                    if matches!(name.form, IdentForm::Plain | IdentForm::Quoted) =>
                {
                    names.push(name.text.as_str());
                    break;
                }
                _ => return None,
            }
        }
        names.reverse();
        let first = names.first()?;
        let namespace = matches!(*first, "System" | "Microsoft");
        if !namespace
            || self.local(first).is_some()
            || self.scope.find(None, first) != Found::Nothing
        {
            return None;
        }
        class_of(&names)
    }

    fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, span: Span) -> BResult<Expr> {
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

    fn binary(
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
    fn comparable(&mut self, a: Expr, b: Expr, span: Span, op: &str) -> BResult<(Expr, Expr)> {
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

/// The class that a dotted name is.
fn class_of(path: &[&str]) -> Option<Meaning> {
    let (name, namespace) = path.split_last()?;
    if !namespace.is_empty() && !matches!(namespace[0], "System" | "Microsoft") {
        return None;
    }
    if let Some(ty) = Type::by_name(name) {
        return Some(Meaning::Class(owner_name(&ty), Some(ty)));
    }
    let known = matches!(
        *name,
        "Enumerable" | "SqlArray" | "SqlMap" | "Tuple" | "CultureInfo" | "Nullable"
    ) || crate::cs::members::is_class(name);
    known.then(|| Meaning::Class((*name).to_owned(), None))
}

/// The name under which the members of a type are listed.
pub(super) fn owner_name(ty: &Type) -> String {
    ty.underlying().to_string()
}
