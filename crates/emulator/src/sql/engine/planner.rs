//! T-SQL's meaning of operators, aggregates and types, given to the engine's planner.

use std::sync::Arc;

use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef},
    common::{DFSchema, Result, exec_datafusion_err},
    logical_expr::{
        BinaryExpr, Cast, ColumnarValue, Expr, ExprSchemable, Operator, ScalarUDF, Volatility,
        create_udf,
        expr::AggregateFunction,
        lit,
        planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, TypePlanner},
    },
    scalar::ScalarValue,
    sql::sqlparser::ast::{BinaryOperator, DataType as SqlDataType},
};

use crate::sql::tsql::SqlType;

/// A string without a length in a CAST has thirty characters.
const CAST_LENGTH: u16 = 30;

/// Strings are added by `+` and compared without regard to case and trailing blanks; aggregates of integers are
/// integers.
#[derive(Debug)]
pub(super) struct Semantics {
    collation_key: Arc<ScalarUDF>,
}

impl Semantics {
    pub(super) fn new() -> Self {
        let key = create_udf(
            "collation_key",
            vec![DataType::Utf8],
            DataType::Utf8,
            Volatility::Immutable,
            Arc::new(|arguments: &[ColumnarValue]| {
                let fold = |text: &str| text.trim_end_matches(' ').to_lowercase();
                match &arguments[0] {
                    ColumnarValue::Scalar(ScalarValue::Utf8(text)) => Ok(ColumnarValue::Scalar(
                        ScalarValue::Utf8(text.as_deref().map(fold)),
                    )),
                    ColumnarValue::Scalar(other) => {
                        Err(exec_datafusion_err!("collation_key of {other}"))
                    }
                    ColumnarValue::Array(array) => {
                        let texts = datafusion::common::cast::as_string_array(array)?;
                        let folded: datafusion::arrow::array::StringArray =
                            texts.iter().map(|text| text.map(fold)).collect();
                        Ok(ColumnarValue::Array(Arc::new(folded)))
                    }
                }
            }),
        );
        Self {
            collation_key: Arc::new(key),
        }
    }

    fn key(&self, expr: Expr) -> Expr {
        self.collation_key.call(vec![expr])
    }
}

impl ExprPlanner for Semantics {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let (left, right) = (expr.left.get_type(schema)?, expr.right.get_type(schema)?);
        let planned = |left: Expr, op: Operator, right: Expr| {
            Ok(PlannerResult::Planned(Expr::BinaryExpr(BinaryExpr::new(
                Box::new(left),
                op,
                Box::new(right),
            ))))
        };
        match &expr.op {
            BinaryOperator::Plus if is_text(&left) && (is_text(&right) || right.is_null()) => {
                planned(expr.left, Operator::StringConcat, expr.right)
            }
            BinaryOperator::Plus if left.is_null() && is_text(&right) => {
                planned(expr.left, Operator::StringConcat, expr.right)
            }
            op => match comparison(op) {
                Some(op) if is_text(&left) && is_text(&right) => {
                    planned(self.key(expr.left), op, self.key(expr.right))
                }
                // A bit is a number when it meets one.
                Some(op) if left == DataType::Boolean && right.is_integer() => planned(
                    Expr::Cast(Cast::new(Box::new(expr.left), DataType::Int32)),
                    op,
                    expr.right,
                ),
                Some(op) if left.is_integer() && right == DataType::Boolean => planned(
                    expr.left,
                    op,
                    Expr::Cast(Cast::new(Box::new(expr.right), DataType::Int32)),
                ),
                _ => Ok(PlannerResult::Original(expr)),
            },
        }
    }

    fn plan_aggregate(&self, expr: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        // COUNT is an int; the engine counts in 64 bits.
        if expr.func.name() != "count" {
            return Ok(PlannerResult::Original(expr));
        }
        // COUNT(*) counts rows: any constant does.
        #[expect(
            deprecated,
            reason = "the planner still hands a wildcard to the functions"
        )]
        let is_wildcard = |argument: &Expr| matches!(argument, Expr::Wildcard { .. });
        let args = match expr.args.as_slice() {
            [argument] if is_wildcard(argument) => vec![lit(1_i64)],
            _ => expr.args,
        };
        let aggregate = AggregateFunction::new_udf(
            expr.func,
            args,
            expr.distinct,
            expr.filter,
            expr.order_by,
            expr.null_treatment,
        );
        let count = Expr::AggregateFunction(aggregate);
        Ok(PlannerResult::Planned(Expr::Cast(Cast::new(
            Box::new(count),
            DataType::Int32,
        ))))
    }
}

fn is_text(data_type: &DataType) -> bool {
    *data_type == DataType::Utf8
}

fn comparison(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        _ => return None,
    })
}

/// The types of T-SQL in CAST.
#[derive(Debug)]
pub(super) struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, written: &SqlDataType) -> Result<Option<FieldRef>> {
        let sql_type = SqlType::from_ast(written, CAST_LENGTH)
            .map_err(|error| datafusion::common::plan_datafusion_err!("{error:?}"))?;
        let field = sql_type
            .field("", true)
            .map_err(|error| datafusion::common::not_impl_datafusion_err!("{}", error.message))?;
        // The type is remembered; a name is not part of it.
        let mut metadata = field.metadata().clone();
        metadata.remove(crate::sql::types::DISPLAY_NAME);
        Ok(Some(Arc::new(
            Field::new("", field.data_type().clone(), true).with_metadata(metadata),
        )))
    }
}
