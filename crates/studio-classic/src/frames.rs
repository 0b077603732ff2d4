//! Frames out of a workspace and into it: contents are fetched and parsed, or written and sent.
//!
//! Parsing and writing are the business of `formats`; here is decided what is held where. Without
//! a schema the type of a column follows from all of its cells, so the contents are spooled and
//! read twice; with a schema they are parsed as they arrive.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};

use crate::formats::{self, Decoder, FormatError, Frame, ReadOptions};
use crate::read::Source;
use crate::spool::Spool;
use crate::{DataTypeId, Error, Result};

/// Batches of one schema, parsed as they are taken.
pub struct BatchStream {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl BatchStream {
    /// Names and types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Stream for BatchStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(cx)
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Fetches everything and parses it on several threads.
pub(crate) async fn read_frame<S: Source>(source: &S, options: ReadOptions) -> Result<Frame> {
    let id = readable(source.data_type_id())?;
    let spool = Spool::fill(source.open().await?).await?;
    blocking(move || match spool {
        Spool::Memory(bytes) => formats::read_bytes(&bytes, &id, &options),
        Spool::File(mut file) => formats::read_file(&mut file, &id, &options),
    })
    .await
}

/// Fetches and parses as the batches are taken; see the head of this module for what is held.
pub(crate) async fn read_batches<S: Source>(
    source: &S,
    options: ReadOptions,
) -> Result<BatchStream> {
    let id = readable(source.data_type_id())?;
    let contents = source.open().await?;
    if let Some(schema) = options.schema.clone() {
        return decode(contents, &id, schema, &options);
    }
    let spool = Spool::fill(contents).await?;
    let (schema, spool, id, options) = blocking(move || {
        let mut spool = spool;
        let schema = match &mut spool {
            Spool::Memory(bytes) => formats::infer_bytes(bytes, &id, &options)?,
            Spool::File(file) => formats::infer_file(file, &id, &options)?,
        };
        Ok((schema, spool, id, options))
    })
    .await?;
    decode(spool.into_stream()?, &id, schema, &options)
}

fn decode(
    pieces: impl Stream<Item = Result<Bytes>> + Send + 'static,
    id: &DataTypeId,
    schema: SchemaRef,
    options: &ReadOptions,
) -> Result<BatchStream> {
    let decoder = Decoder::new(id, schema.clone(), options)?;
    let steps = stream::try_unfold(
        (pieces.boxed(), Some(decoder)),
        |(mut pieces, decoder)| async move {
            let Some(mut decoder) = decoder else {
                return Ok::<_, Error>(None);
            };
            Ok(Some(match pieces.try_next().await? {
                Some(piece) => (decoder.push(&piece)?, (pieces, Some(decoder))),
                None => (decoder.finish()?, (pieces, None)),
            }))
        },
    );
    Ok(BatchStream {
        schema,
        batches: steps
            .map_ok(|batches| stream::iter(batches.into_iter().map(Ok)))
            .try_flatten()
            .boxed(),
    })
}

/// The type, if it can be read as a frame.
fn readable(id: &DataTypeId) -> Result<DataTypeId> {
    match id.is_frame_readable() {
        true => Ok(id.clone()),
        false => Err(Error::UnsupportedDataType { id: id.to_string() }),
    }
}

/// Runs work that takes long off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FormatError> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Error::io(
                "parse in the background",
                io::Error::other(error),
            )),
        },
    }
}

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Parse(error) => Self::Parse {
                line: error.line,
                column: error.column,
                reason: error.reason,
            },
            FormatError::UnsupportedDataType { id } => {
                Self::UnsupportedDataType { id: id.to_string() }
            }
            FormatError::TooLarge { column, bytes } => Self::TooLarge { column, bytes },
            FormatError::Io(error) => Self::io("read or write the spooled contents", error),
            FormatError::Arrow(error) => Self::Arrow(error),
            FormatError::Schema(reason) => Self::argument("schema", reason),
            error => Self::argument("frame", error.to_string()),
        }
    }
}
