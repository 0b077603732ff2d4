//! The tokens that a server answers with.
//!
//! Every function appends one token to a buffer. Texts that a length field cannot hold are cut, never wrapped around.

use crate::{
    Collation, Result,
    types::{TypeInfo, ValueRef},
};

/// The version of the protocol that a server of this crate answers with: 7.4, or 8.0 inside TLS from the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 7.4.
    V7_4,
    /// 8.0 (strict encryption).
    V8_0,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name; empty for an unnamed column.
    pub name: String,
    /// The type.
    pub info: TypeInfo,
    /// Whether values may be NULL.
    pub nullable: bool,
    /// Whether the server numbers the rows in it.
    pub identity: bool,
}

/// An error or a message for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMessage<'a> {
    /// The number, for example 18456.
    pub number: i32,
    /// The state, which tells places of the same number apart.
    pub state: u8,
    /// The severity: above 10 an error.
    pub class: u8,
    /// The text.
    pub message: &'a str,
    /// The server's name.
    pub server: &'a str,
    /// The procedure it was raised in; empty outside of procedures.
    pub procedure: &'a str,
    /// The line in the batch or procedure, from 1.
    pub line: u32,
}

/// Which of the three DONE tokens ends a part of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoneKind {
    /// A statement of a batch.
    Statement,
    /// A statement inside a procedure.
    InProcedure,
    /// A procedure.
    Procedure,
}

/// What a DONE token says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// More results follow in this message.
    pub more: bool,
    /// The statement failed.
    pub error: bool,
    /// A transaction is open.
    pub in_transaction: bool,
    /// The answer to an attention.
    pub attention: bool,
    /// The number of rows, where the statement has one.
    pub rows: Option<u64>,
    /// What the statement was; see [`command`].
    pub command: u16,
}

/// Numbers of statements in DONE tokens.
pub mod command {
    /// SELECT.
    pub const SELECT: u16 = 0xC1;
    /// INSERT.
    pub const INSERT: u16 = 0xC3;
    /// DELETE.
    pub const DELETE: u16 = 0xC4;
    /// UPDATE.
    pub const UPDATE: u16 = 0xC5;
    /// CREATE TABLE.
    pub const CREATE_TABLE: u16 = 0xC6;
    /// MERGE.
    pub const MERGE: u16 = 0x117;
}

/// A change of the session that the client must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvChange<'a> {
    /// The current database, new and old.
    Database(&'a str, &'a str),
    /// The language, new and old.
    Language(&'a str, &'a str),
    /// The packet size in bytes, new and old.
    PacketSize(usize, usize),
    /// The default collation.
    Collation(Collation),
    /// A transaction has begun; its descriptor.
    Begin(u64),
    /// The transaction was committed; its descriptor.
    Commit(u64),
    /// The transaction was rolled back; its descriptor.
    Rollback(u64),
    /// The session was reset.
    ResetAcknowledged,
}

/// Appends COLMETADATA.
pub fn columns(columns: &[Column], out: &mut Vec<u8>) {
    out.push(0x81);
    let count = u16::try_from(columns.len()).unwrap_or(u16::MAX - 1);
    out.extend_from_slice(&count.to_le_bytes());
    for column in columns.iter().take(count.into()) {
        let nullable = u16::from(column.nullable);
        let identity = if column.identity { 0x0010 } else { 0 };
        out.extend_from_slice(&[0; 4]);
        // 0x0008: whether the column can be updated is not known.
        out.extend_from_slice(&(nullable | 0x0008 | identity).to_le_bytes());
        column.info.write(out);
        b_varchar(&column.name, out);
    }
}

/// Appends a ROW token's id; the values follow in the order of the columns, each by [`TypeInfo::write_value`].
pub fn row(out: &mut Vec<u8>) {
    out.push(0xD1);
}

/// Appends RETURNSTATUS.
pub fn return_status(status: i32, out: &mut Vec<u8>) {
    out.push(0x79);
    out.extend_from_slice(&status.to_le_bytes());
}

/// Appends RETURNVALUE for the output parameter at `ordinal`, counted from zero.
///
/// # Errors
/// When the type cannot hold the value; nothing is written then.
pub fn return_value(
    ordinal: u16,
    name: &str,
    info: TypeInfo,
    value: ValueRef<'_>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut encoded = Vec::new();
    info.write_value(value, &mut encoded)?;
    out.push(0xAC);
    out.extend_from_slice(&ordinal.to_le_bytes());
    b_varchar(name, out);
    // Status 1: an output parameter. No user type; nullable.
    out.extend_from_slice(&[1, 0, 0, 0, 0, 1, 0]);
    info.write(out);
    out.extend_from_slice(&encoded);
    Ok(())
}

