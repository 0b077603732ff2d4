//! Where the bytes of an upload come from, and their length, which the protocol wants to know
//! before the first of them is sent.

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::formats::Frame;
use crate::spool::Spool;
use crate::{DataTypeId, Error, Result, frames};

/// Data to upload: a frame, bytes in memory, a file, a reader or a stream.
///
/// ```
/// use azml_studio_classic::UploadData;
///
/// let small = UploadData::from("a,b\n1,2\n");
/// let reader = UploadData::reader(tokio::io::repeat(b'x'), 5 << 20);
/// let unknown = UploadData::unsized_reader(tokio::io::empty());
/// ```
pub struct UploadData(Origin);

enum Origin {
    Bytes(Bytes),
    Frame(Frame),
    Reader {
        reader: Reader,
        /// What the caller promises; `None` spools the data first.
        length: Option<u64>,
    },
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

impl UploadData {
    /// A file, read from its beginning. Its length must not change until the upload is done.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let open = async {
            let file = tokio::fs::File::open(path).await?;
            let metadata = file.metadata().await?;
            if metadata.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            Ok((file, metadata.len()))
        };
        let (file, length) = open
            .await
            .map_err(|error| Error::io(format!("open `{}`", path.display()), error))?;
        Ok(Self::reader(file, length))
    }

    /// A reader that gives exactly `length` bytes. Nothing is stored on the way.
    pub fn reader(reader: impl AsyncRead + Send + 'static, length: u64) -> Self {
        Self(Origin::Reader {
            reader: Box::pin(reader),
            length: Some(length),
        })
    }

    /// A reader of unknown length. Large data goes to a temporary file before the upload starts,
    /// because the service must be told the number of blocks with the first of them.
    pub fn unsized_reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self(Origin::Reader {
            reader: Box::pin(reader),
            length: None,
        })
    }

    /// A stream of pieces of unknown length; see [`unsized_reader`](Self::unsized_reader).
    pub fn stream<E>(stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Self::unsized_reader(StreamReader::new(stream.map_err(io::Error::other)))
    }

    /// Turns whatever it is into blocks of a known number of bytes. A frame is written as text of
    /// the type here, so that what cannot be written is refused before any request.
    pub(super) async fn into_blocks(self, data_type_id: &DataTypeId) -> Result<Blocks> {
        match self.0 {
            Origin::Bytes(bytes) => Blocks::of(Spool::Memory(bytes)),
            Origin::Frame(frame) => Blocks::of(frames::write(frame, data_type_id.clone()).await?),
            Origin::Reader {
                reader,
                length: Some(length),
            } => Ok(Blocks { reader, length }),
            Origin::Reader {
                reader,
                length: None,
            } => {
                let pieces = ReaderStream::with_capacity(reader, 64 << 10).map_err(unreadable);
                Blocks::of(Spool::fill(pieces).await?)
            }
        }
    }
}

impl From<&Frame> for UploadData {
    fn from(frame: &Frame) -> Self {
        Self(Origin::Frame(frame.clone()))
    }
}

macro_rules! from_bytes {
    ($($source:ty),+) => {
        $(impl From<$source> for UploadData {
            fn from(data: $source) -> Self {
                Self(Origin::Bytes(data.into()))
            }
        })+
    };
}

from_bytes!(Bytes, Vec<u8>, String, &'static [u8], &'static str);

impl<const N: usize> From<&'static [u8; N]> for UploadData {
    fn from(data: &'static [u8; N]) -> Self {
        Self(Origin::Bytes(Bytes::from_static(data)))
    }
}

impl fmt::Debug for UploadData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Origin::Bytes(bytes) => write!(f, "UploadData({} bytes)", bytes.len()),
            Origin::Frame(frame) => write!(f, "UploadData({} rows)", frame.num_rows()),
            Origin::Reader { length, .. } => write!(f, "UploadData(reader of {length:?} bytes)"),
        }
    }
}

/// Data of known length, taken block by block.
pub(super) struct Blocks {
    reader: Reader,
    length: u64,
}

impl Blocks {
    fn of(spool: Spool) -> Result<Self> {
        let length = spool.len()?;
        let pieces = spool.into_stream()?.map_err(io::Error::other);
        Ok(Self {
            reader: Box::pin(StreamReader::new(pieces)),
            length,
        })
    }

    /// Bytes not yet taken.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The next block: `size` bytes, fewer at the end. Data that is shorter than promised is an
    /// error.
    pub(super) async fn next(&mut self, size: usize) -> Result<Bytes> {
        let wanted = usize::try_from(self.length).map_or(size, |rest| rest.min(size));
        self.length -= u64::try_from(wanted).expect("a block fits 64 bits");
        let block = read_block(&mut self.reader, wanted).await?;
        if block.len() < wanted {
            return Err(Error::argument("data", "ends before its stated length"));
        }
        Ok(block.freeze())
    }

    /// Checks behind the last block that there is no more data than promised.
    pub(super) async fn finish(mut self) -> Result<()> {
        if read_block(&mut self.reader, 1).await?.is_empty() {
            return Ok(());
        }
        Err(Error::argument("data", "goes on behind its stated length"))
    }
}

async fn read_block(reader: &mut Reader, size: usize) -> Result<BytesMut> {
    let mut block = BytesMut::with_capacity(size);
    let limit = u64::try_from(size).expect("a block fits 64 bits");
    let mut reader = reader.as_mut().take(limit);
    while block.len() < size && reader.read_buf(&mut block).await.map_err(unreadable)? > 0 {}
    Ok(block)
}

fn unreadable(error: io::Error) -> Error {
    Error::io("read the data to upload", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn blocks_of(data: UploadData) -> Result<Vec<Bytes>> {
        let mut blocks = data.into_blocks(&DataTypeId::Zip).await?;
        let mut all = Vec::new();
        while blocks.len() > 0 {
            all.push(blocks.next(4).await?);
        }
        blocks.finish().await?;
        Ok(all)
    }

    #[tokio::test]
    async fn every_origin_gives_the_same_blocks() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "0123456789").expect("written");
        let pieces = ["01", "", "2345678", "9"].map(|piece| Ok::<_, io::Error>(Bytes::from(piece)));
        for data in [
            UploadData::from("0123456789"),
            UploadData::from(b"0123456789"),
            UploadData::reader(io::Cursor::new(b"0123456789"), 10),
            UploadData::unsized_reader(io::Cursor::new(b"0123456789")),
            UploadData::stream(futures::stream::iter(pieces)),
            UploadData::file(file.path()).await.expect("opens"),
        ] {
            let shown = format!("{data:?}");
            assert_eq!(
                blocks_of(data).await.expect(&shown),
                ["0123", "4567", "89"],
                "{shown}"
            );
        }
        for data in [
            UploadData::from(""),
            UploadData::reader(tokio::io::empty(), 0),
            UploadData::unsized_reader(tokio::io::empty()),
        ] {
            assert!(blocks_of(data).await.expect("empty").is_empty());
        }
    }

    #[tokio::test]
    async fn a_wrong_length_is_refused() {
        for promised in [0, 4, 7, 9, 12] {
            let data = UploadData::reader(io::Cursor::new(b"01234567"), promised);
            let error = blocks_of(data).await.expect_err("wrong length");
            assert!(
                matches!(error, Error::InvalidArgument { name: "data", .. }),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_directory_is_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = UploadData::file(directory.path())
            .await
            .expect_err("a directory");
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}
