//! What clients ask: batches of SQL text, calls of procedures, and transactions.

use crate::{
    Error, Reader, Result,
    reader::decode_utf16,
    types::{TypeInfo, Value},
};

/// The name of a procedure that is sent as a number.
const BY_ID: u16 = 0xFFFF;
const SEPARATOR: u8 = 0x80;
const BATCH_SEPARATOR: u8 = 0xFF;
const NO_EXEC_SEPARATOR: u8 = 0xFE;
/// The most parameters of one call that are taken.
const MAX_PARAMETERS: usize = 2100;

/// A batch of SQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The transaction it belongs to; 0 for none.
    pub transaction: u64,
    /// The text.
    pub text: String,
}

impl Batch {
    /// Reads a batch.
    ///
    /// # Errors
    /// [`Error`] for headers or text that are cut off.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let transaction = headers(&mut reader)?;
        Ok(Self {
            transaction,
            text: decode_utf16(reader.rest())?,
        })
    }
}

/// Which procedure is called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Procedure {
    /// By name, as the client wrote it.
    Named(String),
    /// `sp_cursor` and its kin, ids 1 to 9, which this crate does not tell apart.
    Cursor(u16),
    /// `sp_executesql`.
    ExecuteSql,
    /// `sp_prepare`.
    Prepare,
    /// `sp_execute`.
    Execute,
    /// `sp_prepexec`.
    PrepExec,
    /// `sp_prepexecrpc`.
    PrepExecRpc,
    /// `sp_unprepare`.
    Unprepare,
}

/// A parameter of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name with its `@`; empty for one given by position.
    pub name: String,
    /// Whether the value is sent back.
    pub output: bool,
    /// Whether the procedure's default is asked for.
    pub default: bool,
    /// The type.
    pub info: TypeInfo,
    /// The value.
    pub value: Value,
}

/// A call of a procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The procedure.
    pub procedure: Procedure,
    /// Whether COLMETADATA is left out of the answer.
    pub no_metadata: bool,
    /// The parameters in the order they were sent.
    pub parameters: Vec<Parameter>,
}

/// One or more calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Rpc {
    /// The transaction they belong to; 0 for none.
    pub transaction: u64,
    /// The calls in order; at least one.
    pub calls: Vec<Call>,
}

impl Rpc {
    /// Reads the calls of a message.
    ///
    /// # Errors
    /// [`Error`] for parts that are cut off, unknown procedure numbers, types that parameters cannot have, and more than
    /// 2100 parameters.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let transaction = headers(&mut reader)?;
        let mut calls = vec![call(&mut reader)?];
        while !reader.is_empty() {
            calls.push(call(&mut reader)?);
        }
        Ok(Self { transaction, calls })
    }
}

fn call(reader: &mut Reader<'_>) -> Result<Call> {
    let procedure = match reader.u16()? {
        BY_ID => by_id(reader.u16()?)?,
        characters => Procedure::Named(reader.utf16(characters.into())?),
    };
    let flags = reader.u16()?;
    let mut parameters = Vec::new();
    while let Some(next) = reader.rest().first() {
        if matches!(*next, SEPARATOR | BATCH_SEPARATOR | NO_EXEC_SEPARATOR) {
            reader.u8()?;
            break;
        }
        if parameters.len() == MAX_PARAMETERS {
            return Err(Error::Invalid("number of parameters"));
        }
        parameters.push(parameter(reader)?);
    }
    Ok(Call {
        procedure,
        no_metadata: flags & 2 != 0,
        parameters,
    })
}

fn by_id(id: u16) -> Result<Procedure> {
    Ok(match id {
        1..=9 => Procedure::Cursor(id),
        10 => Procedure::ExecuteSql,
        11 => Procedure::Prepare,
        12 => Procedure::Execute,
        13 => Procedure::PrepExec,
        14 => Procedure::PrepExecRpc,
        15 => Procedure::Unprepare,
        _ => return Err(Error::Invalid("procedure number")),
    })
}

fn parameter(reader: &mut Reader<'_>) -> Result<Parameter> {
    let name = reader.b_varchar()?;
    let status = reader.u8()?;
    let info = TypeInfo::read(reader)?;
    let value = info.read_value(reader)?;
    Ok(Parameter {
        name,
        output: status & 1 != 0,
        default: status & 2 != 0,
        info,
        value,
    })
}

/// How a transaction is kept apart from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// As it was.
    #[default]
    Unchanged,
    /// READ UNCOMMITTED.
    ReadUncommitted,
    /// READ COMMITTED.
    ReadCommitted,
    /// REPEATABLE READ.
    RepeatableRead,
    /// SERIALIZABLE.
    Serializable,
    /// SNAPSHOT.
    Snapshot,
}

impl Isolation {
    fn from_byte(byte: u8) -> Result<Self> {
        Ok(match byte {
            0 => Self::Unchanged,
            1 => Self::ReadUncommitted,
            2 => Self::ReadCommitted,
            3 => Self::RepeatableRead,
            4 => Self::Serializable,
            5 => Self::Snapshot,
            _ => return Err(Error::Invalid("isolation level")),
        })
    }
}

/// What is asked of the transaction manager.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionAction {
    /// Begin one.
    Begin(Isolation),
    /// Commit, and begin the next one where an isolation is given.
    Commit(Option<Isolation>),
    /// Roll back (to a savepoint where one is named), and begin the next one where an isolation is given.
    Rollback {
        /// The savepoint; empty for the whole transaction.
        name: String,
        /// The next transaction's isolation.
        begin: Option<Isolation>,
    },
    /// Set a savepoint.
    Save(String),
}

