//! One expression on a batch. Operators on plain columns run over whole
//! arrays; everything else goes through `eval` row by row, so both agree by
//! construction where they overlap and by test where they do not.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, UInt32Array, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute;
use arrow::compute::kernels::{cmp, numeric};
use recursive::recursive;

use super::column::{self, Reader};
use super::eval::{Row, compare, evaluate_row};
use super::{Expr, Kind};
use crate::cs::members::Context;
use crate::cs::ops::{Arithmetic, Comparison};
use crate::cs::{CsError, CsResult, Type, Value};

/// Columns of equal length and their types.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) types: &'a [Type],
    pub(crate) rows: usize,
}

/// A column in the making.
#[derive(Clone, Debug)]
enum Vector {
    Array(ArrayRef),
    Const(Value),
}

impl Vector {
    fn into_array(self, ty: &Type, rows: usize) -> ArrayRef {
        match self {
            Self::Array(array) => array,
            Self::Const(Value::Null) => new_null_array(&column::data_type(ty), rows),
            Self::Const(value) => {
                let one = column::build(&[value], ty);
                let places = UInt32Array::from(vec![0; rows]);
                compute::take(&one, &places, None).expect("the places lie in the array")
            }
        }
    }
}

/// The column that `expr` gives on `batch`.
pub(crate) fn evaluate(expr: &Expr, batch: &Batch<'_>, context: &Context) -> CsResult<ArrayRef> {
    Evaluator { batch, context }
        .eval(expr)
        .map(|vector| vector.into_array(&expr.ty, batch.rows))
}

struct Evaluator<'a> {
    batch: &'a Batch<'a>,
    context: &'a Context,
}

struct BatchRow<'a> {
    readers: &'a [(usize, Reader)],
    row: usize,
}

impl Row for BatchRow<'_> {
    fn column(&self, at: usize) -> CsResult<Value> {
        let found = self.readers.iter().find(|(column, _)| *column == at);
        found.map_or(Ok(Value::Null), |(_, reader)| reader.value(self.row))
    }
}

fn kernel<T>(result: Result<T, arrow::error::ArrowError>) -> CsResult<T> {
    result.map_err(|error| CsError::new("System.InvalidOperationException", error.to_string()))
}

