//! Linear models over tables: the server computes means, and then the products of the columns about them.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type},
};

use super::{
    ModelKind, RxModel,
    design::{self, Column, Known, Part},
    linear, model,
};
use crate::{
    error::{Error, Result},
    formula::{Formula, Variable},
    identifier::{quote_name, quote_text},
    session::Session,
    sql_server_data::RxSqlServerData,
};

/// More coefficients than this would make a statement too long.
const MAX_COLUMNS: usize = 40;

pub(super) async fn fit(
    formula: &Formula,
    dependent: String,
    source: &RxSqlServerData,
) -> Result<RxModel> {
    let relation = source.relation()?;
    let mut session = source.session().await?;
    let described = session
        .query(&format!("SELECT TOP 0 * FROM {relation}"), Vec::new())
        .await?;
    let schema = described.schema();
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut levels: Vec<(Variable, Known)> = Vec::new();
    let everything = names.iter().map(|name| Variable::Column(name.clone()));
    let variables = formula.terms.iter().flatten().cloned();
    let all: Vec<Variable> = if formula.everything {
        variables.chain(everything).collect()
    } else {
        variables.collect()
    };
    for variable in all {
        if !levels.iter().any(|(known, _)| *known == variable) {
            let found = known(&mut session, &relation, &schema, &variable).await?;
            levels.push((variable, found));
        }
    }
    let known = |variable: &Variable| {
        let found = levels.iter().find(|(known, _)| known == variable);
        found.map(|(_, known)| known.clone()).ok_or_else(|| {
            Error::InvalidArgument(format!("the data has no column '{}'", variable.column()))
        })
    };
    let columns = design::columns(formula, &dependent, &known, &names)?;
    let dependent_is_number = schema
        .field_with_name(&dependent)
        .is_ok_and(|field| field.data_type().is_numeric());
    if !dependent_is_number {
        return Err(Error::InvalidArgument(format!(
            "'{dependent}' is not a column of numbers"
        )));
    }
    if columns.len() > MAX_COLUMNS {
        return Err(Error::Unsupported(format!(
            "a model of {} coefficients cannot be fitted on the server; import the data first",
            columns.len()
        )));
    }
    Products {
        relation: &relation,
        columns: &columns,
        dependent: &dependent,
        intercept: formula.intercept,
    }
    .fit(&mut session)
    .await
    .map(|(fitted, observed)| {
        model(
            ModelKind::Linear,
            formula,
            dependent.clone(),
            columns.clone(),
            observed,
            fitted,
        )
    })
}

async fn known(
    session: &mut Session,
    relation: &str,
    schema: &arrow::datatypes::Schema,
    variable: &Variable,
) -> Result<Known> {
    let name = variable.column();
    let field = schema
        .field_with_name(name)
        .map_err(|_| Error::InvalidArgument(format!("the data has no column '{name}'")))?;
    match (variable, field.data_type()) {
        (Variable::Factor(_, Some((low, high))), of) if of.is_numeric() => Ok(Known::Levels(
            (*low..=*high).map(|level| level.to_string()).collect(),
        )),
        (Variable::Factor(_, None), of) if of.is_numeric() => {
            let column = quote_name(name);
            let query = format!(
                "SELECT DISTINCT CAST({column} AS bigint) AS level FROM {relation} WHERE {column} IS NOT NULL ORDER BY level"
            );
            Ok(Known::Levels(session.names(&query).await?))
        }
        (Variable::Factor(..), _) => Err(Error::InvalidArgument(format!(
            "'{name}' is no number, which F() needs"
        ))),
        (_, DataType::Boolean) => Ok(Known::Levels(vec!["True".to_owned(), "False".to_owned()])),
        (_, of) if of.is_numeric() => Ok(Known::Number),
        _ => Ok(Known::Text),
    }
}

struct Products<'a> {
    relation: &'a str,
    columns: &'a [Column],
    dependent: &'a str,
    intercept: bool,
}

