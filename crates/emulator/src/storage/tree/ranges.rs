//! Content that is written range by range, with zeros where nothing was written.

use super::content::{self, keep_pieces, release_body, share_body};
use super::model::{Body, Content, Piece};
use crate::state::{self, Ids, WriteTxn};

/// Replaces `length` bytes from `at` on by a body, or by zeros. `total` is the length of
/// the content before.
pub(crate) fn write(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    content: &Content,
    total: u64,
    (at, length): (u64, u64),
    body: Option<Body>,
) -> Result<Content, state::Error> {
    let old = match content {
        Content::Empty => Vec::new(),
        Content::Whole(body) => vec![whole(body, total)],
        Content::Pieces(_) => content::take_pieces(txn, content)?,
    };
    let end = at + length;
    let mut pieces = Vec::with_capacity(old.len() + 2);
    let mut rest = Vec::new();
    for piece in old {
        let piece_end = piece.at + piece.length;
        if piece_end <= at {
            pieces.push(piece);
        } else if piece.at >= end {
            rest.push(piece);
        } else {
            let (left, right) = cut(txn, ids, piece, at, end)?;
            pieces.extend(left);
            rest.extend(right);
        }
    }
    if let Some(body) = body {
        pieces.push(Piece {
            at,
            from: 0,
            length,
            body,
            block: String::new(),
        });
    }
    pieces.extend(rest);
    keep_pieces(txn, ids, &pieces)
}

/// Adds pieces behind content of `total` bytes.
pub(crate) fn extend(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    content: &Content,
    total: u64,
    more: Vec<Piece>,
) -> Result<Content, state::Error> {
    if more.is_empty() {
        return Ok(content.clone());
    }
    let mut pieces = match content {
        Content::Empty => Vec::new(),
        Content::Whole(body) => vec![whole(body, total)],
        Content::Pieces(_) => content::take_pieces(txn, content)?,
    };
    pieces.extend(more);
    keep_pieces(txn, ids, &pieces)
}

/// A body that is the whole content, as a piece.
fn whole(body: &Body, length: u64) -> Piece {
    Piece {
        at: 0,
        from: 0,
        length,
        body: body.clone(),
        block: String::new(),
    }
}

/// What is left of a piece on both sides of `start..end`.
fn cut(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    piece: Piece,
    start: u64,
    end: u64,
) -> Result<(Option<Piece>, Option<Piece>), state::Error> {
    let piece_end = piece.at + piece.length;
    let left = (piece.at < start).then(|| start - piece.at);
    let right = (piece_end > end).then(|| piece_end - end);
    let left = match left {
        None => None,
        Some(length) => Some(Piece {
            length,
            body: share_body(txn, ids, &piece.body)?,
            ..piece.clone()
        }),
    };
    let right = match right {
        None => None,
        Some(length) => Some(Piece {
            at: end,
            from: piece.from + (end - piece.at),
            length,
            body: share_body(txn, ids, &piece.body)?,
            block: String::new(),
        }),
    };
    release_body(txn, &piece.body)?;
    Ok((left, right))
}

/// The ranges that were written, neighbours joined.
pub(crate) fn written(
    read: &impl state::Read,
    content: &Content,
    total: u64,
) -> Result<Vec<(u64, u64)>, state::Error> {
    let pieces = match content {
        Content::Empty => return Ok(Vec::new()),
        Content::Whole(_) => return Ok(vec![(0, total)]),
        Content::Pieces(id) => content::pieces(read, id)?,
    };
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for piece in pieces {
        let end = piece.at + piece.length;
        match ranges.last_mut() {
            Some((_, last)) if *last == piece.at => *last = end,
            _ => ranges.push((piece.at, end)),
        }
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::content::Received;
    use super::*;
    use crate::state::{DataDir, Read, Snapshot, State};
    use azml_core::clock::SystemClock;
    use std::sync::Arc;

    /// Random writes against a plain array give the same bytes and leave no body behind.
    #[tokio::test]
    async fn ranges_behave_as_an_array() {
        const SIZE: u64 = 64;
        let directory = DataDir::temporary().unwrap();
        let ids = Ids::sequence();
        let state = State::open(&directory, ids.clone(), Arc::new(SystemClock)).unwrap();
        let mut expected = [0u8; 64];
        let mut content = Content::Empty;
        let mut seed = 7u64;
        let mut next = |limit: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % limit
        };
        for step in 0..u8::MAX {
            let at = next(SIZE);
            let length = 1 + next(SIZE - at);
            let clear = next(4) == 0;
            let (start, end) = (index(at), index(at + length));
            let fill = if clear { 0 } else { step | 1 };
            expected[start..end].fill(fill);
            let old = content.clone();
            let ids = ids.clone();
            content = state
                .store
                .write(move |txn| {
                    let body = if clear {
                        None
                    } else {
                        let bytes = Bytes::from(vec![fill; end - start]);
                        Some(Received::Memory(bytes).keep(txn, &ids)?)
                    };
                    write(txn, &ids, &old, SIZE, (at, length), body)
                })
                .await
                .unwrap();
            let shown = state
                .store
                .read(|snapshot| bytes_of(snapshot, &content))
                .unwrap();
            assert_eq!(shown, expected, "step {step}");
        }
        let old = content.clone();
        let cleared = state
            .store
            .write(move |txn| write(txn, &ids, &old, SIZE, (0, SIZE), None));
        assert_eq!(cleared.await.unwrap(), Content::Empty);
        let left = state
            .store
            .read(|snapshot| snapshot.scan("storage/bodies", &state::KeyRange::all(), usize::MAX));
        assert!(left.unwrap().is_empty());
    }

    fn index(number: u64) -> usize {
        usize::try_from(number).unwrap()
    }

    fn bytes_of(snapshot: &Snapshot, content: &Content) -> Result<[u8; 64], state::Error> {
        let mut bytes = [0u8; 64];
        if let Content::Pieces(id) = content {
            for piece in content::pieces(snapshot, id)? {
                let Body::Inline(body) = &piece.body else {
                    unreachable!("small bodies are inline");
                };
                let body = snapshot.get("storage/bodies", body)?.unwrap();
                for i in 0..piece.length {
                    bytes[index(piece.at + i)] = body[index(piece.from + i)];
                }
            }
        }
        Ok(bytes)
    }
}