/// Appends DONE, DONEINPROC or DONEPROC.
pub fn done(kind: DoneKind, done: Done, out: &mut Vec<u8>) {
    out.push(match kind {
        DoneKind::Statement => 0xFD,
        DoneKind::Procedure => 0xFE,
        DoneKind::InProcedure => 0xFF,
    });
    let bits = [
        (done.more, 0x01),
        (done.error, 0x02),
        (done.in_transaction, 0x04),
        (done.rows.is_some(), 0x10),
        (done.attention, 0x20),
    ];
    let status = bits
        .iter()
        .filter(|(set, _)| *set)
        .fold(0_u16, |status, (_, bit)| status | bit);
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&done.command.to_le_bytes());
    out.extend_from_slice(&done.rows.unwrap_or_default().to_le_bytes());
}

/// Appends ERROR for a class above 10, else INFO.
pub fn message(message: &ServerMessage<'_>, out: &mut Vec<u8>) {
    let id = if message.class > 10 { 0xAA } else { 0xAB };
    with_length(id, out, |out| {
        out.extend_from_slice(&message.number.to_le_bytes());
        // A message of class up to 10 goes out as information, class 0.
        let class = if message.class > 10 { message.class } else { 0 };
        out.extend_from_slice(&[message.state, class]);
        us_varchar(message.message, MAX_MESSAGE, out);
        b_varchar(message.server, out);
        b_varchar(message.procedure, out);
        out.extend_from_slice(&message.line.to_le_bytes());
    });
}

/// The longest text of a message in UTF-16 units; its token counts bytes in 16 bits.
pub const MAX_MESSAGE: usize = 30_000;

/// Appends LOGINACK.
pub fn login_ack(version: Version, program: &str, program_version: [u8; 4], out: &mut Vec<u8>) {
    with_length(0xAD, out, |out| {
        out.push(1);
        out.extend_from_slice(match version {
            Version::V7_4 => &[0x74, 0, 0, 4],
            Version::V8_0 => &[0x08, 0, 0, 0],
        });
        b_varchar(program, out);
        out.extend_from_slice(&program_version);
    });
}

/// Appends FEATUREEXTACK with the features that are agreed to.
pub fn feature_ack(utf8_support: bool, fed_auth: bool, out: &mut Vec<u8>) {
    out.push(0xAE);
    if fed_auth {
        out.extend_from_slice(&[0x02, 0, 0, 0, 0]);
    }
    if utf8_support {
        out.extend_from_slice(&[0x0A, 1, 0, 0, 0, 1]);
    }
    out.push(0xFF);
}

/// Appends ENVCHANGE.
pub fn env_change(change: EnvChange<'_>, out: &mut Vec<u8>) {
    with_length(0xE3, out, |out| match change {
        EnvChange::Database(new, old) => texts(1, new, old, out),
        EnvChange::Language(new, old) => texts(2, new, old, out),
        EnvChange::PacketSize(new, old) => texts(4, &new.to_string(), &old.to_string(), out),
        EnvChange::Collation(collation) => {
            out.extend_from_slice(&[7, 5]);
            out.extend_from_slice(&collation.to_bytes());
            out.push(0);
        }
        EnvChange::Begin(descriptor) => {
            out.extend_from_slice(&[8, 8]);
            out.extend_from_slice(&descriptor.to_le_bytes());
            out.push(0);
        }
        EnvChange::Commit(descriptor) => ended(9, descriptor, out),
        EnvChange::Rollback(descriptor) => ended(10, descriptor, out),
        EnvChange::ResetAcknowledged => out.extend_from_slice(&[18, 0, 0]),
    });
}

/// Appends ORDER: the ordinals, from 1, of the columns that the rows are sorted by.
pub fn order(ordinals: &[u16], out: &mut Vec<u8>) {
    with_length(0xA9, out, |out| {
        ordinals
            .iter()
            .for_each(|ordinal| out.extend_from_slice(&ordinal.to_le_bytes()))
    });
}

fn texts(kind: u8, new: &str, old: &str, out: &mut Vec<u8>) {
    out.push(kind);
    b_varchar(new, out);
    b_varchar(old, out);
}

fn ended(kind: u8, descriptor: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[kind, 0, 8]);
    out.extend_from_slice(&descriptor.to_le_bytes());
}

/// A token whose length in bytes, 16 bits, stands behind its id.
fn with_length(id: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(id);
    let at = out.len();
    out.extend_from_slice(&[0; 2]);
    write(out);
    let length = u16::try_from(out.len() - at - 2).expect("the texts of a token are cut to fit");
    out[at..at + 2].copy_from_slice(&length.to_le_bytes());
}

