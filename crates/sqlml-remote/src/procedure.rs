//! Functions kept on the server as stored procedures, for callers that know nothing of Python.

use crate::{
    backend::{Parameter, Request, Value},
    error::{Error, Result},
    exec::{TaskResult, task_result},
    function::{RemoteFunction, Returned, Script},
    identifier::{TableName, quote_text},
    session::Session,
};

/// The type of a procedure's parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterType {
    /// `int`.
    Int,
    /// `bigint`, which scripts see as a float.
    BigInt,
    /// `float`.
    Float,
    /// `bit`.
    Bit,
    /// `nvarchar(max)`.
    Text,
    /// `varbinary(max)`.
    Bytes,
}

impl ParameterType {
    fn sql(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Float => "float",
            Self::Bit => "bit",
            Self::Text => "nvarchar(max)",
            Self::Bytes => "varbinary(max)",
        }
    }
}

impl Session {
    /// Keeps a function as a stored procedure. Its parameters are the function's arguments; arguments and frames that the
    /// function has already are kept with it. Calling the procedure gives one row, which [`Session::call_procedure`] reads.
    ///
    /// # Errors
    /// 2714 where there is one of this name; [`Error::InvalidArgument`] for a name that is none.
    pub async fn create_procedure(
        &mut self,
        name: &str,
        function: &RemoteFunction,
        parameters: &[(&str, ParameterType)],
    ) -> Result<()> {
        let name = TableName::parse(name)?;
        for (parameter, _) in parameters {
            let mut characters = parameter.chars();
            let begins = characters.next().is_some_and(|first| first.is_alphabetic());
            if !begins
                || !characters.all(|character| character.is_alphanumeric() || character == '_')
            {
                return Err(Error::InvalidArgument(format!(
                    "'{parameter}' is not the name of a parameter"
                )));
            }
        }
        let declared: Vec<String> = parameters
            .iter()
            .map(|(name, of)| format!("@{name} {}", of.sql()))
            .collect();
        let passed: Vec<String> = parameters
            .iter()
            .map(|(name, _)| format!(", @{name} = @{name}"))
            .collect();
        let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        let script = Script::new(function, std::slice::from_ref(&function.arguments), true)?;
        let input = script
            .input_query
            .as_ref()
            .map(|query| format!(", @input_data_1 = {}", quote_text(query)));
        let declarations = if declared.is_empty() {
            String::new()
        } else {
            format!(", @params = {}", quote_text(&declared.join(", ")))
        };
        let text = format!(
            "CREATE PROCEDURE {name}\n    {}\nAS\nSET NOCOUNT ON;\nEXEC sp_execute_external_script @language = N'Python', \
             @script = {}{}{declarations}{}\n{}",
            declared.join(",\n    "),
            quote_text(&script.with_parameters(&names)),
            input.unwrap_or_default(),
            passed.concat(),
            Returned::RESULT_SETS,
        );
        self.execute(&text).await.map(drop)
    }

    /// Calls a procedure that [`Session::create_procedure`] made.
    ///
    /// # Errors
    /// 2812 where there is none, 201 for a missing argument; [`Error::Remote`] for an exception of the function.
    pub async fn call_procedure(
        &mut self,
        name: &str,
        arguments: Vec<(&str, Value)>,
    ) -> Result<TaskResult> {
        let name = TableName::parse(name)?;
        let parameters = arguments
            .into_iter()
            .map(|(name, value)| Parameter::new(name, value));
        let outcome = self
            .run(Request::Procedure(name.to_string(), parameters.collect()))
            .await?;
        let missing =
            || Error::InvalidData(format!("procedure {name} left no result of a function"));
        let rows = outcome.frames.first().ok_or_else(missing)?.concat()?;
        if rows.num_columns() != 5 {
            return Err(missing());
        }
        let returned = Returned::rows(&rows)?.pop().ok_or_else(missing)?;
        task_result(returned)
    }

    /// Whether there is such a procedure.
    ///
    /// # Errors
    /// The server's.
    pub async fn has_procedure(&mut self, name: &str) -> Result<bool> {
        let name = Parameter::new("name", TableName::parse(name)?.to_string());
        Ok(self
            .text("SELECT OBJECT_ID(@name, N'P')", vec![name])
            .await?
            .is_some())
    }

    /// The names of the procedures in this database.
    ///
    /// # Errors
    /// The server's.
    pub async fn procedures(&mut self) -> Result<Vec<String>> {
        self.names("SELECT name FROM sys.procedures ORDER BY name")
            .await
    }

    /// Drops a procedure, if it is there.
    ///
    /// # Errors
    /// The server's.
    pub async fn drop_procedure_if_exists(&mut self, name: &str) -> Result<()> {
        let name = TableName::parse(name)?;
        self.execute(&format!("DROP PROCEDURE IF EXISTS {name}"))
            .await
            .map(drop)
    }
}
