//! Python functions that are sent as their source text, with their arguments. Never a pickle: what runs on the server is
//! what can be read here.

mod frame;
mod script;

use std::path::Path;

use arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};
pub(crate) use frame::read as read_frame;
pub(crate) use script::{Returned, Script};

/// What the caller wants the function's value to come back as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Return {
    /// By what the function returns: bytes (a picture where they are one), a frame, nothing, or JSON.
    #[default]
    Auto,
    /// JSON.
    Json,
    /// Bytes, or what has a `getvalue()`.
    Bytes,
    /// A PNG picture: bytes that are one, or a matplotlib figure.
    Png,
    /// A frame.
    Frame,
    /// Nothing: the value is dropped on the server.
    None,
}

impl Return {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Bytes => "bytes",
            Self::Png => "png",
            Self::Frame => "frame",
            Self::None => "none",
        }
    }
}

/// A Python function: its source, its name in it, and its arguments.
///
/// ```
/// use azml_sqlml_remote::RemoteFunction;
/// use serde_json::json;
///
/// let function = RemoteFunction::python("def area(width, height=1):\n    return width * height")
///     .entry("area")
///     .arg("width", json!(6));
/// # let _ = function;
/// ```
#[derive(Clone, Debug)]
pub struct RemoteFunction {
    pub(crate) source: String,
    pub(crate) entry: Option<String>,
    pub(crate) arguments: serde_json::Map<String, serde_json::Value>,
    pub(crate) frames: Vec<(String, RecordBatch)>,
    pub(crate) input_query: Option<String>,
    pub(crate) returns: Return,
    pub(crate) globals: serde_json::Map<String, serde_json::Value>,
    pub(crate) packages: Vec<String>,
}

impl RemoteFunction {
    /// Source text. Without [`RemoteFunction::entry`] the function that it defines last is called.
    pub fn python(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            entry: None,
            arguments: serde_json::Map::new(),
            frames: Vec::new(),
            input_query: None,
            returns: Return::Auto,
            globals: serde_json::Map::new(),
            packages: Vec::new(),
        }
    }

    /// A source file, which is read now.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read as text.
    pub fn python_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let source = std::fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::python(source))
    }

    /// A function of a source file, which is read now.
    ///
    /// # Errors
    /// As [`RemoteFunction::python_file`].
    pub fn from_file(path: impl AsRef<Path>, entry: impl Into<String>) -> Result<Self> {
        Ok(Self::python_file(path)?.entry(entry))
    }

    /// The lines of a function's body. Arguments are there by their names.
    #[must_use]
    pub fn inline(body: &str) -> Self {
        let lines = body.lines().map(|line| format!("    {line}\n"));
        let body: String = lines.collect();
        let body = if body.trim().is_empty() {
            "    pass\n".to_owned()
        } else {
            body
        };
        // The names are globals, because the body may assign to none of them without making it local.
        Self::python(format!(
            "def main(**arguments):\n    globals().update(arguments)\n{body}"
        ))
        .entry("main")
    }

    /// The name of the function in the source.
    #[must_use]
    pub fn entry(mut self, name: impl Into<String>) -> Self {
        self.entry = Some(name.into());
        self
    }

    /// An argument.
    #[must_use]
    pub fn arg(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.arguments.insert(name.into(), value.into());
        self
    }

    /// An argument that is bytes.
    #[must_use]
    pub fn arg_bytes(self, name: impl Into<String>, bytes: &[u8]) -> Self {
        self.arg(name, frame::tagged_bytes(bytes))
    }

    /// An argument that is a frame: a `pandas.DataFrame` there.
    #[must_use]
    pub fn arg_frame(mut self, name: impl Into<String>, frame: RecordBatch) -> Self {
        self.frames.push((name.into(), frame));
        self
    }

    /// A query whose rows are the function's first argument, as a `pandas.DataFrame`.
    #[must_use]
    pub fn input_query(mut self, query: impl Into<String>) -> Self {
        self.input_query = Some(query.into());
        self
    }

    /// What the value is to come back as. Default: [`Return::Auto`].
    #[must_use]
    pub fn returns(mut self, returns: Return) -> Self {
        self.returns = returns;
        self
    }

    /// A name that is set before the source runs: `local_state` of the original.
    #[must_use]
    pub fn global(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.globals.insert(name.into(), value.into());
        self
    }
}