fn b_varchar(text: &str, out: &mut Vec<u8>) {
    let units = cut_utf16(text, u8::MAX.into());
    out.push(u8::try_from(units.len()).expect("cut to 255"));
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

fn us_varchar(text: &str, limit: usize, out: &mut Vec<u8>) {
    let units = cut_utf16(text, limit);
    out.extend_from_slice(
        &u16::try_from(units.len())
            .expect("the limit is below 65536")
            .to_le_bytes(),
    );
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

/// The text's UTF-16 units, cut to `limit` without splitting a pair.
fn cut_utf16(text: &str, limit: usize) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len().min(limit));
    for character in text.chars() {
        if units.len() + character.len_utf16() > limit {
            break;
        }
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reader, types::Value};

    #[test]
    fn columns_and_a_row_have_the_documented_bytes() {
        let column = Column {
            name: "n".into(),
            info: TypeInfo::int(4),
            nullable: true,
            identity: false,
        };
        let mut out = Vec::new();
        columns(std::slice::from_ref(&column), &mut out);
        row(&mut out);
        column.info.write_value(ValueRef::Int(5), &mut out).unwrap();
        assert_eq!(
            out,
            [
                0x81, 1, 0, 0, 0, 0, 0, 9, 0, 0x26, 4, 1, b'n', 0, 0xD1, 4, 5, 0, 0, 0
            ]
        );
    }

    #[test]
    fn an_error_and_an_information_differ_by_class() {
        let mut text = ServerMessage {
            number: 18456,
            state: 1,
            class: 14,
            message: "Login failed for user 'x'.",
            server: "S",
            procedure: "",
            line: 1,
        };
        let mut out = Vec::new();
        message(&text, &mut out);
        let mut reader = Reader::new(&out);
        assert_eq!(reader.u8().unwrap(), 0xAA);
        assert_eq!(usize::from(reader.u16().unwrap()), reader.rest().len());
        assert_eq!(
            (
                reader.i32().unwrap(),
                reader.u8().unwrap(),
                reader.u8().unwrap()
            ),
            (18456, 1, 14)
        );
        assert_eq!(reader.us_varchar().unwrap(), text.message);

        text.class = 10;
        out.clear();
        message(&text, &mut out);
        assert_eq!((out[0], out[8]), (0xAB, 0));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = "😀".repeat(MAX_MESSAGE);
        let text = ServerMessage {
            number: 0,
            state: 0,
            class: 0,
            message: &long,
            server: "",
            procedure: "",
            line: 0,
        };
        let mut out = Vec::new();
        message(&text, &mut out);
        let mut reader = Reader::new(&out[9..]);
        let shown = reader.us_varchar().unwrap();
        assert_eq!(shown.encode_utf16().count(), MAX_MESSAGE);
        assert!(!shown.contains('\u{FFFD}'));
    }

    #[test]
    fn done_says_only_what_is_true() {
        let mut out = Vec::new();
        done(DoneKind::Statement, Done::default(), &mut out);
        assert_eq!(out, [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.clear();
        let full = Done {
            more: true,
            rows: Some(3),
            command: command::SELECT,
            ..Done::default()
        };
        done(DoneKind::InProcedure, full, &mut out);
        assert_eq!(out[..6], [0xFF, 0x11, 0, 0xC1, 0, 3]);
    }

    /// sqlml C49: ordinals count from zero.
    #[test]
    fn a_return_value_can_be_read_back() {
        let mut out = Vec::new();
        return_value(0, "@x", TypeInfo::int(4), ValueRef::Int(7), &mut out).unwrap();
        let mut reader = Reader::new(&out);
        assert_eq!((reader.u8().unwrap(), reader.u16().unwrap()), (0xAC, 0));
        assert_eq!(reader.b_varchar().unwrap(), "@x");
        reader.bytes(7).unwrap();
        let info = TypeInfo::read(&mut reader).unwrap();
        assert_eq!(info.read_value(&mut reader).unwrap(), Value::Int(7));
    }

    #[test]
    fn session_changes_have_the_documented_bytes() {
        let encode = |change| {
            let mut out = Vec::new();
            env_change(change, &mut out);
            out
        };
        assert_eq!(
            encode(EnvChange::Database("a", "")),
            [0xE3, 5, 0, 1, 1, b'a', 0, 0]
        );
        assert_eq!(
            encode(EnvChange::Begin(1)),
            [0xE3, 11, 0, 8, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            encode(EnvChange::Commit(1)),
            [0xE3, 11, 0, 9, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(encode(EnvChange::ResetAcknowledged), [0xE3, 3, 0, 18, 0, 0]);
    }
}
