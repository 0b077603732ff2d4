//! Keeping, sharing and reading the bytes of objects. Small bodies live in the metadata
//! store, so that one commit makes them durable together with their object; larger ones
//! in files.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::model::{Body, Content, Piece};
use crate::state::{self, FileId, Hold, Ids, NewFile, Read, Snapshot, State, WriteTxn};

/// Bodies up to this size are kept in the metadata store.
pub(crate) const INLINE_LIMIT: usize = 64 << 10;

const BODIES: &str = "storage/bodies";
const PIECES: &str = "storage/pieces";

/// A body that was received and is not part of an object yet.
#[derive(Debug)]
pub(crate) enum Received {
    /// At most [`INLINE_LIMIT`] bytes.
    Memory(Bytes),
    /// A complete file that is removed unless it is kept.
    File(NewFile),
}

impl Received {
    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File(file) => file.length(),
        }
    }

    /// Makes it part of the transaction.
    pub(crate) fn keep(self, txn: &mut WriteTxn<'_>, ids: &Ids) -> Result<Body, state::Error> {
        match self {
            Self::Memory(bytes) => keep_inline(txn, ids, &bytes),
            Self::File(file) => txn.adopt(file).map(Body::File),
        }
    }

    /// Makes it the whole content of an object.
    pub(crate) fn keep_whole(
        self,
        txn: &mut WriteTxn<'_>,
        ids: &Ids,
    ) -> Result<Content, state::Error> {
        if self.length() == 0 {
            return Ok(Content::Empty);
        }
        self.keep(txn, ids).map(Content::Whole)
    }
}

fn keep_inline(txn: &mut WriteTxn<'_>, ids: &Ids, bytes: &[u8]) -> Result<Body, state::Error> {
    let id = ids.hex();
    txn.put(BODIES, &id, bytes)?;
    Ok(Body::Inline(id))
}

/// Gives up one reference to a body.
pub(crate) fn release_body(txn: &mut WriteTxn<'_>, body: &Body) -> Result<(), state::Error> {
    match body {
        Body::Inline(id) => txn.remove(BODIES, id).map(|_| ()),
        Body::File(id) => txn.release(id),
    }
}

/// Gives up the content of an object that goes away.
pub(crate) fn release(txn: &mut WriteTxn<'_>, content: &Content) -> Result<(), state::Error> {
    match content {
        Content::Empty => Ok(()),
        Content::Whole(body) => release_body(txn, body),
        Content::Pieces(id) => {
            for piece in pieces(txn, id)? {
                release_body(txn, &piece.body)?;
            }
            txn.remove(PIECES, id).map(|_| ())
        }
    }
}

/// The same content for one more object.
pub(crate) fn share(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    content: &Content,
) -> Result<Content, state::Error> {
    match content {
        Content::Empty => Ok(Content::Empty),
        Content::Whole(body) => share_body(txn, ids, body).map(Content::Whole),
        Content::Pieces(id) => {
            let mut shared = pieces(txn, id)?;
            for piece in &mut shared {
                piece.body = share_body(txn, ids, &piece.body)?;
            }
            keep_pieces(txn, ids, &shared)
        }
    }
}

/// The same body for one more piece.
pub(crate) fn share_body(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    body: &Body,
) -> Result<Body, state::Error> {
    match body {
        Body::Inline(id) => {
            let bytes = txn.get(BODIES, id)?.unwrap_or_default();
            keep_inline(txn, ids, &bytes)
        }
        Body::File(id) => {
            txn.retain(id)?;
            Ok(body.clone())
        }
    }
}

/// Stores the list of an object's pieces.
pub(crate) fn keep_pieces(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    pieces: &[Piece],
) -> Result<Content, state::Error> {
    if pieces.is_empty() {
        return Ok(Content::Empty);
    }
    let id = ids.hex();
    txn.put_json(PIECES, &id, &pieces)?;
    Ok(Content::Pieces(id))
}

/// The list of an object's pieces.
pub(crate) fn pieces(read: &impl Read, id: &str) -> Result<Vec<Piece>, state::Error> {
    Ok(read.get_json(PIECES, id)?.unwrap_or_default())
}

/// Forgets the list but not the bodies, which the caller takes over.
pub(crate) fn take_pieces(
    txn: &mut WriteTxn<'_>,
    content: &Content,
) -> Result<Vec<Piece>, state::Error> {
    let Content::Pieces(id) = content else {
        return Ok(Vec::new());
    };
    let taken = pieces(txn, id)?;
    txn.remove(PIECES, id)?;
    Ok(taken)
}

