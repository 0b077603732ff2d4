//! What datasets and experiment outputs have in common: ways to read contents.

use bytes::Bytes;

use crate::data_stream::DataStream;
use crate::{DataTypeId, Result};

/// Contents of a known type that can be fetched.
pub(crate) trait Source: Sync {
    /// What a read attempts, for errors.
    fn attempted(&self) -> String;

    fn data_type_id(&self) -> &DataTypeId;

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

        /// The contents as one batch of rows; see [`read_frame`](Self::read_frame).
        ///
        /// # Errors
        /// As [`read_frame`](Self::read_frame), and
        /// [`Error::TooLarge`](crate::Error::TooLarge) if a column holds 2 GiB of text, which no
        /// batch can.
        pub async fn read(&self) -> $crate::Result<arrow::array::RecordBatch> {
            let frame = self.read_frame().await?;
            $crate::spool::blocking(move || Ok(frame.into_batch()?)).await
        }

        /// The contents as a frame. Every column's type follows from all of its cells.
        ///
        /// # Errors
        /// Before any request, [`Error::UnsupportedDataType`](crate::Error::UnsupportedDataType)
        /// for a type that is no table. [`Error::Parse`](crate::Error::Parse) with line and column
        /// for contents that do not have the form of their type;
        /// [`Error::Http`](crate::Error::Http) if the service refuses.
        pub async fn read_frame(&self) -> $crate::Result<$crate::formats::Frame> {
            self.read_frame_with($crate::formats::ReadOptions::default())
                .await
        }

        /// The contents as a frame, read in a way of the caller's choice.
        ///
        /// # Errors
        /// As [`read_frame`](Self::read_frame), and
        /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a schema that does not fit
        /// the contents.
        pub async fn read_frame_with(
            &self,
            options: $crate::formats::ReadOptions,
        ) -> $crate::Result<$crate::formats::Frame> {
            $crate::frames::read_frame(self, options).await
        }

        /// The contents as batches of rows, parsed as they are taken, in bounded memory whatever
        /// their size.
        ///
        /// With a schema in the options nothing is stored on the way. Without one the contents
        /// first go to a temporary file, if they are large, because every cell has a say in the
        /// types of the columns.
        ///
        /// # Errors
        /// As [`read_frame_with`](Self::read_frame_with); what is wrong with the contents comes out
        /// of the stream.
        pub async fn read_batches(
            &self,
            options: $crate::formats::ReadOptions,
        ) -> $crate::Result<$crate::BatchStream> {
            $crate::frames::read_batches(self, options).await
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
