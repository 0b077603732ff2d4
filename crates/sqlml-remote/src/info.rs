//! `rx_get_info` and its kin: how many rows a source has and what its columns are.

use std::fmt;

use arrow::{
    array::{Array, AsArray},
    compute::cast,
    datatypes::{DataType, Field, Float64Type},
};

use crate::{
    columns::levels,
    data_step::{DataSource, Local},
    error::{Error, Result},
    identifier::quote_name,
    session::{Frame, Session},
    sql_server_data::RxSqlServerData,
};

/// What a column is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VariableInfo {
    /// Its name.
    pub name: String,
    /// Its class: `integer`, `numeric`, `factor`, `character`, `logical`, `Date`, `POSIXct` or `raw`.
    pub class: &'static str,
    /// How its values are kept, for example `int32`.
    pub storage: String,
    /// The smallest and the largest value, where they were asked for and there are any.
    pub low_high: Option<(f64, f64)>,
    /// The levels of a factor, where they were asked for.
    pub levels: Option<Vec<String>>,
}

impl VariableInfo {
    fn of(field: &Field) -> Self {
        let (class, storage) = match field.data_type() {
            DataType::Boolean => ("logical", "bool".to_owned()),
            DataType::Dictionary(..) => ("factor", "uint32".to_owned()),
            DataType::Utf8 | DataType::LargeUtf8 => ("character", "string".to_owned()),
            DataType::Date32 => ("Date", "float64".to_owned()),
            DataType::Timestamp(..) => ("POSIXct", "float64".to_owned()),
            DataType::Binary => ("raw", "bytes".to_owned()),
            other if other.is_integer() => ("integer", other.to_string().to_lowercase()),
            other => ("numeric", other.to_string().to_lowercase()),
        };
        Self {
            name: field.name().clone(),
            class,
            storage,
            low_high: None,
            levels: None,
        }
    }

    fn has_range(&self) -> bool {
        matches!(self.class, "integer" | "numeric")
    }
}

/// What a source is. `Display` prints it as the original does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RxInfo {
    /// The file or table; empty for a frame.
    pub source: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many columns it has.
    pub variables: usize,
    /// How many blocks of rows a file has.
    pub blocks: Option<usize>,
    /// What its columns are, where that was asked for.
    pub variable_info: Option<Vec<VariableInfo>>,
    /// The first rows, where some were asked for.
    pub data: Option<Frame>,
}

/// What to tell of a source.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before `run`"]
pub struct GetInfo {
    source: DataSource,
    variables: bool,
    compute: bool,
    rows: usize,
}

impl GetInfo {
    /// The number of rows and columns of this source.
    pub fn new(source: impl Into<DataSource>) -> Self {
        Self {
            source: source.into(),
            variables: false,
            compute: false,
            rows: 0,
        }
    }

    /// What each column is, too. Default: no.
    pub fn get_var_info(mut self, gets: bool) -> Self {
        self.variables = gets;
        self
    }

    /// The smallest and largest values of tables too, which the server then computes. Those of files and frames are told in
    /// any case. Default: no.
    pub fn compute_info(mut self, computes: bool) -> Self {
        self.compute = computes;
        self
    }

    /// How many of the first rows to get. Default: none.
    pub fn num_rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Asks.
    ///
    /// # Errors
    /// The server's, and those of files.
    pub async fn run(self) -> Result<RxInfo> {
        let blocks = match &self.source {
            DataSource::Xdf(file) => Some(file.blocks()?),
            DataSource::Text(_) => Some(1),
            _ => None,
        };
        match self.source.local()? {
            Local::Elsewhere(source) => self.of_table(&source).await,
            Local::Rows(frame) => {
                let name = self.source.file_name()?.unwrap_or_default();
                self.of_frame(name, blocks, &frame)
            }
        }
    }

    fn of_frame(&self, source: String, blocks: Option<usize>, frame: &Frame) -> Result<RxInfo> {
        let schema = frame.schema();
        let mut variables = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            let mut variable = VariableInfo::of(field);
            for batch in frame.batches() {
                let column = batch.column(at);
                if variable.has_range() {
                    let range = range(column.as_ref())?;
                    variable.low_high = match (variable.low_high, range) {
                        (Some((low, high)), Some((lower, higher))) => {
                            Some((low.min(lower), high.max(higher)))
                        }
                        (known, range) => known.or(range),
                    };
                }
                variable.levels = levels(column.as_ref())?.or(variable.levels);
            }
            variables.push(variable);
        }
        let whole = (self.rows > 0).then(|| frame.concat()).transpose()?;
        let data = whole.map(|whole| whole.slice(0, self.rows.min(whole.num_rows())));
        Ok(RxInfo {
            source,
            rows: u64::try_from(frame.num_rows()).unwrap_or(u64::MAX),
            variables: schema.fields().len(),
            blocks,
            variable_info: self.variables.then_some(variables),
            data: data.map(|data| Frame::new(vec![data])).transpose()?,
        })
    }

    async fn of_table(&self, source: &RxSqlServerData) -> Result<RxInfo> {
        let mut session = source.session().await?;
        let relation = source.relation()?;
        let count = format!("SELECT CAST(COUNT(*) AS bigint) FROM {relation}");
        let rows = session.text(&count, Vec::new()).await?;
        let rows = rows.and_then(|rows| rows.parse().ok());
        let first = format!("SELECT TOP {} * FROM {relation}", self.rows);
        let data = session.query(&first, Vec::new()).await?;
        let mut variables: Vec<VariableInfo> = data
            .schema()
            .fields()
            .iter()
            .map(|field| VariableInfo::of(field))
            .collect();
        if self.compute {
            ranges(&mut session, &relation, &mut variables).await?;
        }
        Ok(RxInfo {
            source: relation,
            rows: rows.ok_or_else(|| Error::InvalidData("the count is no number".to_owned()))?,
            variables: variables.len(),
            blocks: None,
            variable_info: self.variables.then_some(variables),
            data: (self.rows > 0).then_some(data),
        })
    }
}

