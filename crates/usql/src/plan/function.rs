//! A bound expression as a function of the query engine: its arguments are the
//! columns it reads. Plain data, known by its text.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};

use crate::cs::Type;
use crate::cs::members::Context;
use crate::error::RuntimeError;
use crate::expr::{self, Batch, Expr, Kind, column};

/// An expression over its arguments.
#[derive(Debug)]
pub(crate) struct ExprFunction {
    /// Columns are the arguments.
    expr: Expr,
    types: Vec<Type>,
    context: Context,
    /// The expression as text: what makes two functions the same.
    text: String,
    signature: Signature,
    result: DataType,
}

impl ExprFunction {
    /// `expr` as a function, and the input columns that are its arguments.
    pub(crate) fn udf(expr: &Expr, types: &[Type], context: Context) -> (ScalarUDF, Vec<usize>) {
        let columns = expr.columns();
        let mut own = expr.clone();
        own.rewrite(&mut |part| {
            if let Kind::Column(at) = &mut part.kind {
                *at = columns
                    .iter()
                    .position(|column| column == at)
                    .unwrap_or(*at);
            }
            false
        });
        // What can raise must not be moved to rows it was not written for.
        let fixed = !own.is_volatile() && !own.can_raise();
        let volatility = if fixed {
            Volatility::Immutable
        } else {
            Volatility::Volatile
        };
        // An expression without columns has no arguments.
        let any = vec![TypeSignature::VariadicAny, TypeSignature::Nullary];
        let signature = Signature::one_of(any, volatility);
        let function = Self {
            text: own.to_string(),
            types: columns.iter().map(|at| types[*at].clone()).collect(),
            result: column::data_type(&own.ty),
            expr: own,
            context,
            signature,
        };
        (ScalarUDF::new_from_impl(function), columns)
    }
}

impl PartialEq for ExprFunction {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr && self.types == other.types
    }
}

impl Eq for ExprFunction {}

impl Hash for ExprFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
        self.types.hash(state);
    }
}

impl ScalarUDFImpl for ExprFunction {
    fn name(&self) -> &str {
        &self.text
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new("value", self.result.clone(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = args
            .args
            .iter()
            .map(|arg| arg.to_array(args.number_rows))
            .collect::<Result<Vec<_>>>()?;
        let batch = Batch {
            columns,
            types: &self.types,
            rows: args.number_rows,
        };
        let array = expr::evaluate(&self.expr, &batch, &self.context).map_err(|exception| {
            DataFusionError::External(Box::new(RuntimeError::from(exception)))
        })?;
        Ok(ColumnarValue::Array(array))
    }
}