/// A request to the transaction manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionRequest {
    /// The transaction it is about; 0 for none.
    pub transaction: u64,
    /// What is asked.
    pub action: TransactionAction,
}

impl TransactionRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Error`] for parts that are cut off and for requests other than begin, commit, roll back and save.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let transaction = headers(&mut reader)?;
        let action = match reader.u16()? {
            5 => TransactionAction::Begin(Isolation::from_byte(reader.u8()?)?),
            7 => {
                reader.b_varchar()?;
                TransactionAction::Commit(next_transaction(&mut reader)?)
            }
            8 => TransactionAction::Rollback {
                name: reader.b_varchar()?,
                begin: next_transaction(&mut reader)?,
            },
            9 => TransactionAction::Save(reader.b_varchar()?),
            _ => return Err(Error::Invalid("transaction request")),
        };
        Ok(Self {
            transaction,
            action,
        })
    }
}

/// The flags behind a commit or rollback: bit 0 asks for the next transaction.
fn next_transaction(reader: &mut Reader<'_>) -> Result<Option<Isolation>> {
    if reader.u8()? & 1 == 0 {
        return Ok(None);
    }
    Ok(Some(Isolation::from_byte(reader.u8()?)?))
}

/// Reads ALL_HEADERS and returns the transaction's descriptor, 0 for none.
fn headers(reader: &mut Reader<'_>) -> Result<u64> {
    let total = reader
        .len_u32()?
        .checked_sub(4)
        .ok_or(Error::Invalid("headers"))?;
    let mut headers = Reader::new(reader.bytes(total)?);
    let mut transaction = 0;
    while !headers.is_empty() {
        let length = headers
            .len_u32()?
            .checked_sub(6)
            .ok_or(Error::Invalid("headers"))?;
        let kind = headers.u16()?;
        let mut data = Reader::new(headers.bytes(length)?);
        if kind == 2 {
            transaction = data.u64()?;
        }
    }
    Ok(transaction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ValueRef;

    fn with_headers(transaction: u64, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
        bytes.extend_from_slice(&transaction.to_le_bytes());
        bytes.extend_from_slice(&[1, 0, 0, 0]);
        bytes.extend_from_slice(rest);
        bytes
    }

    fn text(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn put(name: &str, output: bool, info: TypeInfo, value: ValueRef<'_>, out: &mut Vec<u8>) {
        out.push(u8::try_from(name.len()).unwrap());
        out.extend(text(name));
        out.push(u8::from(output));
        info.write(out);
        info.write_value(value, out).unwrap();
    }

    #[test]
    fn a_batch_is_text_behind_headers() {
        let batch = Batch::parse(&with_headers(7, &text("SELECT 'é'"))).unwrap();
        assert_eq!((batch.transaction, batch.text.as_str()), (7, "SELECT 'é'"));
    }

    #[test]
    fn calls_are_read_with_their_parameters() {
        let mut bytes = vec![0xFF, 0xFF, 10, 0, 0, 0];
        put(
            "stmt",
            false,
            TypeInfo::NVARCHAR_MAX,
            ValueRef::String("SELECT @P1"),
            &mut bytes,
        );
        put("@P1", true, TypeInfo::int(4), ValueRef::Int(5), &mut bytes);
        bytes.push(SEPARATOR);
        bytes.extend([3, 0]);
        bytes.extend(text("a.b"));
        bytes.extend([2, 0]);
        let rpc = Rpc::parse(&with_headers(0, &bytes)).unwrap();
        assert_eq!(rpc.calls.len(), 2);
        assert_eq!(rpc.calls[0].procedure, Procedure::ExecuteSql);
        assert_eq!(rpc.calls[0].parameters[1].value, Value::Int(5));
        assert!(rpc.calls[0].parameters[1].output);
        assert_eq!(rpc.calls[1].procedure, Procedure::Named("a.b".into()));
        assert!(rpc.calls[1].no_metadata);
    }

    /// FreeTDS with autocommit off asks for the next transaction with every commit and rollback.
    #[test]
    fn transactions_are_begun_and_ended() {
        let parse = |bytes: &[u8]| {
            TransactionRequest::parse(&with_headers(1, bytes))
                .unwrap()
                .action
        };
        assert_eq!(
            parse(&[5, 0, 2, 0]),
            TransactionAction::Begin(Isolation::ReadCommitted)
        );
        assert_eq!(parse(&[7, 0, 0, 0]), TransactionAction::Commit(None));
        assert_eq!(
            parse(&[7, 0, 0, 1, 0, 0]),
            TransactionAction::Commit(Some(Isolation::Unchanged))
        );
        let rollback = TransactionAction::Rollback {
            name: String::new(),
            begin: Some(Isolation::Serializable),
        };
        assert_eq!(parse(&[8, 0, 0, 1, 4, 0]), rollback);
    }

    /// sqlml C54: cut or damaged requests are errors, never panics.
    #[test]
    fn damaged_requests_do_no_harm() {
        let mut bytes = vec![0xFF, 0xFF, 10, 0, 0, 0];
        put(
            "@P1",
            true,
            TypeInfo::NVARCHAR_MAX,
            ValueRef::String("abc"),
            &mut bytes,
        );
        let whole = with_headers(0, &bytes);
        for end in 0..whole.len() {
            let _ = Rpc::parse(&whole[..end]);
            let _ = Batch::parse(&whole[..end]);
            let _ = TransactionRequest::parse(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xFF;
            let _ = Rpc::parse(&damaged);
        }
        assert!(Rpc::parse(&with_headers(0, &[0xFF, 0xFF, 99, 0, 0, 0])).is_err());
    }
}
