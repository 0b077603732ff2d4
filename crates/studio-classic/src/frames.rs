//! Frames out of a workspace and into it: contents are fetched and parsed, or written and sent.
//!
//! Parsing and writing are the business of `formats`; here is decided what is held where. Without
//! a schema the type of a column follows from all of its cells, so the contents are spooled while
//! they are parsed, to be read again; with a schema they are parsed as they arrive.

use std::fmt;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};

use crate::formats::{self, Decoder, Encoder, FormatError, Frame, Input, ReadOptions};
use crate::read::Source;
use crate::spool::{self, Spool};
use crate::upload::{AddDataset, UpdateDataset, UploadData};
use crate::{DataTypeId, Datasets, Error, Result, SourceDataset};

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

/// Fetches everything and parses it meanwhile, on several threads.
pub(crate) async fn read_frame<S: Source>(source: &S, options: ReadOptions) -> Result<Frame> {
    let id = readable(source.data_type_id())?;
    let contents = source.open().await?;
    let parse = move |input: &mut dyn Input| formats::read_input(input, &id, &options);
    let (frame, _) = spool::while_filling(contents, parse).await?;
    Ok(frame)
}

/// Fetches and parses as the batches are taken; see the head of this module for what is held.
pub(crate) async fn read_batches<S: Source>(
    source: &S,
    options: ReadOptions,
) -> Result<BatchStream> {
    let id = readable(source.data_type_id())?;
    if id == DataTypeId::Arff {
        // its types are declared, but whether integers are whole shows only at the end
        let frame = read_frame(source, options).await?;
        return Ok(BatchStream {
            schema: frame.schema().clone(),
            batches: stream::iter(frame.into_iter().map(Ok)).boxed(),
        });
    }
    let contents = source.open().await?;
    if let Some(schema) = options.schema.clone() {
        return decode(contents, &id, schema, &options);
    }
    let infer = {
        let (id, options) = (id.clone(), options.clone());
        move |input: &mut dyn Input| formats::infer_input(input, &id, &options)
    };
    let (schema, spool) = spool::while_filling(contents, infer).await?;
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

/// Writes a frame as text of a type, a batch at a time.
pub(crate) async fn write(frame: Frame, id: DataTypeId) -> Result<Spool> {
    spool::blocking(move || {
        let written = Spool::written(|out| {
            let mut encoder = Encoder::new(&id, frame.schema())?;
            if encoder.needs_observation() {
                for batch in frame.batches() {
                    encoder.observe(batch)?;
                }
            }
            let mut text = Vec::new();
            for batch in frame.batches() {
                encoder.encode(batch, &mut text)?;
                out.write_all(&text)?;
                text.clear();
            }
            encoder.finish(&mut text);
            Ok::<_, FormatError>(out.write_all(&text)?)
        });
        Ok(written?)
    })
    .await
}

/// The type, if it can be read as a frame.
fn readable(id: &DataTypeId) -> Result<DataTypeId> {
    match id.is_frame_readable() {
        true => Ok(id.clone()),
        false => Err(Error::UnsupportedDataType { id: id.to_string() }),
    }
}

impl Datasets {
    /// Adds a batch of rows as a dataset of the workspace; see
    /// [`add_from_frame`](Self::add_from_frame).
    pub fn add(
        &self,
        batch: &RecordBatch,
        data_type_id: impl Into<DataTypeId>,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> AddDataset {
        self.add_from_frame(&Frame::from(batch.clone()), data_type_id, name, description)
    }

    /// Adds a frame as a dataset of the workspace, written as text of the given type.
    ///
    /// Awaiting the returned value does the work and gives the dataset as the service knows it.
    /// Nothing is visible to anybody before the whole upload has succeeded.
    ///
    /// ```no_run
    /// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
    /// use azml_studio_classic::DataTypeId;
    ///
    /// let frame = workspace.datasets().get("Adult").await?.read_frame().await?;
    /// let copy = workspace
    ///     .datasets()
    ///     .add_from_frame(&frame, DataTypeId::GenericTsv, "Adult, tabs", "a copy")
    ///     .await?;
    /// println!("{}", copy.id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before any request: [`Error::InvalidArgument`] for an empty type, name or description or a
    /// value that the type cannot hold, [`Error::UnsupportedDataType`] for a type that frames
    /// cannot be written as. Then [`Error::Http`], with
    /// [`is_conflict`](Error::is_conflict) if the name is taken.
    pub fn add_from_frame(
        &self,
        frame: &Frame,
        data_type_id: impl Into<DataTypeId>,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> AddDataset {
        self.add_data(UploadData::from(frame), data_type_id, name, description)
    }
}

impl SourceDataset {
    /// Replaces the contents by a frame.
    ///
    /// Type, name and description stay unless the returned value is told otherwise; awaiting it
    /// does the work. Then this object stands for the new version. The last writer wins.
    ///
    /// ```no_run
    /// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
    /// let mut dataset = workspace.user_datasets().get("iris").await?;
    /// let frame = dataset.read_frame().await?;
    /// dataset
    ///     .update_from_frame(&frame)
    ///     .name("iris, tabs")
    ///     .data_type_id("GenericTSV")
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before any request: [`Error::ExampleReadOnly`], [`Error::UnsupportedDataType`] if the
    /// type, given or kept, is none that frames can be written as, [`Error::InvalidArgument`] for
    /// a value that the type cannot hold. Then [`Error::Http`], with
    /// [`is_conflict`](Error::is_conflict) if a new name is taken; nothing is changed then.
    pub fn update_from_frame(&mut self, frame: &Frame) -> UpdateDataset<'_> {
        UpdateDataset::new(self, UploadData::from(frame))
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