impl Evaluator<'_> {
    #[recursive]
    fn eval(&self, expr: &Expr) -> CsResult<Vector> {
        match &expr.kind {
            Kind::Const(value) => Ok(Vector::Const(value.clone())),
            Kind::Column(at) => Ok(Vector::Array(Arc::clone(&self.batch.columns[*at]))),
            Kind::Not(a) => match self.eval(a)? {
                Vector::Array(array) => Ok(Vector::Array(Arc::new(kernel(compute::not(
                    array.as_boolean(),
                ))?))),
                other => self.constant(expr, other),
            },
            Kind::IsNull(a) => match self.eval(a)? {
                Vector::Array(array) => {
                    Ok(Vector::Array(Arc::new(kernel(compute::is_null(&array))?)))
                }
                Vector::Const(value) => Ok(Vector::Const(Value::Bool(value.is_null()))),
            },
            Kind::And(a, b) => self.short_circuit(a, b, true),
            Kind::Or(a, b) => self.short_circuit(a, b, false),
            Kind::Compare(op, a, b) if has_order_kernel(&a.ty) => self.compare(*op, a, b),
            Kind::Arithmetic(op, a, b) if has_wrapping_kernel(*op, &a.ty) => {
                self.arithmetic(*op, a, b)
            }
            Kind::Conditional(condition, yes, no) => self.conditional(expr, condition, yes, no),
            Kind::Coalesce(a, b) => {
                let left = self.eval(a)?;
                match left {
                    Vector::Const(Value::Null) => self.eval(b),
                    Vector::Const(_) => Ok(left),
                    Vector::Array(left) if left.null_count() == 0 => Ok(Vector::Array(left)),
                    Vector::Array(left) => {
                        let missing = kernel(compute::is_null(&left))?;
                        self.choose(expr, &missing, b, Chosen::Array(&left))
                    }
                }
            }
            Kind::Convert { operand, .. } if operand.ty.underlying() == expr.ty.underlying() => {
                match self.eval(operand)? {
                    Vector::Array(array) if array.null_count() > 0 && !expr.ty.is_nullable() => {
                        Err(CsError::no_value())
                    }
                    Vector::Const(Value::Null) if !expr.ty.is_nullable() => {
                        Err(CsError::no_value())
                    }
                    other => Ok(other),
                }
            }
            Kind::Convert { operand, .. } if widens(&operand.ty, &expr.ty) => {
                match self.eval(operand)? {
                    Vector::Array(array) => {
                        if array.null_count() > 0 && !expr.ty.is_nullable() {
                            return Err(CsError::no_value());
                        }
                        Ok(Vector::Array(kernel(compute::cast(
                            &array,
                            &column::data_type(&expr.ty),
                        ))?))
                    }
                    other => self.constant(expr, other),
                }
            }
            _ => self.by_rows(expr),
        }
    }

    /// A node whose operands are constants is computed once.
    fn constant(&self, expr: &Expr, _operand: Vector) -> CsResult<Vector> {
        evaluate_row(expr, &(), self.context).map(Vector::Const)
    }

    fn mask(&self, expr: &Expr) -> CsResult<BooleanArray> {
        match self.eval(expr)? {
            Vector::Array(array) => Ok(array.as_boolean().clone()),
            Vector::Const(value) => {
                let holds = value == Value::Bool(true);
                let buffer = if holds {
                    BooleanBuffer::new_set(self.batch.rows)
                } else {
                    BooleanBuffer::new_unset(self.batch.rows)
                };
                Ok(BooleanArray::new(buffer, None))
            }
        }
    }

    /// `a && b`, `a || b`: where `a` decides, `b` is not computed if computing
    /// it could raise.
    fn short_circuit(&self, a: &Expr, b: &Expr, and: bool) -> CsResult<Vector> {
        let left = self.mask(a)?;
        let undecided = if and {
            left.clone()
        } else {
            kernel(compute::not(&left))?
        };
        let open = undecided.true_count();
        if open == 0 {
            return Ok(Vector::Array(Arc::new(left)));
        }
        let right = if open == left.len() || !b.can_raise() {
            self.mask(b)?
        } else {
            let part = self.filtered(&undecided)?;
            let part_mask = Evaluator {
                batch: &part,
                context: self.context,
            }
            .mask(b)?;
            scatter(&undecided, &part_mask, !and)
        };
        let both = if and {
            compute::and(&left, &right)
        } else {
            compute::or(&left, &right)
        };
        Ok(Vector::Array(Arc::new(kernel(both)?)))
    }

    /// The rows of the batch for which `mask` is set.
    fn filtered(&self, mask: &BooleanArray) -> CsResult<Batch<'_>> {
        let columns = self
            .batch
            .columns
            .iter()
            .map(|column| kernel(compute::filter(column, mask)))
            .collect::<CsResult<Vec<_>>>()?;
        Ok(Batch {
            columns,
            types: self.batch.types,
            rows: mask.true_count(),
        })
    }

    fn conditional(
        &self,
        expr: &Expr,
        condition: &Expr,
        yes: &Expr,
        no: &Expr,
    ) -> CsResult<Vector> {
        let mask = self.mask(condition)?;
        self.choose(expr, &mask, yes, Chosen::Expr(no))
    }

    /// `yes` where the mask is set, `no` elsewhere, each on its own rows only.
    fn choose(
        &self,
        expr: &Expr,
        mask: &BooleanArray,
        yes: &Expr,
        no: Chosen<'_>,
    ) -> CsResult<Vector> {
        let set = mask.true_count();
        if set == mask.len() {
            return self.eval(yes);
        }
        if set == 0 {
            return match no {
                Chosen::Expr(no) => self.eval(no),
                Chosen::Array(array) => Ok(Vector::Array(Arc::clone(array))),
            };
        }
        let chosen = self.on_rows(expr, mask, yes)?;
        let other = match no {
            Chosen::Array(array) => Arc::clone(array),
            Chosen::Expr(no) => self.on_rows(expr, &kernel(compute::not(mask))?, no)?,
        };
        kernel(compute::kernels::zip::zip(mask, &chosen, &other)).map(Vector::Array)
    }

    /// `expr` on the masked rows; other rows hold anything.
    fn on_rows(&self, whole: &Expr, mask: &BooleanArray, expr: &Expr) -> CsResult<ArrayRef> {
        if !expr.can_raise() {
            return self
                .eval(expr)
                .map(|vector| vector.into_array(&whole.ty, self.batch.rows));
        }
        let part = self.filtered(mask)?;
        let values = Evaluator {
            batch: &part,
            context: self.context,
        }
        .eval(expr)?
        .into_array(&whole.ty, part.rows);
        let mut places = Vec::with_capacity(mask.len());
        let mut next = 0_u32;
        for row in 0..mask.len() {
            let here = mask.value(row);
            places.push(here.then_some(next));
            next += u32::from(here);
        }
        kernel(compute::take(&values, &UInt32Array::from(places), None))
    }

    fn compare(&self, op: Comparison, a: &Expr, b: &Expr) -> CsResult<Vector> {
        let (left, right) = match (self.eval(a)?, self.eval(b)?) {
            (Vector::Const(a), Vector::Const(b)) => {
                return Ok(Vector::Const(Value::Bool(compare(op, &a, &b))));
            }
            (left, right) => (left, right),
        };
        let rows = self.batch.rows;
        let floats = matches!(a.ty.underlying(), Type::Float | Type::Double);
        if floats {
            // The kernels order NaN; C# does not.
            return self.compare_by_rows(op, a, b, left, right);
        }
        let one = |value: &Value, ty: &Type| {
            arrow::array::Scalar::new(column::build(std::slice::from_ref(value), ty))
        };
        let result = match (&left, &right) {
            (Vector::Array(l), Vector::Array(r)) => apply(op, l, r),
            (Vector::Array(l), Vector::Const(r)) => apply(op, l, &one(r, &b.ty)),
            (Vector::Const(l), Vector::Array(r)) => apply(op, &one(l, &a.ty), r),
            (Vector::Const(_), Vector::Const(_)) => {
                unreachable!("two constants were compared above")
            }
        };
        let result = kernel(result)?;
        debug_assert_eq!(result.len(), rows);
        // The order operators are false where a side is null.
        let result = if result.null_count() > 0 {
            compute::prep_null_mask_filter(&result)
        } else {
            result
        };
        Ok(Vector::Array(Arc::new(result)))
    }

    fn compare_by_rows(
        &self,
        op: Comparison,
        a: &Expr,
        b: &Expr,
        left: Vector,
        right: Vector,
    ) -> CsResult<Vector> {
        let rows = self.batch.rows;
        let left = Reader::new(&left.into_array(&a.ty, rows), &a.ty);
        let right = Reader::new(&right.into_array(&b.ty, rows), &b.ty);
        let mut out = BooleanBuilder::with_capacity(rows);
        for row in 0..rows {
            out.append_value(compare(op, &left.value(row)?, &right.value(row)?));
        }
        Ok(Vector::Array(Arc::new(out.finish())))
    }

    fn arithmetic(&self, op: Arithmetic, a: &Expr, b: &Expr) -> CsResult<Vector> {
        let (left, right) = (self.eval(a)?, self.eval(b)?);
        if matches!(left, Vector::Const(_)) && matches!(right, Vector::Const(_)) {
            return self.by_rows(&Expr::new(
                Kind::Arithmetic(op, Box::new(a.clone()), Box::new(b.clone())),
                a.ty.clone(),
            ));
        }
        let rows = self.batch.rows;
        let (left, right) = (left.into_array(&a.ty, rows), right.into_array(&b.ty, rows));
        let result = match op {
            Arithmetic::Add => numeric::add_wrapping(&left, &right),
            Arithmetic::Subtract => numeric::sub_wrapping(&left, &right),
            Arithmetic::Multiply => numeric::mul_wrapping(&left, &right),
            Arithmetic::Divide => numeric::div(&left, &right),
            Arithmetic::Remainder => numeric::rem(&left, &right),
        };
        kernel(result).map(Vector::Array)
    }

    fn by_rows(&self, expr: &Expr) -> CsResult<Vector> {
        let columns = expr.columns();
        if columns.is_empty() && !expr.is_volatile() {
            return evaluate_row(expr, &(), self.context).map(Vector::Const);
        }
        let readers: Vec<_> = columns
            .iter()
            .map(|at| {
                (
                    *at,
                    Reader::new(&self.batch.columns[*at], &self.batch.types[*at]),
                )
            })
            .collect();
        let mut values = Vec::with_capacity(self.batch.rows);
        for row in 0..self.batch.rows {
            values.push(evaluate_row(
                expr,
                &BatchRow {
                    readers: &readers,
                    row,
                },
                self.context,
            )?);
        }
        Ok(Vector::Array(column::build(&values, &expr.ty)))
    }
}

