//! Packets: eight bytes of header, and messages cut into them and joined from them.

use crate::{Error, Reader, Result};

/// The length of a packet's header in bytes.
pub const HEADER: usize = 8;
/// The packet size until the login is answered.
pub const FIRST_SIZE: usize = 4096;
/// The largest packet size that may be agreed on.
pub const MAX_SIZE: usize = 32767;
/// The smallest packet size that may be agreed on.
pub const MIN_SIZE: usize = 512;

const END_OF_MESSAGE: u8 = 0x01;
const RESET: u8 = 0x08;
const RESET_KEEPING_TRANSACTION: u8 = 0x10;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacketType {
    /// SQL text.
    Batch,
    /// Calls of procedures.
    Rpc,
    /// The server's answer.
    Reply,
    /// A request to stop what runs.
    Attention,
    /// Rows of a bulk load.
    BulkLoad,
    /// A federated authentication token.
    FedAuthToken,
    /// Begin, commit or roll back.
    TransactionManager,
    /// The login.
    Login7,
    /// A leg of integrated authentication.
    Sspi,
    /// The greeting, and TLS records during the handshake.
    PreLogin,
}

impl PacketType {
    fn from_byte(byte: u8) -> Result<Self> {
        Ok(match byte {
            0x01 => Self::Batch,
            0x03 => Self::Rpc,
            0x04 => Self::Reply,
            0x06 => Self::Attention,
            0x07 => Self::BulkLoad,
            0x08 => Self::FedAuthToken,
            0x0E => Self::TransactionManager,
            0x10 => Self::Login7,
            0x11 => Self::Sspi,
            0x12 => Self::PreLogin,
            _ => return Err(Error::Invalid("packet type")),
        })
    }

    fn to_byte(self) -> u8 {
        match self {
            Self::Batch => 0x01,
            Self::Rpc => 0x03,
            Self::Reply => 0x04,
            Self::Attention => 0x06,
            Self::BulkLoad => 0x07,
            Self::FedAuthToken => 0x08,
            Self::TransactionManager => 0x0E,
            Self::Login7 => 0x10,
            Self::Sspi => 0x11,
            Self::PreLogin => 0x12,
        }
    }
}

/// What a request asks of the session before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// Nothing.
    #[default]
    None,
    /// Back to the state after login.
    Session,
    /// The same, but the open transaction stays.
    KeepTransaction,
}

/// A packet's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the message is.
    pub kind: PacketType,
    /// Whether this is the message's last packet.
    pub last: bool,
    /// What is asked of the session.
    pub reset: Reset,
    /// The length of the payload behind the header, in bytes.
    pub payload: usize,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown type or a length below the header's own.
    pub fn parse(bytes: [u8; HEADER]) -> Result<Self> {
        let mut reader = Reader::new(&bytes);
        let kind = PacketType::from_byte(reader.u8()?)?;
        let status = reader.u8()?;
        let length = usize::from(reader.u16_be()?);
        let payload = length
            .checked_sub(HEADER)
            .ok_or(Error::Invalid("packet length"))?;
        let reset = match status & (RESET | RESET_KEEPING_TRANSACTION) {
            0 => Reset::None,
            RESET_KEEPING_TRANSACTION => Reset::KeepTransaction,
            _ => Reset::Session,
        };
        Ok(Self {
            kind,
            last: status & END_OF_MESSAGE != 0,
            reset,
            payload,
        })
    }
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: PacketType,
    /// What it asks of the session.
    pub reset: Reset,
    /// The payloads of its packets, joined.
    pub payload: Vec<u8>,
}

/// Joins packets into messages, up to a limit.
#[derive(Debug)]
pub struct Assembler {
    limit: usize,
    packet_size: usize,
    open: Option<Message>,
}

impl Assembler {
    /// An assembler for messages of at most `limit` bytes in packets of [`FIRST_SIZE`].
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            packet_size: FIRST_SIZE,
            open: None,
        }
    }

    /// Sets the packet size that was agreed on.
    pub fn set_packet_size(&mut self, size: usize) {
        self.packet_size = size;
    }

    /// Checks a header against what came before and against the limits. Call it before reading the payload, so that
    /// nothing is read or reserved for a packet that will be refused.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a packet longer than agreed or of another type than the open message;
    /// [`Error::TooLarge`] when the message would pass the limit.
    pub fn check(&self, header: &Header) -> Result<()> {
        if header.payload + HEADER > self.packet_size {
            return Err(Error::Invalid("packet length"));
        }
        let so_far = match &self.open {
            Some(open) if open.kind != header.kind => return Err(Error::Invalid("packet order")),
            Some(open) => open.payload.len(),
            None => 0,
        };
        if so_far + header.payload > self.limit {
            return Err(Error::TooLarge {
                what: "a message",
                limit: self.limit,
            });
        }
        Ok(())
    }

    /// Adds a packet; returns the message when it was the last.
    ///
    /// # Errors
    /// As [`Assembler::check`].
    pub fn push(&mut self, header: &Header, payload: &[u8]) -> Result<Option<Message>> {
        self.check(header)?;
        let mut message = self.open.take().unwrap_or_else(|| Message {
            kind: header.kind,
            reset: header.reset,
            payload: Vec::new(),
        });
        message.payload.extend_from_slice(payload);
        if header.last {
            return Ok(Some(message));
        }
        self.open = Some(message);
        Ok(None)
    }
}