/// Asks the server for the smallest and largest values, in one statement.
async fn ranges(
    session: &mut Session,
    relation: &str,
    variables: &mut [VariableInfo],
) -> Result<()> {
    let asked: Vec<&mut VariableInfo> = variables
        .iter_mut()
        .filter(|variable| variable.has_range())
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let terms: Vec<String> = asked
        .iter()
        .map(|variable| {
            let name = quote_name(&variable.name);
            format!("CAST(MIN({name}) AS float), CAST(MAX({name}) AS float)")
        })
        .collect();
    let query = format!("SELECT {} FROM {relation}", terms.join(", "));
    let row = session.query(&query, Vec::new()).await?.concat()?;
    if row.num_rows() == 0 {
        return Ok(());
    }
    for (at, variable) in asked.into_iter().enumerate() {
        let value = |column: usize| {
            let column = row.column(column).as_primitive::<Float64Type>();
            column.is_valid(0).then(|| column.value(0))
        };
        variable.low_high = value(2 * at).zip(value(2 * at + 1));
    }
    Ok(())
}

fn range(column: &dyn Array) -> Result<Option<(f64, f64)>> {
    let numbers = cast(column, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>();
    let mut range = None;
    for number in numbers.iter().flatten().filter(|number| !number.is_nan()) {
        range = Some(range.map_or((number, number), |(low, high): (f64, f64)| {
            (low.min(number), high.max(number))
        }));
    }
    Ok(range)
}

/// How many rows and columns a source has; [`GetInfo`] tells more.
///
/// # Errors
/// As [`GetInfo::run`].
pub async fn rx_get_info(source: impl Into<DataSource>) -> Result<RxInfo> {
    GetInfo::new(source).run().await
}

/// What the columns of a source are.
///
/// # Errors
/// As [`GetInfo::run`].
pub async fn rx_get_var_info(source: impl Into<DataSource>) -> Result<Vec<VariableInfo>> {
    let info = GetInfo::new(source).get_var_info(true).run().await?;
    Ok(info.variable_info.unwrap_or_default())
}

/// The names of the columns of a source.
///
/// # Errors
/// As [`GetInfo::run`].
pub async fn rx_get_var_names(source: impl Into<DataSource>) -> Result<Vec<String>> {
    let variables = rx_get_var_info(source).await?;
    Ok(variables
        .into_iter()
        .map(|variable| variable.name)
        .collect())
}

impl fmt::Display for VariableInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.levels {
            Some(levels) => {
                let shown: Vec<String> = levels
                    .iter()
                    .map(|level| format!("'{}'", level.replace('\\', "\\\\").replace('\'', "\\'")))
                    .collect();
                write!(
                    f,
                    "{}\n\t{} factor levels: [{}]",
                    self.name,
                    levels.len(),
                    shown.join(", ")
                )
            }
            None => {
                write!(
                    f,
                    "{}, Type: {}, Storage: {}",
                    self.name, self.class, self.storage
                )?;
                if let Some((low, high)) = self.low_high {
                    write!(f, ", Low/High: ({low:.4}, {high:.4})")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for RxInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_empty() {
            let what = if self.blocks.is_some() {
                "File name"
            } else {
                "Data source"
            };
            writeln!(f, "{what}:{}", self.source)?;
        }
        writeln!(f, "Number of observations:{}.0", self.rows)?;
        writeln!(f, "Number of variables:{}.0", self.variables)?;
        if let Some(blocks) = self.blocks {
            writeln!(f, "Number of blocks:{blocks}.0")?;
        }
        if let Some(variables) = &self.variable_info {
            writeln!(f, "Variable information: ")?;
            for (number, variable) in (1..).zip(variables) {
                writeln!(f, "Var {number}: {variable}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};

    use super::*;
    use crate::{columns::factor, files::RxXdfData};

    /// The layout of the SQL Server protocol notes, section 1.5.
    #[tokio::test]
    async fn info_is_printed_as_the_original_does() {
        let mut known = ["small", "medium", "large"].map(str::to_owned).to_vec();
        let sizes = StringArray::from(vec![Some("large"); 90]);
        let rows = RecordBatch::try_from_iter_with_nullable([
            (
                "visit",
                Arc::new(Int32Array::from_iter_values(1..=90)) as ArrayRef,
                true,
            ),
            (
                "size",
                Arc::new(factor(&sizes, &mut known, false).unwrap()),
                true,
            ),
        ]);
        let frame = Frame::new(vec![rows.unwrap()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = RxXdfData::new(folder.path().join("visits.parquet"));
        file.write(&frame).unwrap();
        let info = GetInfo::new(&file)
            .get_var_info(true)
            .num_rows(2)
            .run()
            .await
            .unwrap();
        let expected = format!(
            "File name:{}\nNumber of observations:90.0\nNumber of variables:2.0\nNumber of blocks:1.0\n\
             Variable information: \nVar 1: visit, Type: integer, Storage: int32, Low/High: (1.0000, 90.0000)\n\
             Var 2: size\n\t3 factor levels: ['small', 'medium', 'large']\n",
            folder.path().join("visits.parquet").display()
        );
        assert_eq!(info.to_string(), expected);
        assert_eq!(info.data.unwrap().num_rows(), 2);
        assert_eq!(rx_get_var_names(frame).await.unwrap(), ["visit", "size"]);
    }
}
