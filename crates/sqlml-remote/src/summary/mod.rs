//! `rx_summary`: statistics of columns, by category where asked. Local over frames, or on the server over a table or query.

mod display;
mod in_sql;
mod local;
mod moments;

use crate::{
    data_step::{DataSource, Local},
    error::{Error, Result},
    formula::Formula,
};
pub(crate) use display::significant;
pub(crate) use moments::Moments;

/// The statistics of a numeric term.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// The name of the term.
    pub name: String,
    /// The mean; NaN without any value.
    pub mean: f64,
    /// The standard deviation of a sample; NaN below two values.
    pub std_dev: f64,
    /// The smallest value; NaN without any.
    pub min: f64,
    /// The largest value; NaN without any.
    pub max: f64,
    /// The sum.
    pub sum: f64,
    /// How many values there are.
    pub valid_obs: u64,
    /// How many are missing.
    pub missing_obs: u64,
}

/// How often each category of a factor, or of factors together, occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The name of the term.
    pub name: String,
    /// The factors.
    pub factors: Vec<String>,
    /// The level of each factor, and how often these occur together.
    pub counts: Vec<(Vec<String>, u64)>,
    /// How many rows have a missing factor.
    pub missing_obs: u64,
}

/// The statistics of a numeric column for each category.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Cells {
    /// The name of the term.
    pub name: String,
    /// The numeric column.
    pub variable: String,
    /// The factors.
    pub factors: Vec<String>,
    /// The level of each factor, and the statistics there.
    pub cells: Vec<(Vec<String>, Statistics)>,
}

/// What [`rx_summary`] found. `Display` prints it as the original does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RxSummary {
    /// The formula.
    pub formula: String,
    /// Where the rows come from, as printed.
    pub data: String,
    /// Whether that is a file.
    pub is_file: bool,
    /// How many rows were used.
    pub valid_obs: u64,
    /// How many rows were left out because a value is missing.
    pub missing_obs: u64,
    /// The numeric terms, in the order of the formula.
    pub statistics: Vec<Statistics>,
    /// The factor terms.
    pub categorical: Vec<Counts>,
    /// The numeric terms by factors.
    pub by_category: Vec<Cells>,
}

/// Sums columns up: numbers by mean, deviation and range, factors by counts, `number:factor` for each category.
///
/// # Errors
/// As [`Summary::run`].
pub async fn rx_summary(formula: &str, source: impl Into<DataSource>) -> Result<RxSummary> {
    Summary::new(formula, source).run().await
}

/// A summary with options.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `run`"]
pub struct Summary {
    formula: String,
    source: DataSource,
    by_term: bool,
    strings_as_factors: bool,
    remove_zero_counts: bool,
}

impl Summary {
    /// A summary of these columns.
    pub fn new(formula: impl Into<String>, source: impl Into<DataSource>) -> Self {
        Self {
            formula: formula.into(),
            source: source.into(),
            by_term: true,
            strings_as_factors: false,
            remove_zero_counts: false,
        }
    }

    /// Whether a missing value only takes a row out of its own term. Default: yes; otherwise a row counts only when no
    /// column of the formula is missing there.
    pub fn by_term(mut self, by_term: bool) -> Self {
        self.by_term = by_term;
        self
    }

    /// Whether columns of text are taken as factors. Default: no, as in the original, which refuses them.
    pub fn strings_as_factors(mut self, converts: bool) -> Self {
        self.strings_as_factors = converts;
        self
    }

    /// Whether categories that do not occur are left out. Default: no.
    pub fn remove_zero_counts(mut self, removes: bool) -> Self {
        self.remove_zero_counts = removes;
        self
    }

    /// Sums up. A table or a query is summed up on its server, by one statement for each term; no row leaves it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a formula that is none, a column that is not there or is text; the server's.
    pub async fn run(self) -> Result<RxSummary> {
        let formula = Formula::parse(&self.formula)?;
        let options = Options {
            by_term: self.by_term,
            strings_as_factors: self.strings_as_factors,
            remove_zero_counts: self.remove_zero_counts,
        };
        match self.source.local()? {
            Local::Rows(frame) => {
                let file = self.source.file_name()?;
                local::summarise(&formula, file, &frame, options)
            }
            Local::Elsewhere(source) => in_sql::summarise(&formula, &source, options).await,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Options {
    by_term: bool,
    strings_as_factors: bool,
    remove_zero_counts: bool,
}

/// How a column takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Number,
    Factor,
    Text,
}

/// What a term is after its columns are known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Resolved {
    name: String,
    /// At most one.
    number: Option<String>,
    factors: Vec<(String, Levels)>,
}

/// The levels of a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Levels {
    /// The values of the column.
    Values,
    /// The whole numbers from the lowest to the highest, which may be given.
    Whole(Option<(i64, i64)>),
}

impl Levels {
    fn range(self) -> Option<(i64, i64)> {
        match self {
            Self::Values => None,
            Self::Whole(range) => range,
        }
    }
}

/// The terms with the roles of their columns. A response makes every term one of it by the term.
fn resolve(formula: &Formula, roles: &[(String, Role)], options: Options) -> Result<Vec<Resolved>> {
    use crate::formula::{Variable, term_name};
    let mut terms = formula.terms.clone();
    if formula.everything {
        let usable = roles.iter().filter(|(name, role)| {
            *role != Role::Text
                && formula
                    .response
                    .as_ref()
                    .is_none_or(|response| response.column() != name)
        });
        let mut all: Vec<_> = usable
            .map(|(name, _)| vec![Variable::Column(name.clone())])
            .collect();
        all.append(&mut terms);
        terms = all;
    }
    if let Some(response) = &formula.response {
        for term in &mut terms {
            term.insert(0, response.clone());
        }
    }
    terms
        .iter()
        .map(|term| {
            let mut resolved = Resolved {
                name: term_name(term),
                number: None,
                factors: Vec::new(),
            };
            for variable in term {
                let name = variable.column();
                let (known, role) =
                    roles
                        .iter()
                        .find(|(known, _)| known == name)
                        .ok_or_else(|| {
                            Error::InvalidArgument(format!("the data has no column '{name}'"))
                        })?;
                match (variable, role) {
                    (Variable::Factor(_, range), Role::Number) => {
                        resolved
                            .factors
                            .push((known.clone(), Levels::Whole(*range)));
                    }
                    (Variable::Factor(..), _) => {
                        return Err(Error::InvalidArgument(format!(
                            "'{name}' is no number, which F() needs"
                        )));
                    }
                    (_, Role::Text) if !options.strings_as_factors => {
                        return Err(Error::InvalidArgument(format!(
                            "'{name}' is a column of text; convert it to a factor first"
                        )));
                    }
                    (_, Role::Factor | Role::Text) => {
                        resolved.factors.push((known.clone(), Levels::Values));
                    }
                    (_, Role::Number) if resolved.number.is_none() => {
                        resolved.number = Some(known.clone())
                    }
                    (_, Role::Number) => {
                        return Err(Error::InvalidArgument(format!(
                            "the term '{}' has more than one number; make a factor of one with F()",
                            resolved.name
                        )));
                    }
                }
            }
            Ok(resolved)
        })
        .collect()
}
