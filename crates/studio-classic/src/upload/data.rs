//! Where the bytes of an upload come from, and their length, which the protocol wants to know
//! before the first of them is sent.

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt};
use tokio_util::io::StreamReader;

use crate::{Error, Result};

/// Data to upload: bytes in memory, a file, a reader or a stream.
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
    Reader {
        reader: Pin<Box<dyn AsyncRead + Send>>,
        /// What the caller promises; `None` spools the data to a temporary file first.
        length: Option<u64>,
    },
}

impl UploadData {
    /// A file, read from its beginning. Its length must not change until the upload is done.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let attempted = || format!("open `{}`", path.display());
        let open = async {
            let file = tokio::fs::File::open(path).await?;
            let metadata = file.metadata().await?;
            if metadata.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            Ok((file, metadata.len()))
        };
        let (file, length) = open.await.map_err(|error| Error::io(attempted(), error))?;
        Ok(Self::reader(file, length))
    }

    /// A reader that gives exactly `length` bytes. Nothing is stored on the way.
    pub fn reader(reader: impl AsyncRead + Send + 'static, length: u64) -> Self {
        Self(Origin::Reader {
            reader: Box::pin(reader),
            length: Some(length),
        })
    }

    /// A reader of unknown length. The data goes to a temporary file before the upload starts,
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

    /// Turns whatever it is into blocks of a known number of bytes.
    pub(super) async fn into_blocks(self) -> Result<Blocks> {
        match self.0 {
            Origin::Bytes(bytes) => Ok(Blocks::bytes(bytes)),
            Origin::Reader {
                reader,
                length: Some(length),
            } => Ok(Blocks::reader(reader, length)),
            Origin::Reader {
                reader,
                length: None,
            } => spool(reader).await,
        }
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
            Origin::Reader { length, .. } => write!(f, "UploadData(reader of {length:?} bytes)"),
        }
    }
}

/// Data of known length, taken block by block.
pub(super) struct Blocks {
    content: Content,
    length: u64,
}

enum Content {
    Bytes(Bytes),
    Reader(Pin<Box<dyn AsyncRead + Send>>),
}

impl Blocks {
    fn bytes(bytes: Bytes) -> Self {
        Self {
            length: u64::try_from(bytes.len()).expect("a length in memory fits 64 bits"),
            content: Content::Bytes(bytes),
        }
    }

    fn reader(reader: Pin<Box<dyn AsyncRead + Send>>, length: u64) -> Self {
        Self {
            content: Content::Reader(reader),
            length,
        }
    }

    /// Bytes not yet taken.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The next block: `size` bytes, fewer at the end. Data that is shorter than
    /// promised is an error.
    pub(super) async fn next(&mut self, size: usize) -> Result<Bytes> {
        let wanted = usize::try_from(self.length).map_or(size, |rest| rest.min(size));
        self.length -= u64::try_from(wanted).expect("a block fits 64 bits");
        match &mut self.content {
            Content::Bytes(bytes) => Ok(bytes.split_to(wanted)),
            Content::Reader(reader) => {
                let block = read_block(reader, wanted).await?;
                if block.len() < wanted {
                    return Err(Error::argument("data", "ends before its stated length"));
                }
                Ok(block.freeze())
            }
        }
    }

    /// Checks behind the last block that there is no more data than promised.
    pub(super) async fn finish(mut self) -> Result<()> {
        if let Content::Reader(reader) = &mut self.content
            && !read_block(reader, 1).await?.is_empty()
        {
            return Err(Error::argument("data", "goes on behind its stated length"));
        }
        Ok(())
    }
}

async fn read_block(reader: &mut Pin<Box<dyn AsyncRead + Send>>, size: usize) -> Result<BytesMut> {
    let mut block = BytesMut::with_capacity(size);
    while block.len() < size {
        let missing = u64::try_from(size - block.len()).expect("a block fits 64 bits");
        let read = reader.as_mut().take(missing).read_buf(&mut block).await;
        if read.map_err(|error| Error::io("read the data to upload", error))? == 0 {
            break;
        }
    }
    Ok(block)
}

/// Copies data of unknown length to a temporary file that vanishes with the upload.
async fn spool(mut reader: Pin<Box<dyn AsyncRead + Send>>) -> Result<Blocks> {
    let copy = async {
        let mut file = tokio::fs::File::from_std(tempfile::tempfile()?);
        let length = tokio::io::copy(&mut reader, &mut file).await?;
        file.rewind().await?;
        Ok((file, length))
    };
    let (file, length) = copy
        .await
        .map_err(|error| Error::io("spool the data to upload", error))?;
    Ok(Blocks::reader(Box::pin(file), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn blocks_of(data: UploadData) -> Result<Vec<Bytes>> {
        let mut blocks = data.into_blocks().await?;
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
