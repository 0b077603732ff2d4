//! Aggregates and window functions: which exist, what they take, what type
//! they give.

use azml_usql_syntax::ast;
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::expr::ExprBinder;
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind};
use crate::rel::{AggregateCall, AggregateFunction, FrameEnd, SortKey, WindowCall, WindowFunction};

impl ExprBinder<'_> {
    /// A call of an upper-case function; `None` when there is none of that name.
    pub(super) fn aggregate_or_window(
        &mut self,
        name: &ast::Ident,
        call: &ast::Call,
        span: Span,
    ) -> Option<BResult<Expr>> {
        if let Some(function) = AggregateFunction::by_name(&name.text) {
            return Some(match &call.over {
                None => self.aggregate(function, call, span),
                Some(window) => self.windowed_aggregate(function, call, window, span),
            });
        }
        let function = WindowFunction::by_name(&name.text)?;
        Some(match &call.over {
            Some(window) => self.window_function(function, call, window, span),
            None => self.invalid(call, span, "it needs an OVER clause"),
        })
    }

    fn invalid<T>(&mut self, call: &ast::Call, span: Span, reason: &str) -> BResult<T> {
        let message = format!("Invalid expression: '{}'. {reason}", call.callee);
        self.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message)
    }

    fn aggregate(
        &mut self,
        function: AggregateFunction,
        call: &ast::Call,
        span: Span,
    ) -> BResult<Expr> {
        if self.in_aggregate {
            return self.invalid(call, span, "Aggregates cannot be nested");
        }
        if self.aggregates.is_none() || !self.locals.is_empty() {
            return self.invalid(call, span, "An aggregate cannot stand here");
        }
        self.in_aggregate = true;
        let bound = self.aggregate_call(function, call, span);
        self.in_aggregate = false;
        let bound = bound?;
        let ty = bound.ty.clone();
        let aggregates = self.aggregates.get_or_insert_default();
        let at = aggregates
            .iter()
            .position(|known| *known == bound)
            .unwrap_or_else(|| {
                aggregates.push(bound);
                aggregates.len() - 1
            });
        Ok(Expr::new(Kind::Aggregate(at), ty))
    }

    /// Function, argument and result type of an aggregate.
    fn aggregate_call(
        &mut self,
        function: AggregateFunction,
        call: &ast::Call,
        span: Span,
    ) -> BResult<AggregateCall> {
        use AggregateFunction as A;
        let star = |arg: &ast::Arg| matches!(arg.value.kind, ast::ExprKind::Star);
        if function == A::Count
            && (call.args.is_empty() || (call.args.len() == 1 && star(&call.args[0])))
        {
            if call.distinct {
                return self.invalid(call, span, "DISTINCT needs an expression");
            }
            return Ok(AggregateCall {
                function,
                args: Vec::new(),
                distinct: false,
                ty: Type::Long,
            });
        }
        let expected = if function == A::MapAgg { 2 } else { 1 };
        if call.args.len() != expected {
            let reason = format!(
                "It takes {expected} argument{}",
                if expected == 1 { "" } else { "s" }
            );
            return self.invalid(call, span, &reason);
        }
        let mut args = Vec::with_capacity(expected);
        for arg in &call.args {
            args.push(self.bind(&arg.value)?);
        }
        let Some(ty) = function.result(&args) else {
            let types: Vec<String> = args.iter().map(|arg| format!("'{}'", arg.ty)).collect();
            let reason = format!("It does not work on {}", types.join(" and "));
            return self.invalid(call, span, &reason);
        };
        Ok(AggregateCall {
            function,
            args,
            distinct: call.distinct,
            ty,
        })
    }

    /// The parts of an OVER clause.
    fn window_parts(&mut self, window: &ast::Window) -> BResult<(Vec<Expr>, Vec<SortKey>)> {
        let mut partition_by = Vec::new();
        for expr in &window.partition_by {
            partition_by.push(self.bind(expr)?);
        }
        let mut order_by = Vec::new();
        for item in &window.order_by {
            order_by.push(SortKey {
                expr: self.bind(&item.expr)?,
                descending: item.descending,
            });
        }
        Ok((partition_by, order_by))
    }

    fn windowed_aggregate(
        &mut self,
        function: AggregateFunction,
        call: &ast::Call,
        window: &ast::Window,
        span: Span,
    ) -> BResult<Expr> {
        use AggregateFunction as A;
        if call.distinct {
            return self.invalid(call, span, "DISTINCT and OVER cannot be combined");
        }
        if matches!(function, A::AnyValue | A::ArrayAgg | A::MapAgg) {
            return self.invalid(call, span, "It cannot have an OVER clause");
        }
        if self.in_aggregate {
            return self.invalid(call, span, "Window functions cannot be nested");
        }
        self.in_aggregate = true;
        let bound = self.aggregate_call(function, call, span);
        let parts = self.window_parts(window);
        self.in_aggregate = false;
        let (bound, (partition_by, order_by)) = (bound?, parts?);
        let frame = match &window.frame {
            Some(_) if order_by.is_empty() => {
                return self.invalid(call, span, "ROWS needs ORDER BY");
            }
            Some(frame) => Some(self.frame(call, frame, span)?),
            // Without a frame: everything, or with ORDER BY everything so far.
            None if order_by.is_empty() => None,
            None => Some((FrameEnd::Unbounded, FrameEnd::Offset(0))),
        };
        let ty = bound.ty.clone();
        let function = WindowFunction::Aggregate(bound.function);
        self.push_window(
            WindowCall {
                function,
                args: bound.args,
                partition_by,
                order_by,
                frame,
                ty,
            },
            call,
            span,
        )
    }

    fn push_window(&mut self, window: WindowCall, call: &ast::Call, span: Span) -> BResult<Expr> {
        if !self.locals.is_empty() {
            return self.invalid(call, span, "A window function cannot stand here");
        }
        let Some(windows) = &mut self.windows else {
            return self.invalid(call, span, "A window function cannot stand here");
        };
        let ty = window.ty.clone();
        windows.push(window);
        Ok(Expr::new(Kind::Window(windows.len() - 1), ty))
    }

    fn frame(
        &mut self,
        call: &ast::Call,
        frame: &ast::Frame,
        span: Span,
    ) -> BResult<(FrameEnd, FrameEnd)> {
        let start = self.frame_end(call, &frame.start, span)?;
        let end = match &frame.end {
            Some(end) => self.frame_end(call, end, span)?,
            None => FrameEnd::Offset(0),
        };
        match (start, end) {
            (_, FrameEnd::Unbounded) => {
                self.invalid(call, span, "A frame cannot end at UNBOUNDED PRECEDING")
            }
            (FrameEnd::Offset(a), FrameEnd::Offset(b)) if a > b => {
                self.invalid(call, span, "The frame ends before it starts")
            }
            ends => Ok(ends),
        }
    }

    fn frame_end(
        &mut self,
        call: &ast::Call,
        bound: &ast::FrameBound,
        span: Span,
    ) -> BResult<FrameEnd> {
        let rows = |value: Value| match value {
            Value::Long(n) if n >= 0 => Some(n),
            _ => None,
        };
        match bound {
            ast::FrameBound::UnboundedPreceding => Ok(FrameEnd::Unbounded),
            ast::FrameBound::CurrentRow => Ok(FrameEnd::Offset(0)),
            ast::FrameBound::UnboundedFollowing => {
                self.invalid(call, span, "UNBOUNDED FOLLOWING is not part of U-SQL")
            }
            ast::FrameBound::Preceding(expr) => match rows(self.constant(expr, &Type::Long)?) {
                Some(n) => Ok(FrameEnd::Offset(-n)),
                None => self.invalid(call, span, "The number of rows cannot be negative"),
            },
            ast::FrameBound::Following(expr) => match rows(self.constant(expr, &Type::Long)?) {
                Some(n) => Ok(FrameEnd::Offset(n)),
                None => self.invalid(call, span, "The number of rows cannot be negative"),
            },
        }
    }

    fn window_function(
        &mut self,
        function: WindowFunction,
        call: &ast::Call,
        window: &ast::Window,
        span: Span,
    ) -> BResult<Expr> {
        use WindowFunction as W;
        let values = matches!(function, W::FirstValue | W::LastValue);
        if window.frame.is_some() && !values {
            return self.invalid(call, span, "It cannot have a ROWS clause");
        }
        if matches!(function, W::PercentileCont | W::PercentileDisc) {
            return self.percentile(function, call, window, span);
        }
        let (least, most) = match function {
            W::Ntile | W::FirstValue | W::LastValue => (1, 1),
            W::Lag | W::Lead => (1, 3),
            _ => (0, 0),
        };
        if !(least..=most).contains(&call.args.len()) {
            return self.invalid(call, span, &format!("It takes {least} to {most} arguments"));
        }
        let mut args = Vec::new();
        for arg in &call.args {
            args.push(self.bind(&arg.value)?);
        }
        let ty = match function {
            W::RowNumber | W::Rank | W::DenseRank | W::Ntile => Type::Long,
            W::CumeDist | W::PercentRank => Type::Double,
            W::Lag | W::Lead => {
                let ty = args[0].ty.clone();
                match args.get(2).cloned() {
                    Some(default) => {
                        args[2] = self.convert_to(default, &ty.to_nullable(), span)?;
                        if args[2].ty == ty {
                            ty
                        } else {
                            ty.to_nullable()
                        }
                    }
                    None => ty.to_nullable(),
                }
            }
            _ => args[0].ty.clone(),
        };
        // The engine takes counts and defaults as constants.
        let constants = match function {
            W::Ntile => 0,
            _ => 1,
        };
        for arg in args.iter_mut().skip(constants) {
            let value = self.fold(arg, span)?;
            *arg = Expr::constant(value, arg.ty.clone());
        }
        let (partition_by, order_by) = self.window_parts(window)?;
        let frame = match &window.frame {
            Some(frame) => Some(self.frame(call, frame, span)?),
            None if values && !order_by.is_empty() => {
                Some((FrameEnd::Unbounded, FrameEnd::Offset(0)))
            }
            None => None,
        };
        self.push_window(
            WindowCall {
                function,
                args,
                partition_by,
                order_by,
                frame,
                ty,
            },
            call,
            span,
        )
    }

    fn percentile(
        &mut self,
        function: WindowFunction,
        call: &ast::Call,
        window: &ast::Window,
        span: Span,
    ) -> BResult<Expr> {
        let (Some(within), [fraction]) = (&call.within, call.args.as_slice()) else {
            return self.invalid(
                call,
                span,
                "It is written (fraction) WITHIN GROUP (ORDER BY x) OVER (…)",
            );
        };
        if !window.order_by.is_empty() {
            return self.invalid(call, span, "Its OVER clause cannot have ORDER BY");
        }
        let fraction = self.bind_as(&fraction.value, &Type::Double)?;
        let key = self.bind(&within.expr)?;
        let ty = match (function, key.ty.underlying()) {
            (WindowFunction::PercentileCont, inner) if inner.is_numeric() => {
                Type::Nullable(Box::new(Type::Double))
            }
            (WindowFunction::PercentileDisc, inner) if key.ty.is_comparable() => {
                inner.to_nullable()
            }
            _ => return self.invalid(call, span, &format!("It does not work on '{}'", key.ty)),
        };
        let (partition_by, _) = self.window_parts(window)?;
        let order_by = vec![SortKey {
            expr: key.clone(),
            descending: within.descending,
        }];
        let args = vec![key, fraction];
        self.push_window(
            WindowCall {
                function,
                args,
                partition_by,
                order_by,
                frame: None,
                ty,
            },
            call,
            span,
        )
    }
}