/// A stretch of bytes to send.
#[derive(Clone, Debug)]
enum Part {
    Bytes(Bytes),
    Zeros(u64),
    Inline(String, Range<u64>),
    File(FileId, Range<u64>),
}

/// What has to be sent for a range of an object: found in one view of the store, sent
/// afterwards.
#[derive(Debug, Default)]
pub(crate) struct Plan(Vec<Part>);

impl Plan {
    /// Finds the bytes of `range` of an object.
    pub(crate) fn find(
        read: &impl Read,
        content: &Content,
        range: &Range<u64>,
    ) -> Result<Self, state::Error> {
        let mut plan = Self::default();
        match content {
            Content::Empty => plan.zeros(range.end - range.start),
            Content::Whole(Body::Inline(id)) => {
                let part = read.with_value(BODIES, id, |bytes| slice(bytes, range))?;
                plan.0.extend(part.map(Part::Bytes));
            }
            Content::Whole(Body::File(id)) => plan.0.push(Part::File(id.clone(), range.clone())),
            Content::Pieces(id) => plan.add_pieces(&pieces(read, id)?, range),
        }
        Ok(plan)
    }

    fn add_pieces(&mut self, pieces: &[Piece], range: &Range<u64>) {
        let mut at = range.start;
        let first = pieces.partition_point(|piece| piece.at + piece.length <= at);
        for piece in &pieces[first..] {
            if piece.at >= range.end {
                break;
            }
            self.zeros(piece.at.saturating_sub(at));
            let start = at.max(piece.at);
            let end = range.end.min(piece.at + piece.length);
            let shift = |position: u64| position - piece.at + piece.from;
            let inner = shift(start)..shift(end);
            self.0.push(match &piece.body {
                Body::Inline(id) => Part::Inline(id.clone(), inner),
                Body::File(id) => Part::File(id.clone(), inner),
            });
            at = end;
        }
        self.zeros(range.end - at);
    }

    fn zeros(&mut self, length: u64) {
        if length > 0 {
            self.0.push(Part::Zeros(length));
        }
    }

    /// The bytes in memory, if that is where all of them are.
    pub(crate) fn in_memory(&self) -> Option<Bytes> {
        match self.0.as_slice() {
            [] => Some(Bytes::new()),
            [Part::Bytes(bytes)] => Some(bytes.clone()),
            _ => None,
        }
    }

    /// The bytes, read as they are asked for. `hold` is kept to the end.
    pub(super) fn stream(
        self,
        state: State,
        snapshot: Snapshot,
        hold: Hold,
    ) -> impl Stream<Item = Result<Bytes, state::Error>> + Send + 'static {
        let view = Arc::new((snapshot, hold));
        stream::iter(self.0)
            .then(move |part| send(state.clone(), Arc::clone(&view), part))
            .try_flatten()
    }
}

type Chunks = stream::BoxStream<'static, Result<Bytes, state::Error>>;

async fn send(
    state: State,
    view: Arc<(Snapshot, Hold)>,
    part: Part,
) -> Result<Chunks, state::Error> {
    Ok(match part {
        Part::Bytes(bytes) => stream::iter([Ok(bytes)]).boxed(),
        Part::Zeros(length) => zeros(length).map(Ok).boxed(),
        Part::Inline(id, range) => {
            let bytes = view
                .0
                .with_value(BODIES, &id, |bytes| slice(bytes, &range))?;
            stream::iter(bytes.map(Ok)).boxed()
        }
        Part::File(id, range) => {
            let file = state.files.read(&id).await?;
            file.stream(range).boxed()
        }
    })
}

fn slice(bytes: &[u8], range: &Range<u64>) -> Bytes {
    let index = |position: u64| {
        usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(bytes.len())
    };
    Bytes::copy_from_slice(&bytes[index(range.start)..index(range.end)])
}

fn zeros(length: u64) -> impl Stream<Item = Bytes> {
    const BLOCK: &[u8] = &[0; 64 << 10];
    stream::unfold(length, |left| async move {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK.len());
        (now > 0).then(|| {
            let sent = u64::try_from(now).unwrap_or(left);
            (Bytes::from_static(&BLOCK[..now]), left - sent)
        })
    })
}
