//! Contents on this machine for reading more than once, or of a length to be found: in memory
//! while they are small, else in a temporary file that nobody else sees and that vanishes with its
//! handle. What is read from them may be read while they arrive.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::pin::pin;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use tempfile::SpooledTempFile;
use tokio_util::io::ReaderStream;

use crate::formats::{FormatError, Input};
use crate::growing::growing;
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
        if !take(&mut stream, &mut pieces, limit).await? {
            return Ok(Self::Memory(pieces.concat().into()));
        }
        let mut file = tempfile::tempfile().map_err(failed)?;
        loop {
            let full = std::mem::take(&mut pieces);
            file = append(file, full).await?;
            if !take(&mut stream, &mut pieces, PIECE_SIZE).await? {
                return Ok(Self::File(append(file, pieces).await?));
            }
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

/// Fills a spool and meanwhile does work that reads it from the beginning, on a thread that may
/// block. The work ends early only with an error, and then so does the transfer.
pub(crate) async fn while_filling<T: Send + 'static>(
    stream: impl Stream<Item = Result<Bytes>>,
    work: impl FnOnce(&mut dyn Input) -> Result<T, FormatError> + Send + 'static,
) -> Result<(T, Spool)> {
    while_filling_beyond(stream, work, MEMORY_LIMIT).await
}

async fn while_filling_beyond<T: Send + 'static>(
    stream: impl Stream<Item = Result<Bytes>>,
    work: impl FnOnce(&mut dyn Input) -> Result<T, FormatError> + Send + 'static,
    limit: usize,
) -> Result<(T, Spool)> {
    let mut stream = pin!(stream);
    let mut pieces = Vec::new();
    if !take(&mut stream, &mut pieces, limit).await? {
        let bytes = Bytes::from(pieces.concat());
        return blocking(move || Ok((work(&mut Cursor::new(&bytes))?, Spool::Memory(bytes)))).await;
    }
    let (writer, mut reader) = growing().map_err(failed)?;
    let mut working = pin!(blocking(move || {
        let result = work(&mut reader)?;
        Ok((result, reader))
    }));
    let filling = async {
        let mut writer = writer;
        loop {
            let full = std::mem::take(&mut pieces);
            writer =
                blocking(move || writer.append(&full).map(|()| writer).map_err(failed)).await?;
            if !take(&mut stream, &mut pieces, PIECE_SIZE).await? {
                writer.append(&pieces).map_err(failed)?;
                writer.finish();
                return Ok(());
            }
        }
    };
    let (result, reader) = tokio::select! {
        // If the transfer breaks, its error is the cause of the work's.
        biased;
        filled = filling => match filled {
            Ok(()) => working.await?,
            Err(error) => {
                // The thread ends soon, for the writer is gone.
                let _ = working.await;
                return Err(error);
            }
        },
        result = &mut working => result?,
    };
    let file = reader
        .into_file()
        .ok_or_else(|| failed(io::Error::other("the file is still in use")))?;
    Ok((result, Spool::File(file)))
}

/// Takes pieces until they are more than `limit` together; false if the stream ended before.
async fn take(
    stream: &mut (impl Stream<Item = Result<Bytes>> + Unpin),
    pieces: &mut Vec<Bytes>,
    limit: usize,
) -> Result<bool> {
    let mut waiting = 0;
    while waiting <= limit {
        let Some(piece) = stream.try_next().await? else {
            return Ok(false);
        };
        waiting += piece.len();
        pieces.push(piece);
    }
    Ok(true)
}

/// Runs work that takes long off the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(failed(io::Error::other(error))),
        },
    }
}

/// Appends to the file off the runtime's threads.
async fn append(mut file: File, pieces: Vec<Bytes>) -> Result<File> {
    blocking(move || {
        for piece in pieces {
            file.write_all(&piece).map_err(failed)?;
        }
        Ok(file)
    })
    .await
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

    fn read_all(input: &mut dyn Input) -> Result<String, FormatError> {
        let mut text = String::new();
        input.read_to_string(&mut text)?;
        Ok(text)
    }

    #[tokio::test]
    async fn work_goes_on_while_contents_arrive() {
        for limit in [100, 3, 0] {
            let (text, spool) = while_filling_beyond(of(&["ab", "", "cd", "e"]), read_all, limit)
                .await
                .expect("filled");
            assert_eq!(text, "abcde");
            assert_eq!(matches!(spool, Spool::Memory(_)), limit == 100);
            assert_eq!(spool.len().expect("known"), 5);
        }
    }

    #[tokio::test]
    async fn a_broken_transfer_is_the_error_of_the_work() {
        for limit in [100, 0] {
            let broken =
                of(&["ab", "c"]).chain(stream::once(async { Err(Error::argument("x", "broke")) }));
            let error = while_filling_beyond(broken, read_all, limit)
                .await
                .expect_err("broken");
            assert_eq!(error.to_string(), "argument `x` broke");
        }
    }

    #[tokio::test]
    async fn work_that_fails_ends_the_transfer() {
        let endless = of(&["ab"]).chain(stream::pending());
        let refuse = |_: &mut dyn Input| Err::<(), _>(FormatError::Schema("refused".into()));
        let error = while_filling_beyond(endless, refuse, 0)
            .await
            .expect_err("refused");
        assert_eq!(error.to_string(), "argument `schema` refused");
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
