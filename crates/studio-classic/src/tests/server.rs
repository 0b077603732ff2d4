//! A small HTTP/1.1 server whose answers a test decides, and which remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as it arrived. Header names are in lower case.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// Method and path, without the query.
    pub(super) fn path(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(&format!("http://h{}", self.target)).ok()?;
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    }
}

/// What to answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body after which the connection is closed.
    cut: Option<usize>,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            ..Self::default()
        }
    }

    pub(super) fn json(value: &serde_json::Value) -> Self {
        Self::new(200, value.to_string())
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn cut_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }
}

type Script = dyn FnMut(&Asked) -> Answer + Send;

/// A running server; it ends with the test's runtime.
pub(super) struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Box<Script>>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            url: format!("http://{}", listener.local_addr().expect("bound")),
            asked: Arc::default(),
            script: Arc::new(Mutex::new(Box::new(|_| Answer::new(404, "no script")))),
        };
        let (asked, script) = (server.asked.clone(), server.script.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, asked.clone(), script.clone()));
            }
        });
        server
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Decides the answers from now on.
    pub(super) fn script(&self, script: impl FnMut(&Asked) -> Answer + Send + 'static) {
        *self.script.lock().expect("no panic") = Box::new(script);
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Methods and paths asked so far.
    pub(super) fn paths(&self) -> Vec<String> {
        self.asked().iter().map(Asked::path).collect()
    }
}

/// One request per connection keeps the server simple.
async fn serve(
    socket: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Box<Script>>>,
) -> Option<()> {
    let mut socket = BufReader::new(socket);
    let mut line = String::new();
    socket.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    socket.read_exact(&mut body).await.ok()?;
    let asked = Asked {
        method,
        target,
        headers,
        body,
    };
    let answer = (script.lock().ok()?)(&asked);
    log.lock().ok()?.push(asked);

    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    socket.write_all(head.as_bytes()).await.ok()?;
    let end = answer.cut.unwrap_or(answer.body.len());
    socket.write_all(&answer.body[..end]).await.ok()?;
    socket.shutdown().await.ok()
}
