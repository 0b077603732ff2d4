//! Trust in a certificate authority that the system does not know. The protocol library checks certificates against the
//! system's authorities, or for being one exact certificate. So the server's certificate is fetched and checked against
//! the given authorities here, and the library is told to accept only that one.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::Path,
    time::Duration,
};

use openssl::ssl::{HandshakeError, SslConnector, SslMethod, SslStream};

use crate::error::{Error, Result};

const PRELOGIN: u8 = 0x12;
const HEADER: usize = 8;
/// The packets of the handshake have at most this size.
const PACKET: usize = 4096;
const NOT_SUPPORTED: u8 = 2;

/// Where the server is, and what its certificate must say.
pub(super) struct Peer<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// The name that the certificate must have.
    pub(super) name: &'a str,
    /// Whether TLS comes first, as in TDS 8.0.
    pub(super) strict: bool,
    pub(super) timeout: Duration,
}

/// The server's certificate as PEM, if one of the authorities has signed it for the server's name. Blocks.
///
/// # Errors
/// [`Error::Connect`] where there is no connection, no TLS, or no such certificate.
pub(super) fn fetch(peer: &Peer<'_>, authorities: &Path) -> Result<Vec<u8>> {
    let failed = |reason: String| Error::Connect {
        server: format!("{},{}", peer.host, peer.port),
        reason,
    };
    let stream = connect(peer).map_err(|error| failed(error.to_string()))?;
    let mut stream = Handshake {
        stream,
        framed: !peer.strict,
        unread: 0,
    };
    if !peer.strict
        && greet(&mut stream.stream).map_err(|error| failed(error.to_string()))? == NOT_SUPPORTED
    {
        return Err(failed("the server does not encrypt".to_owned()));
    }
    let mut builder = SslConnector::builder(SslMethod::tls_client())
        .map_err(|error| failed(error.to_string()))?;
    builder.set_ca_file(authorities).map_err(|error| {
        failed(format!(
            "'{}' has no certificates: {error}",
            authorities.display()
        ))
    })?;
    if peer.strict {
        builder
            .set_alpn_protos(b"\x07tds/8.0")
            .map_err(|error| failed(error.to_string()))?;
    }
    let stream = builder
        .build()
        .connect(peer.name, stream)
        .map_err(|error| failed(reason(&error)))?;
    certificate(&stream).ok_or_else(|| failed("the server has shown no certificate".to_owned()))
}

fn reason(error: &HandshakeError<Handshake>) -> String {
    match error {
        HandshakeError::Failure(stream)
            if stream.ssl().verify_result() != openssl::x509::X509VerifyResult::OK =>
        {
            format!(
                "its certificate is not accepted: {}",
                stream.ssl().verify_result().error_string()
            )
        }
        error => error.to_string(),
    }
}

fn certificate(stream: &SslStream<Handshake>) -> Option<Vec<u8>> {
    stream.ssl().peer_certificate()?.to_pem().ok()
}

fn connect(peer: &Peer<'_>) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (peer.host, peer.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, peer.timeout) {
            Ok(stream) => {
                stream.set_read_timeout(Some(peer.timeout))?;
                stream.set_write_timeout(Some(peer.timeout))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Sends the greeting that asks for encryption; returns the server's answer to that.
fn greet(stream: &mut TcpStream) -> io::Result<u8> {
    // Two options, VERSION and ENCRYPTION, behind a table of two entries of five bytes and its end.
    const GREETING: [u8; 18] = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 1];
    stream.write_all(&packet(&GREETING))?;
    let mut answer = Vec::new();
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let payload = length.checked_sub(HEADER).ok_or_else(malformed)?;
        let at = answer.len();
        answer.resize(at + payload, 0);
        stream.read_exact(&mut answer[at..])?;
        if header[1] & 1 == 1 {
            break;
        }
        if answer.len() > PACKET * 16 {
            return Err(malformed());
        }
    }
    let entries = answer.chunks_exact(5).take_while(|entry| entry[0] != 0xFF);
    let encryption = entries
        .into_iter()
        .find(|entry| entry[0] == 1)
        .ok_or_else(malformed)?;
    let at = usize::from(u16::from_be_bytes([encryption[1], encryption[2]]));
    answer.get(at).copied().ok_or_else(malformed)
}

fn malformed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the server's greeting is malformed",
    )
}

/// One packet of the handshake; what is written is shorter than its limit.
fn packet(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + HEADER).unwrap_or(u16::MAX);
    let mut packet = vec![PRELOGIN, 1, 0, 0, 0, 0, 1, 0];
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

/// A stream whose bytes travel inside of packets, as TDS 7 has it during the handshake.
#[derive(Debug)]
struct Handshake {
    stream: TcpStream,
    framed: bool,
    /// What is left of the packet that is read.
    unread: usize,
}

impl Read for Handshake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.framed {
            return self.stream.read(buffer);
        }
        while self.unread == 0 {
            let mut header = [0; HEADER];
            self.stream.read_exact(&mut header)?;
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            self.unread = length.checked_sub(HEADER).ok_or_else(malformed)?;
        }
        let limit = self.unread.min(buffer.len());
        let read = self.stream.read(&mut buffer[..limit])?;
        self.unread -= read;
        Ok(read)
    }
}

impl Write for Handshake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.framed {
            return self.stream.write(bytes);
        }
        let written = bytes.len().min(PACKET - HEADER);
        self.stream.write_all(&packet(&bytes[..written]))?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
