//! Errors as SQL Server numbers them.

use datafusion::error::DataFusionError;

use super::tsql::SyntaxError;

pub(super) type Result<T, E = SqlError> = std::result::Result<T, E>;

/// An error that goes to the client as a message with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqlError {
    pub(super) number: i32,
    /// The severity: 11 to 16 are the user's to mend.
    pub(super) class: u8,
    pub(super) state: u8,
    pub(super) message: String,
    /// The line, where it is known better than the statement's.
    pub(super) line: Option<u32>,
    /// The procedure it was raised in; empty outside of procedures.
    pub(super) procedure: &'static str,
    /// An error that is shown in front of this one, where nothing catches them.
    pub(super) preceding: Option<Box<SqlError>>,
}

impl SqlError {
    pub(super) fn new(number: i32, class: u8, message: impl Into<String>) -> Self {
        Self {
            number,
            class,
            state: 1,
            message: message.into(),
            line: None,
            procedure: "",
            preceding: None,
        }
    }

    /// Shows another error in front of this one.
    pub(super) fn preceded_by(mut self, error: Self) -> Self {
        self.preceding = Some(Box::new(error));
        self
    }

    pub(super) fn with_state(mut self, state: u8) -> Self {
        self.state = state;
        self
    }

    pub(super) fn in_procedure(mut self, procedure: &'static str) -> Self {
        self.procedure = procedure;
        self
    }

    /// A statement that is known and not carried out.
    pub(super) fn unsupported(statement: &str) -> Self {
        Self::new(
            40510,
            16,
            format!("Statement '{statement}' is not supported in this version of SQL Server."),
        )
    }

    /// A clause or option inside a statement that is otherwise carried out.
    pub(super) fn unsupported_clause(clause: &str) -> Self {
        Self::new(
            40517,
            16,
            format!(
                "Keyword or statement option '{clause}' is not supported in this version of SQL Server."
            ),
        )
    }

    pub(super) fn invalid_object(name: &str) -> Self {
        Self::new(208, 16, format!("Invalid object name '{name}'."))
    }

    /// A failure of the emulator itself.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::new(50000, 16, format!("The emulator failed: {error}"))
    }

    /// Whether the rest of the batch is given up: errors of compiling and of conversion do that.
    pub(super) fn ends_batch(&self) -> bool {
        self.class >= 17
            || matches!(
                self.number,
                102 | 105
                    | 156
                    | 191
                    | 137
                    | 195
                    | 207
                    | 208
                    | 229
                    | 241
                    | 245
                    | 262
                    | 8114
                    | 40510
                    | 40517
            )
    }
}

impl std::fmt::Display for SqlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.number, self.message)
    }
}

impl std::error::Error for SqlError {}

impl From<SyntaxError> for SqlError {
    fn from(error: SyntaxError) -> Self {
        let mut converted = Self::new(error.number, 15, error.message);
        converted.line = Some(error.line);
        converted
    }
}

impl From<crate::state::Error> for SqlError {
    fn from(error: crate::state::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<datafusion::arrow::error::ArrowError> for SqlError {
    fn from(error: datafusion::arrow::error::ArrowError) -> Self {
        from_arrow(&error)
    }
}

impl From<DataFusionError> for SqlError {
    /// The engine's words, as the number that a client tests for.
    fn from(error: DataFusionError) -> Self {
        use datafusion::common::SchemaError;
        match error.find_root() {
            DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
                SchemaError::FieldNotFound { field, .. } => {
                    Self::new(207, 16, format!("Invalid column name '{}'.", field.name))
                }
                SchemaError::AmbiguousReference { field } => {
                    Self::new(209, 16, format!("Ambiguous column name '{}'.", field.name))
                }
                other => Self::new(8156, 16, other.to_string()),
            },
            // Our own, from inside of the engine.
            DataFusionError::External(own) if own.is::<Self>() => own
                .downcast_ref::<Self>()
                .cloned()
                .unwrap_or_else(|| Self::internal(own)),
            DataFusionError::ArrowError(error, _) => from_arrow(error),
            DataFusionError::Plan(message) => from_plan(message),
            DataFusionError::NotImplemented(message) => Self::unsupported_clause(message),
            other => Self::new(
                8621,
                16,
                format!(
                    "The query could not be carried out: {}",
                    other.strip_backtrace()
                ),
            ),
        }
    }
}

fn from_arrow(error: &datafusion::arrow::error::ArrowError) -> SqlError {
    use datafusion::arrow::error::ArrowError;
    match error {
        ArrowError::DivideByZero => SqlError::new(8134, 16, "Divide by zero error encountered."),
        ArrowError::ArithmeticOverflow(_) => SqlError::new(
            8115,
            16,
            "Arithmetic overflow error converting expression to data type.",
        ),
        ArrowError::CastError(message) | ArrowError::ParseError(message) => {
            if message.contains("Date") || message.contains("Time") || message.contains("timestamp")
            {
                SqlError::new(
                    241,
                    16,
                    "Conversion failed when converting date and/or time from character string.",
                )
            } else if message.contains("to value of") {
                SqlError::new(245, 16, format!("Conversion failed: {message}."))
            } else {
                SqlError::new(8114, 16, format!("Error converting data type: {message}."))
            }
        }
        other => SqlError::internal(other),
    }
}

fn from_plan(message: &str) -> SqlError {
    let quoted = || message.split('\'').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("table ") && message.contains("not found") {
        let name = quoted();
        return SqlError::invalid_object(name.rsplit('.').next().unwrap_or(&name));
    }
    if message.contains("Invalid function") {
        return SqlError::new(
            195,
            15,
            format!("'{}' is not a recognized built-in function name.", quoted()),
        );
    }
    SqlError::new(8120, 16, message.to_owned())
}
