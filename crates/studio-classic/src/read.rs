//! What datasets and experiment outputs have in common: ways to read contents.

use bytes::Bytes;

use crate::Result;
use crate::data_stream::DataStream;

/// Contents of a known type that can be fetched.
pub(crate) trait Source: Sync {
    /// What a read attempts, for errors.
    fn attempted(&self) -> String;

    /// Size of the contents, if it is known before they are fetched.
    fn size(&self) -> Option<u64>;

    /// The contents as they arrive.
    fn open(&self) -> impl Future<Output = Result<DataStream>> + Send;

    /// The contents at once. A transfer that breaks off is started again.
    fn bytes(&self) -> impl Future<Output = Result<Bytes>> + Send;
}

/// The public methods of everything that is a [`Source`].
macro_rules! read_methods {
    () => {
        /// The contents as they arrive, decompressed: an [`AsyncRead`](tokio::io::AsyncRead) and
        /// a [`Stream`](futures::Stream) of bytes. The status is checked before this returns.
        ///
        /// # Errors
        /// [`Error::Http`](crate::Error::Http) if the service refuses; errors on the way come out
        /// of the stream.
        pub async fn open(&self) -> $crate::Result<$crate::DataStream> {
            $crate::read::Source::open(self).await
        }

        /// The contents, unchanged.
        ///
        /// # Errors
        /// [`Error::Http`](crate::Error::Http) if the service refuses.
        pub async fn read_as_bytes(&self) -> $crate::Result<bytes::Bytes> {
            $crate::read::Source::bytes(self).await
        }

        /// The contents as text: by their byte order mark if they begin with one, else as UTF-8.
        /// A byte order mark stays in the text as U+FEFF.
        ///
        /// # Errors
        /// [`Error::Parse`](crate::Error::Parse) with line and column where the bytes are no text;
        /// [`Error::Http`](crate::Error::Http) if the service refuses.
        pub async fn read_as_text(&self) -> $crate::Result<String> {
            $crate::text::decode(&self.read_as_bytes().await?, None)
        }

        /// The contents as text of a character set, such as `windows-1252` or `utf-16le`.
        ///
        /// # Errors
        /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a character set that is
        /// not known, else as [`read_as_text`](Self::read_as_text).
        pub async fn read_as_text_in(&self, charset: &str) -> $crate::Result<String> {
            $crate::text::check_charset(charset)?;
            $crate::text::decode(&self.read_as_bytes().await?, Some(charset))
        }

        /// Downloads the contents to a file. Awaiting the returned value does the work and gives
        /// the number of bytes.
        ///
        /// The file appears under its name when it is complete and not before. A file that is
        /// there already is refused before any request, unless the returned value is told to
        /// overwrite it.
        ///
        /// # Errors
        /// [`Error::Io`](crate::Error::Io) if the file exists or cannot be written,
        /// [`Error::Http`](crate::Error::Http) if the service refuses.
        pub fn download_to(&self, path: impl Into<std::path::PathBuf>) -> $crate::DownloadTo<'_> {
            $crate::DownloadTo::new(
                Box::pin(self.open()),
                $crate::read::Source::size(self),
                path.into(),
            )
        }
    };
}

pub(crate) use read_methods;
