//! One connection: greeting, TLS, login, then requests and answers until the client goes.

use std::{io, sync::Arc};

use azml_tds::{
    Collation,
    bulk::BulkRows,
    login7::Login7,
    packet::{self, Assembler, HEADER, Header, Message as TdsMessage, PacketType, Reset},
    prelogin::{PreLogin, Protection, negotiate},
    request::{Batch, Rpc, TransactionAction, TransactionRequest},
    token::{self, Done as TdsDone, DoneKind, EnvChange, ServerMessage, Version},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Server, VERSION,
    handshake::HandshakeStream,
    reply::{Reply, Shape},
};
use crate::sql::{
    bulk,
    catalog::MASTER,
    error::{Result as SqlResult, SqlError},
    interpreter::{self, Frame},
    output::{Event, Output},
    procedures,
    session::Session,
    tsql::{InsertBulk, StatementKind, parse},
};

/// The largest greeting or login.
const MAX_LOGIN: usize = 128 << 10;
/// The largest batch, call or block of a bulk load.
const MAX_REQUEST: usize = 512 << 20;

/// A stream in clear or inside of TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Serves a connection to its end.
pub(super) async fn serve(server: Arc<Server>, mut stream: TcpStream) -> io::Result<()> {
    let mut assembler = Assembler::new(MAX_LOGIN);
    let greeting = read_message(&mut stream, &mut assembler).await?;
    let Some(greeting) = greeting.filter(|message| message.kind == PacketType::PreLogin) else {
        return Err(io::Error::other("the client did not greet"));
    };
    let greeting = PreLogin::parse(&greeting.payload).map_err(io::Error::other)?;
    let (answer, protection) = negotiate(greeting.encryption);
    let answer = greeting.answer(VERSION, answer);
    stream
        .write_all(&packet::message(
            PacketType::Reply,
            answer,
            packet::FIRST_SIZE,
        ))
        .await?;

    if protection == Protection::None {
        let login = read_login(&mut stream).await?;
        return session(server, Box::new(stream), login).await;
    }
    let acceptor = TlsAcceptor::from(Arc::clone(&server.tls));
    let mut tls = acceptor.accept(HandshakeStream::new(stream)).await?;
    tls.get_mut().0.finish();
    let login = read_login(&mut tls).await?;
    if protection == Protection::Login {
        // The answer and all that follows go in clear; nothing may be written to TLS any more, not even its end.
        let (inner, _) = tls.into_inner();
        return session(server, Box::new(inner.into_inner()), login).await;
    }
    session(server, Box::new(tls), login).await
}

