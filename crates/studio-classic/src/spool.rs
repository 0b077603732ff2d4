//! Contents on this machine for reading more than once, or of a length to be found: in memory
//! while they are small, else in a temporary file that nobody else sees and that vanishes with its
//! handle.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::pin;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use tempfile::SpooledTempFile;
use tokio_util::io::ReaderStream;

use crate::{Error, Result};

/// Contents up to this size stay in memory.
const MEMORY_LIMIT: usize = 8 << 20;

/// Bytes moved to and from a file at once.
const PIECE_SIZE: usize = 1 << 20;

/// Contents that are here.
#[derive(Debug)]
pub(crate) enum Spool {
    Memory(Bytes),
    File(File),
}

impl Spool {
    /// Takes the whole stream.
    pub(crate) async fn fill(stream: impl Stream<Item = Result<Bytes>>) -> Result<Self> {
        Self::fill_beyond(stream, MEMORY_LIMIT).await
    }

    async fn fill_beyond(stream: impl Stream<Item = Result<Bytes>>, limit: usize) -> Result<Self> {
        let mut stream = pin!(stream);
        let mut pieces = Vec::new();
        let mut waiting = 0;
        let mut file: Option<File> = None;
        while let Some(piece) = stream.try_next().await? {
            waiting += piece.len();
            pieces.push(piece);
            if waiting > file.as_ref().map_or(limit, |_| PIECE_SIZE) {
                file = Some(append(file, std::mem::take(&mut pieces)).await?);
                waiting = 0;
            }
        }
        match file {
            None => Ok(Self::Memory(pieces.concat().into())),
            file => Ok(Self::File(append(file, pieces).await?)),
        }
    }

    /// Takes what `write` writes. Blocks.
    pub(crate) fn written<E: From<io::Error>>(
        write: impl FnOnce(&mut SpooledTempFile) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut spool = SpooledTempFile::new(MEMORY_LIMIT);
        write(&mut spool)?;
        if spool.is_rolled() {
            return Ok(Self::File(spool.into_file()?));
        }
        spool.rewind()?;
        let mut bytes = Vec::new();
        spool.read_to_end(&mut bytes)?;
        Ok(Self::Memory(bytes.into()))
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> Result<u64> {
        match self {
            Self::Memory(bytes) => Ok(u64::try_from(bytes.len()).expect("a length fits 64 bits")),
            Self::File(file) => Ok(file.metadata().map_err(failed)?.len()),
        }
    }

    /// The contents from their beginning.
    pub(crate) fn into_stream(self) -> Result<BoxStream<'static, Result<Bytes>>> {
        match self {
            Self::Memory(bytes) => Ok(stream::once(async { Ok(bytes) }).boxed()),
            Self::File(mut file) => {
                file.seek(SeekFrom::Start(0)).map_err(failed)?;
                let file = tokio::fs::File::from_std(file);
                let pieces = ReaderStream::with_capacity(file, PIECE_SIZE);
                Ok(pieces.map_err(failed).boxed())
            }
        }
    }
}

/// Appends to the file, or to a new one, off the runtime's threads.
async fn append(file: Option<File>, pieces: Vec<Bytes>) -> Result<File> {
    let work = move || {
        let mut file = match file {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        for piece in pieces {
            file.write_all(&piece)?;
        }
        Ok(file)
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(failed)
}

fn failed(error: io::Error) -> Error {
    Error::io("spool contents in a temporary file", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &'static [&'static str]) -> impl Stream<Item = Result<Bytes>> {
        stream::iter(pieces.iter().map(|piece| Ok(Bytes::from(*piece))))
    }

    #[tokio::test]
    async fn small_contents_stay_in_memory_and_large_ones_go_to_a_file() {
        for (limit, in_memory) in [(5, true), (3, false)] {
            let spool = Spool::fill_beyond(of(&["ab", "", "cd", "e"]), limit)
                .await
                .expect("filled");
            assert_eq!(matches!(spool, Spool::Memory(_)), in_memory);
            assert_eq!(spool.len().expect("known"), 5);
            let pieces: Vec<_> = spool
                .into_stream()
                .expect("rewound")
                .try_collect()
                .await
                .expect("read");
            assert_eq!(pieces.concat(), b"abcde");
        }
    }

    #[tokio::test]
    async fn a_stream_that_fails_gives_its_error() {
        let broken = of(&["ab"]).chain(stream::once(async { Err(Error::argument("x", "broke")) }));
        let error = Spool::fill(broken).await.expect_err("broken");
        assert_eq!(error.to_string(), "argument `x` broke");
    }

    #[test]
    fn what_is_written_is_kept() {
        for size in [3, MEMORY_LIMIT + 1] {
            let spool = Spool::written::<io::Error>(|out| out.write_all(&vec![7; size]));
            let spool = spool.expect("written");
            assert_eq!(
                spool.len().expect("known"),
                u64::try_from(size).expect("small")
            );
            assert_eq!(matches!(spool, Spool::File(_)), size > MEMORY_LIMIT);
        }
    }
}
