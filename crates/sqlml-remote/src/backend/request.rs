//! Requests and the values of their parameters. Values are never written into statements.

/// A value of a parameter; `None` is NULL.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `bit`.
    Bit(Option<bool>),
    /// `int`.
    Int(Option<i32>),
    /// `bigint`.
    BigInt(Option<i64>),
    /// `float`.
    Float(Option<f64>),
    /// `nvarchar(max)`.
    Text(Option<String>),
    /// `varbinary(max)`.
    Bytes(Option<Vec<u8>>),
}

impl Value {
    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(
            self,
            Self::Bit(None)
                | Self::Int(None)
                | Self::BigInt(None)
                | Self::Float(None)
                | Self::Text(None)
                | Self::Bytes(None)
        )
    }

    /// The type as T-SQL writes it.
    #[must_use]
    pub fn sql_type(&self) -> &'static str {
        match self {
            Self::Bit(_) => "bit",
            Self::Int(_) => "int",
            Self::BigInt(_) => "bigint",
            Self::Float(_) => "float",
            Self::Text(_) => "nvarchar(max)",
            Self::Bytes(_) => "varbinary(max)",
        }
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(Some(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::BigInt(Some(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(Some(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bit(Some(value))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

/// A parameter of a statement or procedure.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Parameter {
    /// The name, with its `@`.
    pub name: String,
    /// The value that is sent.
    pub value: Value,
    /// Whether the server sends a value back.
    pub output: bool,
}

impl Parameter {
    /// A parameter that only goes in; the `@` may be left out.
    pub fn new(name: &str, value: impl Into<Value>) -> Self {
        Self {
            name: format!("@{}", name.trim_start_matches('@')),
            value: value.into(),
            output: false,
        }
    }

    /// A parameter that comes back; what goes in is its first value.
    pub fn output(name: &str, value: impl Into<Value>) -> Self {
        Self {
            output: true,
            ..Self::new(name, value)
        }
    }
}

/// What is asked of a server.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// Statements without parameters.
    Batch(String),
    /// Statements with parameters, run by `sp_executesql`.
    Statement(String, Vec<Parameter>),
    /// A procedure.
    Procedure(String, Vec<Parameter>),
}
