//! The contents of a dataset as they arrive.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use azure_core::http::AsyncRawResponse;
use bytes::{Buf, Bytes};
use futures::Stream;
use tokio::io::{AsyncRead, ReadBuf};

use crate::{Error, Result};

/// Bytes of a dataset, decompressed, as the network delivers them.
///
/// Both a [`Stream`] of pieces and an [`AsyncRead`]; the two may be mixed, every byte comes once.
/// A transfer that breaks off ends in an error, never in a quiet end.
pub struct DataStream {
    attempted: String,
    body: Pin<Box<dyn Stream<Item = azure_core::Result<Bytes>> + Send>>,
    /// What was received and not yet handed out to a reader.
    rest: Bytes,
    /// A stream that has failed stays ended.
    failed: bool,
}

impl DataStream {
    pub(crate) fn new(attempted: String, response: AsyncRawResponse) -> Self {
        Self {
            attempted,
            body: Box::pin(response.into_body()),
            rest: Bytes::new(),
            failed: false,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))));
        }
        if self.failed {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.body.as_mut().poll_next(cx)) {
            Some(Err(error)) => {
                self.failed = true;
                Some(Err(Error::from_core(&self.attempted, error.into())))
            }
            Some(Ok(piece)) => Some(Ok(piece)),
            None => None,
        })
    }
}

impl Stream for DataStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_piece(cx)
    }
}

impl AsyncRead for DataStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            match ready!(self.poll_piece(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                // An empty piece would read as the end.
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(mut piece)) => {
                    let length = piece.len().min(buf.remaining());
                    buf.put_slice(&piece[..length]);
                    piece.advance(length);
                    self.rest = piece;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl fmt::Debug for DataStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataStream")
            .field("attempted", &self.attempted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::{StatusCode, headers::Headers};
    use futures::{StreamExt, stream};
    use tokio::io::AsyncReadExt;

    fn of(pieces: Vec<azure_core::Result<Bytes>>) -> DataStream {
        let body = Box::pin(stream::iter(pieces));
        DataStream::new(
            "read `x`".to_owned(),
            AsyncRawResponse::new(StatusCode::Ok, Headers::new(), body),
        )
    }

    #[tokio::test]
    async fn reading_a_little_and_then_the_rest_gives_every_byte_once() {
        // studio S-042
        let mut stream = of(vec![Ok("abc".into()), Ok(Bytes::new()), Ok("defg".into())]);
        let mut first = [0; 2];
        stream.read_exact(&mut first).await.expect("two bytes");
        assert_eq!(&first, b"ab");
        assert_eq!(
            stream.next().await.expect("a piece").expect("no error"),
            "c"
        );
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.expect("the rest");
        assert_eq!(rest, "defg");
    }

    #[tokio::test]
    async fn a_broken_transfer_is_an_error_and_then_ends() {
        let broken = || {
            let error = azure_core::Error::with_message(azure_core::error::ErrorKind::Io, "reset");
            of(vec![Ok("abc".into()), Err(error)])
        };
        let mut text = String::new();
        let error = broken()
            .read_to_string(&mut text)
            .await
            .expect_err("broken");
        assert!(error.to_string().contains("read `x`"), "{error}");
        let items: Vec<_> = broken().collect().await;
        assert_eq!(items.len(), 2);
        assert!(matches!(items[1], Err(Error::Transport(_))));
    }
}
