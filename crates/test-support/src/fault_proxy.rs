//! A proxy between a client and an HTTP server on this machine that breaks what a test tells it
//! to break: answers of its own, cut transfers, lost answers, wrong lengths, delays, duplicates.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: it is passed on, and so is the answer.
    None,
    /// The proxy answers with this status and a line of text; the server sees nothing.
    Status(u16),
    /// The connection ends after so many bytes of the request; the server sees no more.
    CutRequest(usize),
    /// The connection ends after so many bytes of the answer, head included.
    CutAnswer(usize),
    /// The connection is reset after so many bytes of the answer, head included.
    ResetAnswer(usize),
    /// As [`Fault::Status`], with `Retry-After` in seconds.
    RetryAfter(u16, u32),
    /// `Content-Length` of the answer is this number of bytes too large.
    WrongLength(usize),
    /// It is passed on after this time.
    Delay(Duration),
    /// The server gets it twice, one after the other; the client gets the second answer.
    Duplicate,
}

/// Decides about a request by its method and target, such as `GET /api/workspaces`.
type Script = dyn FnMut(&str) -> Fault + Send;

/// A running proxy; it stops when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    script: Arc<Mutex<Box<Script>>>,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// A proxy on a free port that passes everything on to `upstream` until it is told otherwise.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port of this machine");
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(|_| Fault::None)));
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let address = listener.local_addr().expect("a bound socket");
        let task = tokio::spawn({
            let (script, seen) = (script.clone(), seen.clone());
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (script, seen) = (script.clone(), seen.clone());
                    tokio::spawn(async move {
                        // What breaks here is what the test wants, or the client's business.
                        let _ = serve(client, upstream, &script, &seen).await;
                    });
                }
            }
        });
        Self {
            address,
            script,
            seen,
            task,
        }
    }

    /// Where clients find the proxy: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Decides about every request from now on.
    pub fn script(&self, script: impl FnMut(&str) -> Fault + Send + 'static) {
        *lock(&self.script) = Box::new(script);
    }

    /// Breaks the next request whose method and target hold `part`, and no other.
    pub fn once(&self, part: &str, fault: Fault) {
        let part = part.to_owned();
        let mut fault = Some(fault);
        self.script(move |request| match request.contains(&part) {
            true => fault.take().unwrap_or(Fault::None),
            false => Fault::None,
        });
    }

    /// Method and target of every request so far.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        lock(&self.seen).clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request per connection: the server is asked to close, and so the client sees the end.
async fn serve(
    client: TcpStream,
    upstream: SocketAddr,
    script: &Mutex<Box<Script>>,
    seen: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let Some(request) = Request::read(&mut client).await? else {
        return Ok(());
    };
    lock(seen).push(request.line.clone());
    let fault = lock(script)(&request.line);
    match fault {
        Fault::Status(status) => answer(client, &request, status, "").await,
        Fault::RetryAfter(status, seconds) => {
            let header = format!("retry-after: {seconds}\r\n");
            answer(client, &request, status, &header).await
        }
        Fault::CutRequest(bytes) => {
            let mut server = TcpStream::connect(upstream).await?;
            let head = request.head.len().min(bytes);
            server.write_all(&request.head[..head]).await?;
            copy(&mut client, &mut server, request.length.min(bytes - head)).await
        }
        Fault::Duplicate => {
            let mut whole = request.head;
            let head = whole.len();
            whole.resize(head + request.length, 0);
            client.read_exact(&mut whole[head..]).await?;
            let mut response = Vec::new();
            for _ in 0..2 {
                response.clear();
                let mut server = TcpStream::connect(upstream).await?;
                server.write_all(&whole).await?;
                server.read_to_end(&mut response).await?;
            }
            client.write_all(&response).await?;
            client.shutdown().await
        }
        Fault::Delay(duration) => {
            SystemClock.sleep(duration).await;
            pass(client, request, upstream, &Fault::None).await
        }
        fault => pass(client, request, upstream, &fault).await,
    }
}

/// Answers in the server's stead.
async fn answer(
    mut client: BufReader<TcpStream>,
    request: &Request,
    status: u16,
    header: &str,
) -> io::Result<()> {
    client.read_exact(&mut vec![0; request.length]).await?;
    let body = format!("the proxy says {status}\n");
    let answer = format!(
        "HTTP/1.1 {status} Fault\r\n{header}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}

/// Passes the request on and the answer back, as far as `fault` lets it.
async fn pass(
    mut client: BufReader<TcpStream>,
    request: Request,
    upstream: SocketAddr,
    fault: &Fault,
) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(&request.head).await?;
    copy(&mut client, &mut server, request.length).await?;
    let mut server = BufReader::new(server);
    if let Fault::WrongLength(surplus) = fault {
        let head = wrong_head(&mut server, *surplus).await?;
        client.write_all(head.as_bytes()).await?;
    }
    let limit = match fault {
        Fault::CutAnswer(bytes) | Fault::ResetAnswer(bytes) => *bytes,
        _ => usize::MAX,
    };
    copy(&mut server, &mut client, limit).await?;
    if matches!(fault, Fault::ResetAnswer(_)) {
        return client.get_ref().set_zero_linger();
    }
    client.shutdown().await
}

/// The head of the answer, announcing more bytes than there are.
async fn wrong_head(server: &mut BufReader<TcpStream>, surplus: usize) -> io::Result<String> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if server.read_line(&mut line).await? == 0 {
            return Ok(head);
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                let length: usize = value.trim().parse().map_err(io::Error::other)?;
                head.push_str(&format!("{name}: {}\r\n", length + surplus));
            }
            _ => head.push_str(&line),
        }
        if line.trim_end().is_empty() {
            return Ok(head);
        }
    }
}

