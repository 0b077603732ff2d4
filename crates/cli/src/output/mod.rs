//! Standard output: data only, as table, JSON or CSV. Everything else goes to standard
//! error through [`note`].

mod frame;
mod listing;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::str::FromStr;

pub(crate) use frame::FrameWriter;
#[cfg(feature = "engine")]
pub(crate) use frame::frame_rows;
pub(crate) use listing::{Listing, Record};

use crate::failure::{Failure, Result};

/// Form of the data on standard output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// One JSON array or object.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// A Parquet file; only for frames.
    Parquet(PathBuf),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            _ => match text.strip_prefix("parquet=") {
                Some(file) if !file.is_empty() => Ok(Self::Parquet(PathBuf::from(file))),
                _ => Err("expected table, json, csv or parquet=FILE".to_owned()),
            },
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.write_str("table"),
            Self::Json => f.write_str("json"),
            Self::Csv => f.write_str("csv"),
            Self::Parquet(path) => write!(f, "parquet={}", path.display()),
        }
    }
}

/// Writes data to standard output. A reader that has gone away ends the command quietly.
pub(crate) fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(stdout_failure)
}

/// Writes text to standard output.
#[cfg(feature = "engine")]
pub(crate) fn text(text: &str) -> Result<()> {
    data(|out| out.write_all(text.as_bytes()))
}

/// What a failed write to standard output means.
pub(crate) fn stdout_failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::Status(0);
    }
    Failure::new(format!("write to standard output: {error}"))
}

/// Tells the user something on standard error.
pub(crate) fn note(message: impl fmt::Display) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(io::stderr(), "{message}");
}

/// Asks before something that cannot be undone. Without a terminal the answer is no.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{question}: not confirmed")).hint("add --yes"));
    }
    let _ = write!(io::stderr(), "{question}? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::new("not confirmed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_and_shown_alike() {
        for text in ["table", "json", "csv", "parquet=a.parquet"] {
            assert_eq!(text.parse::<Format>().unwrap().to_string(), text);
        }
        assert!("parquet".parse::<Format>().is_err());
        assert!("parquet=".parse::<Format>().is_err());
        assert!("CSV".parse::<Format>().is_err());
    }
}
