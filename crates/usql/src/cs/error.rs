//! Exceptions of .NET, as values.

use std::fmt;

/// An exception that an expression raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsError {
    /// The exception's type, such as `System.FormatException`.
    pub exception: &'static str,
    /// Its message.
    pub message: String,
}

/// A value or an exception.
pub(crate) type CsResult<T> = Result<T, CsError>;

impl CsError {
    pub(crate) fn new(exception: &'static str, message: impl Into<String>) -> Self {
        Self {
            exception,
            message: message.into(),
        }
    }

    pub(crate) fn divide_by_zero() -> Self {
        Self::new(
            "System.DivideByZeroException",
            "Attempted to divide by zero.",
        )
    }

    pub(crate) fn overflow(message: impl Into<String>) -> Self {
        Self::new("System.OverflowException", message)
    }

    pub(crate) fn format(message: impl Into<String>) -> Self {
        Self::new("System.FormatException", message)
    }

    pub(crate) fn null_reference() -> Self {
        Self::new(
            "System.NullReferenceException",
            "Object reference not set to an instance of an object.",
        )
    }

    pub(crate) fn null_argument(name: &str) -> Self {
        let message = format!("Value cannot be null.\r\nParameter name: {name}");
        Self::new("System.ArgumentNullException", message)
    }

    pub(crate) fn no_value() -> Self {
        Self::new(
            "System.InvalidOperationException",
            "Nullable object must have a value.",
        )
    }

    pub(crate) fn out_of_range(message: &str, name: &str) -> Self {
        Self::new(
            "System.ArgumentOutOfRangeException",
            format!("{message}\r\nParameter name: {name}"),
        )
    }

    pub(crate) fn index_out_of_range() -> Self {
        Self::new(
            "System.IndexOutOfRangeException",
            "Index was outside the bounds of the array.",
        )
    }

    pub(crate) fn invalid_operation(message: &str) -> Self {
        Self::new("System.InvalidOperationException", message)
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new("System.ArgumentException", message)
    }
}

impl fmt::Display for CsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception, self.message)
    }
}

impl std::error::Error for CsError {}