/// Cuts a message that grows into packets of one size.
#[derive(Debug)]
pub struct Cutter {
    kind: PacketType,
    room: usize,
    next_id: u8,
}

impl Cutter {
    /// A cutter for one message in packets of `packet_size` bytes, header included.
    ///
    /// # Panics
    /// Never: a size outside [`MIN_SIZE`]..=[`MAX_SIZE`] is moved to the nearer end.
    #[must_use]
    pub fn new(kind: PacketType, packet_size: usize) -> Self {
        Self {
            kind,
            room: packet_size.clamp(MIN_SIZE, MAX_SIZE) - HEADER,
            next_id: 1,
        }
    }

    /// Moves full packets from the front of `pending` to `out`; what may still grow stays.
    pub fn cut(&mut self, pending: &mut Vec<u8>, out: &mut Vec<u8>) {
        let mut at = 0;
        // One byte is always kept, so that the last packet has something to carry.
        while pending.len() - at > self.room {
            self.packet(&pending[at..at + self.room], false, out);
            at += self.room;
        }
        pending.drain(..at);
    }

    /// Moves everything to `out`; the last packet ends the message.
    pub fn finish(mut self, mut pending: Vec<u8>, out: &mut Vec<u8>) {
        self.cut(&mut pending, out);
        self.packet(&pending, true, out);
    }

    fn packet(&mut self, payload: &[u8], last: bool, out: &mut Vec<u8>) {
        let length =
            u16::try_from(payload.len() + HEADER).expect("a packet is at most 32767 bytes");
        out.push(self.kind.to_byte());
        out.push(if last { END_OF_MESSAGE } else { 0 });
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[0, 0, self.next_id, 0]);
        out.extend_from_slice(payload);
        self.next_id = self.next_id.wrapping_add(1);
    }
}

/// One message as packets.
#[must_use]
pub fn message(kind: PacketType, payload: Vec<u8>, packet_size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + HEADER * (payload.len() / MIN_SIZE + 1));
    Cutter::new(kind, packet_size).finish(payload, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn join(bytes: &[u8], packet_size: usize) -> Result<Message> {
        let mut assembler = Assembler::new(1 << 20);
        assembler.set_packet_size(packet_size);
        let mut reader = Reader::new(bytes);
        loop {
            let header = Header::parse(reader.array()?)?;
            if let Some(message) = assembler.push(&header, reader.bytes(header.payload)?)? {
                assert!(reader.is_empty(), "packets behind the end of the message");
                return Ok(message);
            }
        }
    }

    proptest! {
        #[test]
        fn cutting_and_joining_gives_the_message_back(
            payload in proptest::collection::vec(any::<u8>(), 0..5000),
            packet_size in MIN_SIZE..2000,
        ) {
            let bytes = message(PacketType::Reply, payload.clone(), packet_size);
            let joined = join(&bytes, packet_size).unwrap();
            prop_assert_eq!(joined.kind, PacketType::Reply);
            prop_assert_eq!(joined.payload, payload);
        }
    }

    #[test]
    fn a_message_of_exactly_one_packet_is_one_packet() {
        let bytes = message(PacketType::Reply, vec![7; MIN_SIZE - HEADER], MIN_SIZE);
        assert_eq!(bytes.len(), MIN_SIZE);
        assert_eq!(bytes[1], END_OF_MESSAGE);
    }

    /// sqlml C54: nothing is reserved for what will be refused.
    #[test]
    fn hostile_headers_are_refused() {
        assert_eq!(
            Header::parse([0x63, 1, 0, 8, 0, 0, 1, 0]),
            Err(Error::Invalid("packet type"))
        );
        assert_eq!(
            Header::parse([1, 1, 0, 7, 0, 0, 1, 0]),
            Err(Error::Invalid("packet length"))
        );
        let mut assembler = Assembler::new(100);
        let header = |kind, payload| Header {
            kind,
            last: false,
            reset: Reset::None,
            payload,
        };
        assert!(
            assembler
                .check(&header(PacketType::Batch, FIRST_SIZE))
                .is_err()
        );
        assert!(matches!(
            assembler.check(&header(PacketType::Batch, 101)),
            Err(Error::TooLarge { .. })
        ));
        assembler.push(&header(PacketType::Batch, 1), &[0]).unwrap();
        assert_eq!(
            assembler.check(&header(PacketType::Rpc, 1)),
            Err(Error::Invalid("packet order"))
        );
    }

    /// sqlml C60: the reset bits.
    #[test]
    fn reset_bits_are_read() {
        for (status, reset) in [
            (1, Reset::None),
            (9, Reset::Session),
            (0x11, Reset::KeepTransaction),
        ] {
            assert_eq!(
                Header::parse([1, status, 0, 8, 0, 0, 1, 0]).unwrap().reset,
                reset
            );
        }
    }
}
