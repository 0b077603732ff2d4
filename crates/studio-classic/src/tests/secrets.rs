//! Tokens and signatures stay out of logs and of everything that can be printed.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Answer, Server};
use super::*;

/// The signature in the addresses of [`dataset`].
const SIGNATURE: &str = "secret-signature";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn without_secrets(what: &str, text: &str) {
    for secret in [TOKEN, SIGNATURE] {
        let at = text.find(secret);
        assert_eq!(at, None, "{what} shows a secret: {text}");
    }
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let server = Server::start().await;
    let value = dataset(
        &server,
        &format!("{WORKSPACE}.f.v1-default-1"),
        "x",
        "GenericCSV",
    );
    server.script(move |asked| match asked.path() {
        path if path.contains("/blobs/") => Answer::new(403, asked.target.clone()),
        path if path.contains("/resourceuploads/") => Answer::json(&json!({"Id": "u"})),
        path if path.ends_with("/datasources") && asked.method == "GET" => {
            Answer::json(&json!([value]))
        }
        _ if asked.method == "GET" => Answer::json(&value),
        _ => Answer::new(401, format!("authorization_token={TOKEN}")),
    });
    let builder = builder(&server);
    without_secrets("WorkspaceBuilder", &format!("{builder:?}"));
    let workspace = builder.build().expect("complete");
    without_secrets("Workspace", &format!("{workspace:?}"));
    let datasets = workspace.datasets();
    without_secrets(
        "Datasets",
        &format!("{datasets:?} {:?}", workspace.experiments()),
    );
    let dataset = datasets.get("x").await.expect("listed");
    without_secrets(
        "SourceDataset",
        &format!("{dataset:?} {dataset} {:?}", dataset.download_location()),
    );
    without_secrets("DownloadTo", &format!("{:?}", dataset.download_to("x")));
    let add = datasets.add_from_raw("x", "Zip", "n", "d");
    without_secrets("AddDataset", &format!("{add:?}"));
    for error in [
        add.await.expect_err("refused"),
        dataset.read_as_bytes().await.expect_err("refused"),
        dataset.open().await.map(drop).expect_err("refused"),
        dataset.delete().await.expect_err("refused"),
    ] {
        without_secrets("Error", &format!("{error} {error:?} {:?}", error.hint()));
        let error = azml_core::Error::from(error);
        without_secrets("azml_core::Error", &format!("{error} {error:?}"));
    }

    drop(guard);
    let log = log.0.lock().expect("no panic").clone();
    let log = String::from_utf8_lossy(&log);
    assert!(log.len() > 1000, "hardly anything was logged: {log}");
    without_secrets("the log", &log);
}
