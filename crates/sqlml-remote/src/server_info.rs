//! What a server is and what a login may do there.

use arrow::{array::AsArray, compute::cast, datatypes::DataType};

use crate::{
    backend::Request,
    error::{Error, Result},
    session::Session,
};

/// The version of `revoscalepy` whose functions this crate has.
const LIBRARY: &str = "9.4";

/// Prints the versions that a script sees.
const VERSIONS: &str = "import sys\n\
    try:\n    import revoscalepy\n    library = getattr(revoscalepy, '__version__', '')\n\
    except ImportError:\n    library = ''\n\
    OutputDataSet = pandas.DataFrame({'python': [sys.version.split()[0]], 'library': [str(library)]})\n";

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The name of the server.
    pub name: String,
    /// The version of the product, for example `15.0.2000.5`.
    pub product_version: String,
    /// The edition.
    pub edition: String,
    /// Whether external scripts are enabled.
    pub external_scripts: bool,
    /// The version of the Python that scripts run in; `None` where they cannot.
    pub python: Option<String>,
    /// The version of `revoscalepy` that scripts have; `None` where they have none.
    pub library: Option<String>,
}

impl ServerInfo {
    /// What may not work as it does elsewhere, because the versions differ.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let library = self.library.as_deref()?;
        let series = library.split('.').take(2).collect::<Vec<_>>().join(".");
        (series != LIBRARY).then(|| {
            format!(
                "the server has revoscalepy {library}; the functions here are those of {LIBRARY}"
            )
        })
    }
}

/// What a login may do in a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permissions {
    /// EXECUTE ANY EXTERNAL SCRIPT: run functions.
    pub execute_any_external_script: bool,
    /// SELECT: read every table, as `db_datareader` may.
    pub select: bool,
    /// INSERT, UPDATE and DELETE: change every table, as `db_datawriter` may.
    pub write: bool,
    /// CREATE TABLE.
    pub create_table: bool,
    /// CREATE PROCEDURE.
    pub create_procedure: bool,
    /// CREATE ANY DATABASE.
    pub create_any_database: bool,
}

impl Permissions {
    /// Every permission by its name.
    #[must_use]
    pub fn all(&self) -> [(&'static str, bool); 6] {
        [
            (
                "EXECUTE ANY EXTERNAL SCRIPT",
                self.execute_any_external_script,
            ),
            ("SELECT", self.select),
            ("INSERT, UPDATE, DELETE", self.write),
            ("CREATE TABLE", self.create_table),
            ("CREATE PROCEDURE", self.create_procedure),
            ("CREATE ANY DATABASE", self.create_any_database),
        ]
    }
}

impl Session {
    /// Asks the server what it is. A warning is logged where its library is of another version than this crate's
    /// functions; [`ServerInfo::warning`] has its text.
    ///
    /// # Errors
    /// The server's.
    pub async fn server_info(&mut self) -> Result<ServerInfo> {
        let mut properties = Vec::new();
        for name in ["ServerName", "ProductVersion", "Edition"] {
            let query = format!("SELECT CAST(SERVERPROPERTY('{name}') AS nvarchar(128))");
            properties.push(self.text(&query, Vec::new()).await?.unwrap_or_default());
        }
        let configured = self
            .query("EXEC sp_configure 'external scripts enabled'", Vec::new())
            .await?
            .concat()?;
        let enabled = configured
            .column_by_name("run_value")
            .filter(|column| !column.is_empty());
        let enabled = enabled
            .map(|column| cast(column, &DataType::Utf8))
            .transpose()?;
        let external_scripts =
            enabled.is_some_and(|value| value.as_string::<i32>().value(0) == "1");
        let (mut python, mut library) = (None, None);
        if external_scripts {
            // A login that may not run scripts can still ask for the rest.
            match self.versions().await {
                Ok(versions) => {
                    python = Some(versions.0);
                    library = Some(versions.1).filter(|version| !version.is_empty());
                }
                Err(Error::Server(error)) => tracing::debug!(%error, "scripts do not run"),
                Err(error) => return Err(error),
            }
        }
        let [edition, product_version, name] =
            [properties.pop(), properties.pop(), properties.pop()].map(Option::unwrap_or_default);
        let info = ServerInfo {
            name,
            product_version,
            edition,
            external_scripts,
            python,
            library,
        };
        if let Some(warning) = info.warning() {
            tracing::warn!("{warning}");
        }
        Ok(info)
    }

    async fn versions(&mut self) -> Result<(String, String)> {
        let statement = "EXEC sp_execute_external_script @language = N'Python', @script = @azml_script \
                         WITH RESULT SETS ((python nvarchar(100), library nvarchar(100)))";
        let script = crate::Parameter::new("azml_script", VERSIONS);
        let outcome = self
            .run(Request::Statement(statement.to_owned(), vec![script]))
            .await?;
        let missing = || Error::InvalidData("the script left no result".to_owned());
        let frame = outcome.frames.first().ok_or_else(missing)?.concat()?;
        if frame.num_rows() == 0 || frame.num_columns() != 2 {
            return Err(missing());
        }
        let text = |at: usize| frame.column(at).as_string::<i32>().value(0).to_owned();
        Ok((text(0), text(1)))
    }

    /// Asks what the login may do in this database.
    ///
    /// # Errors
    /// The server's.
    pub async fn permissions(&mut self) -> Result<Permissions> {
        let mut may = Vec::new();
        for permission in [
            "EXECUTE ANY EXTERNAL SCRIPT",
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "CREATE TABLE",
            "CREATE PROCEDURE",
        ] {
            let query =
                format!("SELECT HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'{permission}')");
            may.push(self.text(&query, Vec::new()).await?.as_deref() == Some("1"));
        }
        let server = "SELECT HAS_PERMS_BY_NAME(NULL, NULL, N'CREATE ANY DATABASE')";
        let create_any_database = self.text(server, Vec::new()).await?.as_deref() == Some("1");
        let [
            scripts,
            select,
            insert,
            update,
            delete,
            create_table,
            create_procedure,
        ] = <[bool; 7]>::try_from(may).unwrap_or_default();
        Ok(Permissions {
            execute_any_external_script: scripts,
            select,
            write: insert && update && delete,
            create_table,
            create_procedure,
            create_any_database,
        })
    }
}
