//! `azml sql ...`: SQL Server and the functions that run in it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::{Failure, Result};

/// SQL Server: functions that run at the data, tables, queries.
#[derive(Debug, Subcommand)]
pub(crate) enum SqlCommand {
    /// Run a Python function on the server and bring back what it returns
    #[command(after_help = "Examples:\n  \
        azml sql exec plot.py:send_this_func_to_sql --database irissql --save iris.png\n  \
        azml sql exec model.py:train --arg rounds=10 --arg target=species --output json\n  \
        azml sql exec stats.py:mean --input \"SELECT * FROM iris\"\n\n\
        The function is sent as source text, and only what it returns leaves the server. Its first \
        argument is the result of --input, when there is one. What it prints goes to standard error.")]
    Exec(ExecArgs),
    /// Run statements and print the rows of the last result
    #[command(after_help = "Examples:\n  \
        azml sql query \"SELECT TOP 5 * FROM iris\" --database irissql\n  \
        azml sql query --file report.sql --output csv > report.csv\n  \
        azml sql query \"SELECT * FROM iris\" --output parquet=iris.parquet")]
    Query(QueryArgs),
    /// Load a file into a table, which is made where it is missing
    #[command(after_help = "Examples:\n  \
        azml sql import iris.csv iris --database irissql --create-database\n  \
        azml sql import more.csv iris --append\n  \
        azml sql import iris.parquet dbo.iris --overwrite\n\n\
        The old table stays as it was until all rows are there, and when anything fails.")]
    Import(ImportArgs),
    /// Write a table or the result of a query to a file
    #[command(after_help = "Examples:\n  \
        azml sql export iris iris.parquet --database irissql\n  \
        azml sql export \"SELECT * FROM iris WHERE species = 'setosa'\" setosa.csv")]
    Export(ExportArgs),
    /// List the tables of a database
    #[command(after_help = "Examples:\n  azml sql tables --database irissql --output json")]
    Tables(ServerArgs),
    /// List the stored procedures of a database
    #[command(after_help = "Examples:\n  azml sql procedures --database irissql")]
    Procedures(ServerArgs),
    /// Sum columns up on the server: means, deviations, ranges, counts
    #[command(after_help = "Examples:\n  \
        azml sql summary \"sepal_length_cm + species\" iris --database irissql\n  \
        azml sql summary \"ArrDelay:DayOfWeek\" \"SELECT * FROM flights WHERE year = 1987\" --output json\n\n\
        Numbers are summed up by their mean, standard deviation and range, texts by counts; a:b is a \
        for each value of b, and . is every column. No row leaves the server.")]
    Summary(SummaryArgs),
    /// List the databases
    #[command(after_help = "Examples:\n  azml sql databases")]
    Databases(ServerArgs),
    /// Show the server: version, edition, whether scripts can run, their Python
    #[command(after_help = "Examples:\n  azml sql info --output json")]
    Info(ServerArgs),
    /// Show what the login may do in a database
    #[command(after_help = "Examples:\n  azml sql permissions --database irissql")]
    Permissions(ServerArgs),
    /// Make a Python environment for scripts: pandas, matplotlib, scikit-learn
    #[command(after_help = "Examples:\n  \
        azml sql setup-python ./python\n  \
        azml emulator start --allow-scripts --python ./python/bin/python\n  \
        azml sql setup-python ./python --wheels ./wheels      without a network\n  \
        azml sql setup-python ./python --jupyter\n\n\
        The environment is one for clients too: it has pyodbc, and a stand-in for revoscalepy with \
        sample data. Prints the path of the interpreter. Without DIR it goes where the emulator looks by itself. \
        Scripts run as another user when the emulator is root's: choose a place that user can read.")]
    SetupPython(SetupPythonArgs),
}

/// Which server and database.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServerArgs {
    /// Connection string; else AZML_SQL_HOST, AZML_SQL_PORT, AZML_SQL_USER and AZML_SQL_PASSWORD
    #[arg(
        long,
        value_name = "TEXT",
        env = "AZML_SQL_CONNECTION",
        hide_env_values = true
    )]
    pub(crate) connection: Option<String>,
    /// Database to work in, instead of the login's own
    #[arg(long, short, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// Seconds after which a statement is stopped
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

/// `azml sql exec`.
#[derive(Args, Debug)]
pub(crate) struct ExecArgs {
    /// Python file and function, as FILE:FUNCTION; without a function the last one in the file
    #[arg(value_name = "FILE[:FUNCTION]")]
    pub(crate) function: String,
    /// Argument of the function, as NAME=VALUE; the value is JSON, or else text
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) arg: Vec<String>,
    /// Query whose rows are the first argument, as a data frame
    #[arg(long, value_name = "QUERY")]
    pub(crate) input: Option<String>,
    /// File for the bytes that come back; a picture is checked to be whole
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `azml sql query`.
#[derive(Args, Debug)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) query: QueryText,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// What to run.
#[derive(Args, Debug)]
pub(crate) struct QueryText {
    /// Statements to run
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub(crate) text: Option<String>,
    /// File with the statements
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

impl QueryText {
    /// The statements.
    pub(crate) fn read(&self) -> Result<String> {
        match (&self.text, &self.file) {
            (Some(text), _) => Ok(text.clone()),
            (None, Some(file)) => {
                std::fs::read_to_string(file).map_err(|error| Failure::file("read", file, error))
            }
            (None, None) => Err(Failure::usage("there is nothing to run")),
        }
    }
}

/// `azml sql import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// CSV file with a header, or Parquet file (.parquet)
    pub(crate) file: PathBuf,
    /// Table, as NAME, SCHEMA.NAME or DATABASE.SCHEMA.NAME
    pub(crate) table: String,
    /// Replace a table that is there
    #[arg(long, conflicts_with = "append")]
    pub(crate) overwrite: bool,
    /// Add to a table that is there
    #[arg(long)]
    pub(crate) append: bool,
    /// Make the database first, where it is missing
    #[arg(long, requires = "database")]
    pub(crate) create_database: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `azml sql export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// Table, or a query that begins with SELECT or WITH
    pub(crate) source: String,
    /// File to write: CSV, or Parquet (.parquet)
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `azml sql summary`.
#[derive(Args, Debug)]
pub(crate) struct SummaryArgs {
    /// Columns, as in A + B + A:B; or . for all
    pub(crate) formula: String,
    /// Table, or a query that begins with SELECT or WITH
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `azml sql setup-python`.
#[derive(Args, Debug)]
pub(crate) struct SetupPythonArgs {
    /// Directory of the environment
    pub(crate) dir: Option<PathBuf>,
    /// Interpreter to begin with
    #[arg(long, value_name = "PYTHON", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// JupyterLab, too
    #[arg(long)]
    pub(crate) jupyter: bool,
    /// Directory with the packages' wheels, instead of the package index
    #[arg(long, value_name = "DIR")]
    pub(crate) wheels: Option<PathBuf>,
}
