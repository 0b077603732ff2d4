//! The TLS handshake of TDS 7: its records travel inside of packets until it is done, then packets travel inside of
//! TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use azml_tds::packet::{self, HEADER, Header, PacketType};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that wraps what is written into packets, and unwraps what is read, until the handshake is over.
#[derive(Debug)]
pub(super) struct HandshakeStream<S> {
    inner: S,
    wrapping: bool,
    header: [u8; HEADER],
    header_read: usize,
    /// What is left of the packet that is read.
    payload: usize,
    /// A packet that is being written.
    pending: Vec<u8>,
    written: usize,
    /// What was taken from the caller into `pending`.
    collected: Vec<u8>,
}

impl<S> HandshakeStream<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            wrapping: true,
            header: [0; HEADER],
            header_read: 0,
            payload: 0,
            pending: Vec::new(),
            written: 0,
            collected: Vec::new(),
        }
    }

    /// The handshake is over: from now on bytes pass as they are.
    pub(super) fn finish(&mut self) {
        self.wrapping = false;
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HandshakeStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.wrapping {
            return Pin::new(&mut this.inner).poll_read(cx, buffer);
        }
        while this.payload == 0 {
            let mut header = ReadBuf::new(&mut this.header[this.header_read..]);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut header))?;
            let read = header.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            this.header_read += read;
            if this.header_read == HEADER {
                this.header_read = 0;
                let header = Header::parse(this.header).map_err(io::Error::other)?;
                if header.kind != PacketType::PreLogin {
                    return Poll::Ready(Err(io::Error::other(
                        "a packet of another type during the TLS handshake",
                    )));
                }
                this.payload = header.payload;
            }
        }
        let limit = this.payload.min(buffer.remaining());
        let mut limited = ReadBuf::new(buffer.initialize_unfilled_to(limit));
        ready!(Pin::new(&mut this.inner).poll_read(cx, &mut limited))?;
        let read = limited.filled().len();
        buffer.advance(read);
        this.payload -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> HandshakeStream<S> {
    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.pending.len() {
            let written =
                ready!(Pin::new(&mut self.inner).poll_write(cx, &self.pending[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.pending.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HandshakeStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.wrapping {
            return Pin::new(&mut self.inner).poll_write(cx, bytes);
        }
        // A flight of the handshake is one message: it is sent when it is flushed.
        self.collected.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.collected.is_empty() {
            ready!(this.poll_pending(cx))?;
            let collected = std::mem::take(&mut this.collected);
            this.pending = packet::message(PacketType::PreLogin, collected, packet::FIRST_SIZE);
        }
        ready!(this.poll_pending(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