async fn read_login(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Login7> {
    let mut assembler = Assembler::new(MAX_LOGIN);
    let message = read_message(stream, &mut assembler).await?;
    let Some(message) = message.filter(|message| message.kind == PacketType::Login7) else {
        return Err(io::Error::other("the client did not log in"));
    };
    Login7::parse(&message.payload).map_err(io::Error::other)
}

/// The next message; `None` where the client has closed the connection between two.
async fn read_message(
    stream: &mut (impl AsyncRead + Unpin),
    assembler: &mut Assembler,
) -> io::Result<Option<TdsMessage>> {
    loop {
        let mut header = [0; HEADER];
        match stream.read_exact(&mut header).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let header = Header::parse(header).map_err(io::Error::other)?;
        assembler.check(&header).map_err(io::Error::other)?;
        let mut payload = vec![0; header.payload];
        stream.read_exact(&mut payload).await?;
        if let Some(message) = assembler
            .push(&header, &payload)
            .map_err(io::Error::other)?
        {
            return Ok(Some(message));
        }
    }
}

async fn session(
    server: Arc<Server>,
    mut stream: Box<dyn Stream>,
    login: Login7,
) -> io::Result<()> {
    let mut out = Vec::new();
    let database = match admit(&server, &login, &mut out) {
        Some(database) => database,
        None => {
            stream
                .write_all(&packet::message(PacketType::Reply, out, packet::FIRST_SIZE))
                .await?;
            return stream.flush().await;
        }
    };
    let packet_size = usize::try_from(login.packet_size)
        .unwrap_or(packet::MAX_SIZE)
        .clamp(packet::MIN_SIZE, packet::MAX_SIZE);
    stream
        .write_all(&packet::message(PacketType::Reply, out, packet::FIRST_SIZE))
        .await?;
    stream.flush().await?;

    let spid = server.next_spid();
    let mut connection = Connection {
        session: Session::new(server, spid, login.user, database),
        packet_size,
        bulk: None,
    };
    let mut assembler = Assembler::new(MAX_REQUEST);
    assembler.set_packet_size(packet_size);
    let (mut reader, mut writer) = tokio::io::split(stream);
    while let Some(message) = read_message(&mut reader, &mut assembler).await? {
        connection.answer(message, &mut reader, &mut writer).await?;
    }
    Ok(())
}

/// Checks a login; appends the answer to it and returns the database, or `None` where it was refused.
fn admit(server: &Server, login: &Login7, out: &mut Vec<u8>) -> Option<String> {
    let mut refuse = |errors: &[SqlError]| {
        for error in errors {
            let message = ServerMessage {
                number: error.number,
                state: error.state,
                class: error.class,
                message: &error.message,
                server: &server.name,
                procedure: "",
                line: 1,
            };
            token::message(&message, out);
        }
        let done = TdsDone {
            error: true,
            ..TdsDone::default()
        };
        token::done(DoneKind::Statement, done, out);
    };
    if login.integrated || login.fed_auth.is_some() {
        let text = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.";
        refuse(&[SqlError::new(18452, 14, text)]);
        return None;
    }
    let failed = SqlError::new(
        18456,
        14,
        format!("Login failed for user '{}'.", login.user),
    );
    if !server.admits(&login.user, &login.password) {
        tracing::info!(user = login.user, "a login to SQL Server was refused");
        refuse(&[failed]);
        return None;
    }
    let wanted = &login.database;
    let Some(database) = server.database(&login.user, wanted) else {
        let text =
            format!("Cannot open database \"{wanted}\" requested by the login. The login failed.");
        refuse(&[SqlError::new(4060, 11, text), failed]);
        return None;
    };
    let information = |number: i32, state: u8, text: &str, out: &mut Vec<u8>| {
        let message = ServerMessage {
            number,
            state,
            class: 0,
            message: text,
            server: &server.name,
            procedure: "",
            line: 1,
        };
        token::message(&message, out);
    };
    let packet_size = usize::try_from(login.packet_size)
        .unwrap_or(packet::MAX_SIZE)
        .clamp(packet::MIN_SIZE, packet::MAX_SIZE);
    token::env_change(EnvChange::Database(&database, MASTER), out);
    information(
        5701,
        2,
        &format!("Changed database context to '{database}'."),
        out,
    );
    token::env_change(EnvChange::Collation(Collation::LATIN1), out);
    token::env_change(EnvChange::Language("us_english", ""), out);
    information(5703, 1, "Changed language setting to us_english.", out);
    token::login_ack(Version::V7_4, "Microsoft SQL Server", VERSION, out);
    if login.has_features {
        token::feature_ack(login.utf8_support, false, out);
    }
    token::env_change(EnvChange::PacketSize(packet_size, packet::FIRST_SIZE), out);
    token::done(DoneKind::Statement, TdsDone::default(), out);
    Some(database)
}

/// A connection after its login.
struct Connection {
    session: Session,
    packet_size: usize,
    /// The statement whose rows the next message brings.
    bulk: Option<InsertBulk>,
}

/// What a message asks for.
enum Request {
    Batch(String),
    Calls(Rpc),
    Transaction(TransactionAction),
    Bulk(InsertBulk, Vec<u8>),
    /// Nothing runs: an attention between two requests.
    Attention,
}

impl Connection {
    /// Runs a request and writes its answer, unless the client asks to stop before it is done.
    async fn answer(
        &mut self,
        message: TdsMessage,
        reader: &mut (impl AsyncRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let was_reset = message.reset != Reset::None;
        if was_reset {
            self.session.reset(message.reset == Reset::KeepTransaction);
        }
        let request = self.request(message).map_err(io::Error::other)?;
        let shape = if matches!(request, Request::Calls(_)) {
            Shape::Call
        } else {
            Shape::Batch
        };
        let mut reply = Reply::new(
            shape,
            &self.session.server.name,
            self.packet_size,
            self.session.in_transaction(),
        );
        if was_reset {
            reply.reset();
        }
        let mut bytes = Vec::new();
        if let Request::Attention = request {
            reply.stopped(&mut bytes);
            writer.write_all(&bytes).await?;
            return writer.flush().await;
        }
        if let Request::Batch(text) = &request
            && let Some(bulk) = bulk_statement(text)
        {
            // The rows follow in a message of their own; until then there is nothing to do.
            self.bulk = Some(bulk);
            reply.finish(&mut bytes);
            writer.write_all(&bytes).await?;
            return writer.flush().await;
        }
        let (output, mut events) = Output::new();
        let session = &mut self.session;
        let mut run = std::pin::pin!(async move {
            let ran = run(session, request, &output).await;
            drop(output);
            ran
        });
        let mut ran = None;
        let mut header = [0; HEADER];
        let mut header_read = 0;
        loop {
            tokio::select! {
                biased;
                read = reader.read(&mut header[header_read..]), if header_read < HEADER => {
                    let read = read?;
                    if read == 0 {
                        // The client is gone: dropping the work ends it.
                        return Ok(());
                    }
                    header_read += read;
                    if header_read == HEADER {
                        let header = Header::parse(header).map_err(io::Error::other)?;
                        if header.kind != PacketType::Attention {
                            return Err(io::Error::other("a request before the answer to the last one"));
                        }
                        drop(events);
                        reply.stopped(&mut bytes);
                        writer.write_all(&bytes).await?;
                        return writer.flush().await;
                    }
                }
                event = events.recv() => match event {
                    Some(event) => {
                        if let Err(error) = reply.add(event, &mut bytes) {
                            let message = crate::sql::output::Message::error(&error, 1);
                            let _ = reply.add(Event::Message(message), &mut bytes);
                        }
                        if !bytes.is_empty() {
                            writer.write_all(&bytes).await?;
                            bytes.clear();
                        }
                    }
                    None => break,
                },
                ended = &mut run, if ran.is_none() => ran = Some(ended),
            }
        }
        if let Some(Err(error)) = ran
            && error.class < 20
        {
            let message = crate::sql::output::Message::error(&error, 1);
            let _ = reply.add(Event::Message(message), &mut bytes);
            let done = crate::sql::output::Done {
                error: true,
                ..Default::default()
            };
            let _ = reply.add(Event::Done(done), &mut bytes);
        }
        reply.finish(&mut bytes);
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        if header_read > 0 && header_read < HEADER {
            return Err(io::Error::other(
                "a request before the answer to the last one",
            ));
        }
        Ok(())
    }

    fn request(&mut self, message: TdsMessage) -> Result<Request, azml_tds::Error> {
        Ok(match message.kind {
            PacketType::Batch => Request::Batch(Batch::parse(&message.payload)?.text),
            PacketType::Rpc => Request::Calls(Rpc::parse(&message.payload)?),
            PacketType::TransactionManager => {
                Request::Transaction(TransactionRequest::parse(&message.payload)?.action)
            }
            PacketType::Attention => Request::Attention,
            PacketType::BulkLoad => match self.bulk.take() {
                Some(bulk) => Request::Bulk(bulk, message.payload),
                None => return Err(azml_tds::Error::Invalid("bulk load without INSERT BULK")),
            },
            _ => return Err(azml_tds::Error::Invalid("request")),
        })
    }
}

/// The statement of a batch that is one INSERT BULK.
fn bulk_statement(text: &str) -> Option<InsertBulk> {
    if !text
        .trim_start()
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("insert"))
    {
        return None;
    }
    match parse(text).ok()?.as_slice() {
        [statement] => match &statement.kind {
            StatementKind::InsertBulk(bulk) => Some(bulk.clone()),
            _ => None,
        },
        _ => None,
    }
}

async fn run(session: &mut Session, request: Request, out: &Output) -> SqlResult<()> {
    match request {
        Request::Batch(text) => {
            interpreter::run_batch(session, &text, &mut Frame::default(), out).await?;
        }
        Request::Calls(rpc) => {
            for call in rpc.calls {
                procedures::remote_call(session, call, out).await?;
            }
        }
        Request::Transaction(action) => transact(session, action, out).await?,
        Request::Bulk(bulk, payload) => {
            let mut rows = BulkRows::parse(&payload)
                .map_err(|error| SqlError::new(4804, 16, error.to_string()))?;
            bulk::load(session, &bulk, &mut rows, out).await?;
        }
        Request::Attention => {}
    }
    Ok(())
}

async fn transact(session: &mut Session, action: TransactionAction, out: &Output) -> SqlResult<()> {
    let begin = match action {
        TransactionAction::Begin(_) => Some(()),
        TransactionAction::Commit(next) => {
            session.commit(out).await?;
            next.map(drop)
        }
        TransactionAction::Rollback { name, begin } => {
            session
                .roll_back(Some(name.as_str()).filter(|name| !name.is_empty()), out)
                .await?;
            begin.map(drop)
        }
        TransactionAction::Save(name) => {
            session.save(&name)?;
            None
        }
        _ => return Err(SqlError::unsupported("transaction request")),
    };
    if begin.is_some() {
        session.begin(out).await?;
    }
    Ok(())
}