impl Products<'_> {
    async fn fit(&self, session: &mut Session) -> Result<(super::Fitted, (u64, u64))> {
        // The intercept is what the means are taken for; it is no column of the products.
        let free: Vec<usize> = (0..self.columns.len())
            .filter(|at| !self.columns[*at].0.is_empty())
            .collect();
        let expressions: Vec<String> = free
            .iter()
            .map(|at| expression(&self.columns[*at]))
            .collect();
        let dependent = format!("CAST({} AS float)", quote_name(self.dependent));
        let mut needed: Vec<String> = free
            .iter()
            .flat_map(|at| self.columns[*at].0.iter())
            .map(|part| format!("{} IS NOT NULL", quote_name(part.column())))
            .collect();
        needed.push(format!("{} IS NOT NULL", quote_name(self.dependent)));
        needed.sort_unstable();
        needed.dedup();
        let condition = needed.join(" AND ");

        let mut means = vec![
            "COUNT_BIG(*) AS total".to_owned(),
            format!("SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS used"),
        ];
        let all = expressions.iter().chain([&dependent]);
        means.extend(
            all.clone()
                .enumerate()
                .map(|(at, text)| format!("AVG(CASE WHEN {condition} THEN {text} END) AS m{at}")),
        );
        let row = numbers(
            session,
            &format!("SELECT {} FROM {}", means.join(", "), self.relation),
        )
        .await?;
        let (total, used) = (row[0], row[1]);
        let about: Vec<f64> = if self.intercept {
            row[2..].to_vec()
        } else {
            vec![0.0; row.len() - 2]
        };

        let centred: Vec<String> = all
            .zip(&about)
            .enumerate()
            .map(|(at, (text, mean))| format!("({text} - ({mean:e})) AS c{at}"))
            .collect();
        let mut products = Vec::new();
        for left in 0..centred.len() {
            for right in 0..=left {
                products.push(format!("SUM(c{left} * c{right}) AS p{}", products.len()));
            }
        }
        let query = format!(
            "SELECT {} FROM (SELECT {} FROM {} WHERE {condition}) AS centred",
            products.join(", "),
            centred.join(", "),
            self.relation
        );
        let sums = numbers(session, &query).await?;
        let entry = |a: usize, b: usize| {
            let (low, high) = (a.min(b), a.max(b));
            sums[high * (high + 1) / 2 + low]
        };
        let width = free.len();
        if used < linear::real(self.columns.len()) {
            return Err(Error::InvalidArgument(format!(
                "{used} complete rows are too few for {} coefficients",
                self.columns.len()
            )));
        }
        let matrix: Vec<Vec<f64>> = (0..width)
            .map(|a| (0..width).map(|b| entry(a, b)).collect())
            .collect();
        let with_dependent: Vec<f64> = (0..width).map(|at| entry(at, width)).collect();
        let spread = entry(width, width);
        let solved = linear::solve_products(&matrix, &with_dependent, spread);
        let (mut values, mut inverse) = (
            vec![None; self.columns.len()],
            vec![None; self.columns.len()],
        );
        for (at, column) in free.iter().enumerate() {
            values[*column] = solved.values[at];
            inverse[*column] = solved.inverse[at];
        }
        if self.intercept {
            let explained: f64 = free
                .iter()
                .enumerate()
                .map(|(at, column)| about[at] * values[*column].unwrap_or(0.0))
                .sum();
            let intercept = self
                .columns
                .iter()
                .position(|column| column.0.is_empty())
                .unwrap_or(0);
            values[intercept] = Some(about[width] - explained);
            inverse[intercept] =
                Some(1.0 / used + quadratic(&matrix, &solved.values, &about[..width]));
        }
        let rank = values.iter().flatten().count();
        let used = whole(used);
        let freedom = usize::try_from(used)
            .unwrap_or(usize::MAX)
            .saturating_sub(rank);
        let fitted = linear::with_errors(values, &inverse, solved.residual, spread, freedom);
        Ok((fitted, (used, whole(total) - used)))
    }
}

/// The means weighed by the inverse of the products: what the intercept's variance has beyond that of the mean.
fn quadratic(matrix: &[Vec<f64>], values: &[Option<f64>], means: &[f64]) -> f64 {
    let kept: Vec<usize> = (0..values.len())
        .filter(|at| values[*at].is_some())
        .collect();
    let pick = |at: &usize| kept.iter().map(|other| matrix[*at][*other]).collect();
    let reduced: Vec<Vec<f64>> = kept.iter().map(pick).collect();
    let means: Vec<f64> = kept.iter().map(|at| means[*at]).collect();
    let solved = linear::solve_products(&reduced, &means, 0.0);
    solved
        .values
        .iter()
        .zip(&means)
        .map(|(value, mean)| value.unwrap_or(0.0) * mean)
        .sum()
}

/// A column of the design in T-SQL.
fn expression(column: &Column) -> String {
    let parts = column.0.iter().map(|part| match part {
        Part::Number(name) => format!("CAST({} AS float)", quote_name(name)),
        Part::Level { column, level, .. } => {
            let level = match level.as_str() {
                "True" => "1".to_owned(),
                "False" => "0".to_owned(),
                level if level.parse::<i64>().is_ok() => level.to_owned(),
                level => quote_text(level),
            };
            format!("CASE WHEN CAST({} AS bigint) = {level} THEN CAST(1 AS float) ELSE CAST(0 AS float) END", quote_name(column))
        }
    });
    format!("({})", parts.collect::<Vec<_>>().join(" * "))
}

/// The one row of a query as numbers.
async fn numbers(session: &mut Session, query: &str) -> Result<Vec<f64>> {
    let rows: RecordBatch = session.query(query, Vec::new()).await?.concat()?;
    if rows.num_rows() != 1 {
        return Err(Error::InvalidData("the server computed no sums".to_owned()));
    }
    let number = |column: &arrow::array::ArrayRef| -> Result<f64> {
        let numbers = cast(column, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        Ok(if numbers.is_valid(0) {
            numbers.value(0)
        } else {
            0.0
        })
    };
    rows.columns().iter().map(number).collect()
}

/// A count that came as a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of rows is whole, not negative and below 2^53"
)]
fn whole(count: f64) -> u64 {
    count as u64
}
