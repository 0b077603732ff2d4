//! What a call of a function left.

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    error::{Error, RemoteError, Result},
    function::{Returned, read_frame},
    png::Png,
};

/// What a call returned and printed. Nothing else came from where it ran.
#[derive(Clone, Debug)]
pub struct TaskResult {
    value: Value,
    stdout: String,
    stderr: String,
}

#[derive(Clone, Debug)]
enum Value {
    None,
    Json(Vec<u8>),
    Bytes(Vec<u8>),
    Png(Png),
    Frame(RecordBatch),
}

/// How the envelope describes an exception.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raised {
    r#type: String,
    module: String,
    message: String,
    traceback: String,
}

/// Reads what the envelope left.
pub(crate) fn task_result(returned: Returned) -> Result<TaskResult> {
    let value = match returned.kind.as_str() {
        "none" => Value::None,
        "json" => Value::Json(returned.value),
        "bytes" => Value::Bytes(returned.value),
        "png" => Value::Png(Png::new(returned.value)?),
        "frame" => Value::Frame(read_frame(&returned.value)?),
        "error" => {
            let raised: Raised = serde_json::from_str(&returned.meta).unwrap_or_default();
            return Err(Error::Remote(Box::new(RemoteError {
                class: raised.r#type,
                module: raised.module,
                message: raised.message,
                traceback: raised.traceback,
                stdout: returned.stdout,
            })));
        }
        kind => {
            return Err(Error::InvalidData(format!(
                "the call returned a value of the unknown kind '{kind}'"
            )));
        }
    };
    Ok(TaskResult {
        value,
        stdout: returned.stdout,
        stderr: returned.stderr,
    })
}

impl TaskResult {
    fn mismatch(&self, wanted: &str) -> Error {
        let got = match self.value {
            Value::None => "nothing",
            Value::Json(_) => "JSON",
            Value::Bytes(_) => "bytes",
            Value::Png(_) => "a PNG picture",
            Value::Frame(_) => "a frame",
        };
        Error::InvalidData(format!("the function returned {got}, not {wanted}"))
    }

    /// The kind of the value: `none`, `json`, `bytes`, `png` or `frame`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::None => "none",
            Value::Json(_) => "json",
            Value::Bytes(_) => "bytes",
            Value::Png(_) => "png",
            Value::Frame(_) => "frame",
        }
    }

    /// The bytes that were returned; those of a picture too.
    ///
    /// # Errors
    /// [`Error::InvalidData`] where it was something else.
    pub fn bytes(&self) -> Result<&[u8]> {
        match &self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Png(png) => Ok(png.as_bytes()),
            _ => Err(self.mismatch("bytes")),
        }
    }

    /// The picture that was returned.
    ///
    /// # Errors
    /// [`Error::InvalidData`] where it was something else.
    pub fn png(self) -> Result<Png> {
        match self.value {
            Value::Png(png) => Ok(png),
            Value::Bytes(bytes) => Png::new(bytes),
            _ => Err(self.mismatch("a PNG picture")),
        }
    }

    /// The value that was returned.
    ///
    /// # Errors
    /// [`Error::InvalidData`] where it was bytes or a frame, or does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let text: &[u8] = match &self.value {
            Value::Json(text) => text,
            Value::None => b"null",
            _ => return Err(self.mismatch("JSON")),
        };
        serde_json::from_slice(text).map_err(|error| {
            Error::InvalidData(format!("the returned value does not fit: {error}"))
        })
    }

    /// The frame that was returned.
    ///
    /// # Errors
    /// [`Error::InvalidData`] where it was something else.
    pub fn frame(self) -> Result<RecordBatch> {
        match self.value {
            Value::Frame(frame) => Ok(frame),
            _ => Err(self.mismatch("a frame")),
        }
    }

    /// What the function printed.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What the function wrote to its standard error.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }
}
