//! The script that carries a function: the envelope and the three texts that it is given.

use arrow::record_batch::RecordBatch;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{RemoteFunction, frame};
use crate::{
    backend::{Parameter, Request},
    error::Result,
};

/// The Python side.
const ENVELOPE: &str = include_str!("envelope.py");
/// What feeds it where there is no server.
const LOCAL: &str = include_str!("local.py");

/// What the envelope is told about the calls.
#[derive(Serialize)]
struct Call<'a> {
    entry: Option<&'a str>,
    returns: &'static str,
    globals: &'a Map<String, Json>,
    packages: &'a [String],
    calls: &'a [Map<String, Json>],
    /// Whether a failed call keeps the next ones from running.
    stop: bool,
}

/// A function with its arguments, ready to be run anywhere.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) source: String,
    pub(crate) call: String,
    pub(crate) frames: Vec<u8>,
    pub(crate) input_query: Option<String>,
}

impl Script {
    /// Some calls of a function, which one interpreter runs one after the other.
    pub(crate) fn new(
        function: &RemoteFunction,
        calls: &[Map<String, Json>],
        stop: bool,
    ) -> Result<Self> {
        let call = Call {
            entry: function.entry.as_deref(),
            returns: function.returns.name(),
            globals: &function.globals,
            packages: &function.packages,
            calls,
            stop,
        };
        let mut frames = Vec::new();
        for (name, batch) in &function.frames {
            frame::write(name, batch, &mut frames)?;
        }
        Ok(Self {
            source: function.source.clone(),
            call: serde_json::to_string(&call).map_err(frame::invalid)?,
            frames,
            input_query: function.input_query.clone(),
        })
    }

    /// The script with all that it is given written into it, but for parameters, which the server gives it by these names.
    pub(crate) fn with_parameters(&self, names: &[&str]) -> String {
        let literal = |text: &str| serde_json::Value::from(text).to_string();
        let input = if self.input_query.is_some() {
            "InputDataSet"
        } else {
            "None"
        };
        let parameters: Vec<String> = names
            .iter()
            .map(|name| format!("{}: _encode({name})", literal(name)))
            .collect();
        format!(
            "{ENVELOPE}\n\n_call = _json.loads({call})\n_call[\"calls\"][0].update({{{parameters}}})\n\
             OutputDataSet = azml_run({source}, _json.dumps(_call), _base64.b64decode(\"{frames}\"), {input})\n",
            call = literal(&self.call),
            parameters = parameters.join(", "),
            source = literal(&self.source),
            frames = BASE64_STANDARD.encode(&self.frames),
        )
    }

    /// The program that runs it in an interpreter of this machine: it reads `call.json` and writes `result.json`, both in
    /// its working directory.
    pub(crate) fn program() -> String {
        format!("{ENVELOPE}\n\n{LOCAL}")
    }

    /// What [`Script::program`] reads.
    pub(crate) fn call_file(&self) -> Result<Vec<u8>> {
        let call = serde_json::json!({
            "source": self.source,
            "call": self.call,
            "frames": BASE64_STANDARD.encode(&self.frames),
        });
        serde_json::to_vec(&call).map_err(frame::invalid)
    }

    /// The request that runs it on a server.
    pub(crate) fn request(self) -> Request {
        let input = if self.input_query.is_some() {
            "InputDataSet"
        } else {
            "None"
        };
        let text = format!(
            "{ENVELOPE}\n\nOutputDataSet = azml_run(azml_source, azml_call, azml_frames or b\"\", {input})\n"
        );
        let mut parameters = vec![
            Parameter::new("azml_script", text),
            Parameter::new("azml_source", self.source),
            Parameter::new("azml_call", self.call),
            Parameter::new("azml_frames", self.frames),
        ];
        let with_input = match self.input_query {
            Some(query) => {
                parameters.push(Parameter::new("azml_input", query));
                ", @input_data_1 = @azml_input"
            }
            None => "",
        };
        let statement = format!(
            "EXEC sp_execute_external_script @language = N'Python', @script = @azml_script{with_input}, \
             @params = N'@azml_source nvarchar(max), @azml_call nvarchar(max), @azml_frames varbinary(max)', \
             @azml_source = @azml_source, @azml_call = @azml_call, @azml_frames = @azml_frames {}",
            Returned::RESULT_SETS
        );
        Request::Statement(statement, parameters)
    }
}

/// A row of what the envelope leaves.
#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) kind: String,
    pub(crate) value: Vec<u8>,
    pub(crate) meta: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Returned {
    /// What the server is to make of the rows.
    pub(crate) const RESULT_SETS: &str = "WITH RESULT SETS ((kind varchar(12), value varbinary(max), meta nvarchar(max), \
        stdout nvarchar(max), stderr nvarchar(max)))";

    /// What [`Script::program`] wrote.
    pub(crate) fn file(text: &[u8]) -> Result<Vec<Self>> {
        let rows: Vec<[String; 5]> = serde_json::from_slice(text).map_err(frame::invalid)?;
        let rows = rows.into_iter().map(|[kind, value, meta, stdout, stderr]| {
            let value = BASE64_STANDARD.decode(value).map_err(frame::invalid)?;
            Ok(Self {
                kind,
                value,
                meta,
                stdout,
                stderr,
            })
        });
        rows.collect()
    }

    /// The rows of a result of [`Script::request`].
    pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Self>> {
        use arrow::array::{Array, AsArray};
        let column = |at: usize| {
            batch
                .columns()
                .get(at)
                .and_then(|column| column.as_string_opt::<i32>())
                .ok_or_else(|| {
                    frame::invalid("the script's result has other columns than were asked for")
                })
        };
        let (kinds, metas, outs, errs) = (column(0)?, column(2)?, column(3)?, column(4)?);
        let values = batch
            .column(1)
            .as_binary_opt::<i32>()
            .ok_or_else(|| frame::invalid("the script's result has no column of bytes"))?;
        let text = |column: &arrow::array::StringArray, row: usize| {
            if column.is_valid(row) {
                column.value(row).to_owned()
            } else {
                String::new()
            }
        };
        Ok((0..batch.num_rows())
            .map(|row| Self {
                kind: text(kinds, row),
                value: if values.is_valid(row) {
                    values.value(row).to_vec()
                } else {
                    Vec::new()
                },
                meta: text(metas, row),
                stdout: text(outs, row),
                stderr: text(errs, row),
            })
            .collect())
    }
}
