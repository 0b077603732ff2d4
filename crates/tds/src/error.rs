//! What makes bytes unreadable as TDS.

/// A result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bytes from a client are not TDS that this crate accepts. The connection cannot go on after one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data ends before what it announces.
    #[error("the data ends early: {needed} more bytes are announced, {left} are there")]
    Truncated {
        /// Bytes announced.
        needed: usize,
        /// Bytes present.
        left: usize,
    },
    /// A part holds a value that the protocol does not allow there.
    #[error("invalid {0}")]
    Invalid(&'static str),
    /// A type that this side does not read.
    #[error("type 0x{0:02X} is not supported")]
    UnsupportedType(u8),
    /// A part is larger than this side accepts.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// The part.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
}