enum Chosen<'a> {
    Expr(&'a Expr),
    Array(&'a ArrayRef),
}

fn apply(
    op: Comparison,
    a: &dyn arrow::array::Datum,
    b: &dyn arrow::array::Datum,
) -> Result<BooleanArray, arrow::error::ArrowError> {
    match op {
        Comparison::Equal => cmp::not_distinct(a, b),
        Comparison::NotEqual => cmp::distinct(a, b),
        Comparison::Less => cmp::lt(a, b),
        Comparison::LessOrEqual => cmp::lt_eq(a, b),
        Comparison::Greater => cmp::gt(a, b),
        Comparison::GreaterOrEqual => cmp::gt_eq(a, b),
    }
}

/// Puts the values of the masked rows back in place, `rest` elsewhere.
fn scatter(mask: &BooleanArray, values: &BooleanArray, rest: bool) -> BooleanArray {
    let mut next = 0;
    let buffer = BooleanBuffer::collect_bool(mask.len(), |row| {
        if mask.value(row) {
            next += 1;
            values.value(next - 1)
        } else {
            rest
        }
    });
    BooleanArray::new(buffer, None)
}

fn has_order_kernel(ty: &Type) -> bool {
    let inner = ty.underlying();
    inner.is_numeric()
        || matches!(
            inner,
            Type::Bool | Type::String | Type::DateTime | Type::Guid
        )
}

fn has_wrapping_kernel(op: Arithmetic, ty: &Type) -> bool {
    let inner = ty.underlying();
    match op {
        // Division by zero has its own exception: `eval` raises it.
        Arithmetic::Divide | Arithmetic::Remainder => matches!(inner, Type::Float | Type::Double),
        _ => matches!(
            inner,
            Type::Int | Type::UInt | Type::Long | Type::ULong | Type::Float | Type::Double
        ),
    }
}

/// Conversions that lose nothing and that Arrow's cast does alike.
fn widens(from: &Type, to: &Type) -> bool {
    let (from, to) = (from.underlying(), to.underlying());
    match to {
        Type::Int => matches!(
            from,
            Type::SByte | Type::Byte | Type::Short | Type::UShort | Type::Char
        ),
        Type::Long => {
            matches!(
                from,
                Type::SByte
                    | Type::Byte
                    | Type::Short
                    | Type::UShort
                    | Type::Char
                    | Type::Int
                    | Type::UInt
            )
        }
        Type::Double => from.is_numeric() && !matches!(from, Type::Decimal),
        _ => false,
    }
}
