//! `azml sql exec`: a function goes to the server, its value comes back.

use std::path::Path;

use azml::sqlml_remote::{RemoteFunction, RxInSqlServer, TaskResult, rx_exec};

use super::Target;
use crate::args::sql::ExecArgs;
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::{Format, FrameWriter, data, note};

/// Runs the function and prints or saves what it returns.
pub(super) async fn run(args: &ExecArgs, target: &Target, format: &Format) -> Result<()> {
    let mut builder =
        RxInSqlServer::builder(target.connection.clone()).connect_options(target.options.clone());
    if let Some(timeout) = target.timeout {
        builder = builder.execution_timeout(timeout);
    }
    let function = function(args)?;
    let result = rx_exec(function, &builder.build())
        .await
        .map_err(raised)?
        .remove(0);
    for text in [result.stdout(), result.stderr()] {
        if !text.is_empty() {
            note(text.trim_end_matches('\n'));
        }
    }
    match &args.save {
        Some(path) => save(result, path),
        None => print(result, format),
    }
}

/// The function that the command line describes.
fn function(args: &ExecArgs) -> Result<RemoteFunction> {
    let (file, entry) = split(&args.function);
    let mut function = RemoteFunction::python_file(file)?;
    if let Some(entry) = entry {
        function = function.entry(entry);
    }
    if let Some(query) = &args.input {
        function = function.input_query(query);
    }
    for pair in &args.arg {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`{pair}` is not NAME=VALUE")))?;
        let value: serde_json::Value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        function = function.arg(name, value);
    }
    Ok(function)
}

/// `FILE:FUNCTION`; a colon that no name follows belongs to the file.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((file, entry))
            if !file.is_empty()
                && !entry.is_empty()
                && entry.chars().all(|c| c.is_alphanumeric() || c == '_') =>
        {
            (file, Some(entry))
        }
        _ => (text, None),
    }
}

/// An exception with the lines where it was raised.
fn raised(error: azml::sqlml_remote::Error) -> Failure {
    if let azml::sqlml_remote::Error::Remote(raised) = &error {
        if !raised.stdout.is_empty() {
            note(raised.stdout.trim_end_matches('\n'));
        }
        note(raised.traceback.trim_end());
    }
    error.into()
}

fn save(result: TaskResult, path: &Path) -> Result<()> {
    if result.kind() == "png" {
        let picture = result.png()?;
        let (width, height) = picture.dimensions();
        files::write_public(path, picture.as_bytes())?;
        note(format_args!(
            "saved a picture of {width} x {height} pixels to {}",
            path.display()
        ));
    } else {
        let bytes = result.bytes()?;
        files::write_public(path, bytes)?;
        note(format_args!(
            "saved {} bytes to {}",
            bytes.len(),
            path.display()
        ));
    }
    Ok(())
}

fn print(result: TaskResult, format: &Format) -> Result<()> {
    match result.kind() {
        "none" => Ok(()),
        "frame" => {
            let frame = result.frame()?;
            let mut writer = FrameWriter::new(format, frame.schema(), false)?;
            writer.write(&frame)?;
            writer.finish().map(drop)
        }
        "json" => {
            let value: serde_json::Value = result.json()?;
            let text = match (&value, format) {
                (serde_json::Value::String(text), Format::Table) => text.clone(),
                _ => value.to_string(),
            };
            data(|out| writeln!(out, "{text}"))
        }
        _ => {
            Err(Failure::new("the function returned bytes")
                .hint("name a file for them with --save"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_file_may_have_colons() {
        assert_eq!(split("plot.py:f"), ("plot.py", Some("f")));
        assert_eq!(split("plot.py"), ("plot.py", None));
        assert_eq!(split("a:b/plot.py"), ("a:b/plot.py", None));
        assert_eq!(split("C:/x/plot.py:f_1"), ("C:/x/plot.py", Some("f_1")));
    }
}