/// A request up to its body.
struct Request {
    /// Method and target.
    line: String,
    /// Everything before the body, telling the server to close the connection afterwards.
    head: Vec<u8>,
    /// Bytes of the body.
    length: usize,
}

impl Request {
    async fn read(client: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if client.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let mut head = line.clone();
        let mut length = 0;
        loop {
            let mut header = String::new();
            client.read_line(&mut header).await?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if !name.eq_ignore_ascii_case("connection") {
                head.push_str(&header);
            }
        }
        head.push_str("connection: close\r\n\r\n");
        let line = line
            .rsplit_once(' ')
            .map_or("", |(line, _)| line)
            .to_owned();
        Ok(Some(Self {
            line,
            head: head.into_bytes(),
            length,
        }))
    }
}

/// Copies until the end or until `limit`.
async fn copy(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut limit: usize,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    while limit > 0 {
        let wanted = limit.min(buffer.len());
        let read = from.read(&mut buffer[..wanted]).await?;
        if read == 0 {
            break;
        }
        to.write_all(&buffer[..read]).await?;
        limit -= read;
    }
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every connection with the same bytes, and gives what it was sent.
    async fn server() -> (SocketAddr, JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut sent = vec![0; 1000];
            let length = socket.read(&mut sent).await.unwrap();
            sent.truncate(length);
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n0123456789").await;
            sent
        });
        (address, task)
    }

    async fn ask(proxy: &FaultProxy) -> String {
        let mut socket = TcpStream::connect(proxy.address).await.unwrap();
        socket
            .write_all(
                b"POST /x?y HTTP/1.1\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nbody",
            )
            .await
            .unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn requests_and_answers_pass() {
        let (address, sent) = server().await;
        let proxy = FaultProxy::start(address).await;
        assert!(ask(&proxy).await.ends_with("\r\n\r\n0123456789"));
        assert_eq!(
            String::from_utf8(sent.await.unwrap()).unwrap(),
            "POST /x?y HTTP/1.1\r\nContent-Length: 4\r\nconnection: close\r\n\r\nbody"
        );
        assert_eq!(proxy.seen(), ["POST /x?y"]);
    }

    #[tokio::test]
    async fn faults_break_one_request() {
        let (address, sent) = server().await;
        let proxy = FaultProxy::start(address).await;
        proxy.once("POST /x", Fault::Status(503));
        assert!(ask(&proxy).await.starts_with("HTTP/1.1 503 "));
        assert!(ask(&proxy).await.ends_with("0123456789"), "once is once");
        assert!(!sent.await.unwrap().is_empty());

        let (address, _) = server().await;
        let proxy = FaultProxy::start(address).await;
        proxy.once("/x", Fault::CutAnswer(21));
        assert_eq!(ask(&proxy).await, "HTTP/1.1 200 OK\r\n\r\n01");

        let (address, _) = server().await;
        let proxy = FaultProxy::start(address).await;
        proxy.once("/x", Fault::ResetAnswer(21));
        let mut socket = TcpStream::connect(proxy.address).await.unwrap();
        socket.write_all(b"GET /x HTTP/1.1\r\n\r\n").await.unwrap();
        let error = socket.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);

        let (address, sent) = server().await;
        let proxy = FaultProxy::start(address).await;
        proxy.once("/x", Fault::CutRequest(7));
        assert_eq!(ask(&proxy).await, "");
        assert_eq!(sent.await.unwrap(), b"POST /x");
    }

    #[tokio::test]
    async fn answers_are_replaced_delayed_and_asked_for_twice() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for number in 1.. {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"body") {
                    socket.read_buf(&mut request).await.unwrap();
                }
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}");
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let proxy = FaultProxy::start(address).await;
        proxy.once("/x", Fault::RetryAfter(429, 7));
        assert!(ask(&proxy).await.contains("\r\nretry-after: 7\r\n"));
        proxy.once("/x", Fault::WrongLength(9));
        let answer = ask(&proxy).await;
        assert!(answer.ends_with("Content-Length: 10\r\n\r\n1"), "{answer}");
        proxy.once("/x", Fault::Duplicate);
        assert!(ask(&proxy).await.ends_with("\r\n\r\n3"));
        proxy.once("/x", Fault::Delay(Duration::from_millis(60)));
        let early = tokio::time::timeout(Duration::from_millis(30), ask(&proxy)).await;
        assert!(early.is_err(), "the answer came before its time");
    }
}
