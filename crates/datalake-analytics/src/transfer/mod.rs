//! Whole files and trees between this machine and a store: several at a time, large files in several parts at a time.
//!
//! A target appears whole or not at all: bytes go to a temporary name beside it, which is renamed at the end. What was
//! moved before an interruption is found again by the next transfer of the same file and not moved twice.

mod download;
mod gauge;
mod journal;
mod local;
mod upload;
mod work;

pub use download::Download;
pub use gauge::{Progress, TransferSummary};
pub use upload::Upload;

use azml_core::{Error, ErrorKind};

use crate::FileSystem;

impl FileSystem {
    /// A transfer of a local file or directory into the store.
    pub fn upload(
        &self,
        source: impl Into<std::path::PathBuf>,
        target: impl Into<String>,
    ) -> Upload {
        Upload::new(self.clone(), source.into(), target.into())
    }

    /// A transfer of a file or directory of the store to this machine.
    pub fn download(
        &self,
        source: impl Into<String>,
        target: impl Into<std::path::PathBuf>,
    ) -> Download {
        Download::new(self.clone(), source.into(), target.into())
    }
}

/// The error of a transfer in which some files were not moved: it names them all, or the first of many.
fn failed(mut failures: Vec<(String, crate::Error)>) -> crate::Error {
    const SHOWN: usize = 10;
    if failures.len() == 1
        && let Some((path, error)) = failures.pop()
    {
        let error = Error::from(error);
        return error
            .while_doing(format_args!("transfer of '{path}'"))
            .into();
    }
    failures.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut text = format!("{} files were not transferred", failures.len());
    for (path, error) in failures.iter().take(SHOWN) {
        text.push_str(&format!("; '{path}': {error}"));
    }
    if failures.len() > SHOWN {
        text.push_str("; and more");
    }
    let kind = failures
        .first()
        .map_or(ErrorKind::Io, |(_, error)| error.kind());
    Error::new(kind, text)
        .with_hint("start the transfer again: what was moved is not moved twice")
        .into()
}

/// The error of targets that are there and may not be replaced.
fn existing(mut targets: Vec<String>) -> crate::Error {
    const SHOWN: usize = 10;
    targets.sort();
    let more = if targets.len() > SHOWN {
        " and more"
    } else {
        ""
    };
    let count = targets.len();
    targets.truncate(SHOWN);
    Error::new(
        ErrorKind::Conflict,
        format!(
            "{count} of the targets are there already, nothing was transferred: '{}'{more}",
            targets.join("', '")
        ),
    )
    .with_hint("allow to overwrite them, or choose another target")
    .into()
}
