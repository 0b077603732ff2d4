//! A workspace of a fresh emulator, and what its clients do with it.

use azml_emulator::{ADMIN_HEADER, Builder, Emulator};
use bytes::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const WORKSPACE: &str = "4c29e1adeba2e5a7cbeb0e4f4adfb4df";
pub(crate) const TOKEN: &str = "f4f3ade2c6aefdb1afb043cd8bcf3daf";
pub(crate) const TOKEN_HEADER: &str = "x-ms-metaanalytics-authorizationtoken";
pub(crate) const GLOBAL: &str = "506153734175476c4f62416c57734963";
/// The block size of the original client.
pub(crate) const BLOCK: usize = 0x20_0000;

pub(crate) struct Studio {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client,
    pub(crate) token: String,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        let content_type = self.headers["content-type"].to_str().unwrap();
        assert!(
            content_type.starts_with("application/json"),
            "{content_type}"
        );
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Checks a refusal of the Studio API: status, text, request id.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers["content-type"], "text/plain; charset=utf-8");
        let text = self.text();
        let mut lines = text.lines();
        let first = lines.next().unwrap();
        assert!(first.contains(words), "{text}");
        let id = self.headers["x-ms-request-id"].to_str().unwrap();
        let second = lines.next().unwrap();
        let time = second
            .strip_prefix(&format!("Request ID: {id} "))
            .unwrap_or_else(|| panic!("{text}"));
        assert_eq!(time.len(), "2026-01-02 03:04:05Z".len(), "{text}");
    }
}

impl Studio {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = options(Emulator::builder().port_base(0));
        Self {
            emulator: builder.start().await.unwrap(),
            client: Client::builder().no_proxy().build().unwrap(),
            token: TOKEN.to_owned(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.emulator.http_endpoint())
    }

    /// A request without any credential.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header(TOKEN_HEADER, &self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json;charset=UTF8")
            .body(body.to_string());
        send(request).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn admin(&self, method: Method, path: &str) -> Answer {
        let secret = self.emulator.running().unwrap().admin_secret;
        send(self.bare(method, path).header(ADMIN_HEADER, secret)).await
    }

    /// Begins an upload with `body`; gives its id.
    pub(crate) async fn begin_upload(&self, body: impl Into<Bytes>) -> String {
        let path = format!(
            "api/resourceuploads/workspaces/{WORKSPACE}/?userStorage=true&dataTypeId=GenericCSV"
        );
        let request = self
            .request(Method::POST, &path)
            .header("content-type", "application/json;charset=UTF8")
            .body(body.into());
        let answer = send(request).await.json();
        assert_eq!(answer["DataTypeId"], "GenericCSV");
        answer["Id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn put_block(
        &self,
        upload: &str,
        block: usize,
        count: usize,
        body: impl Into<Bytes>,
    ) -> Answer {
        let path = format!(
            "api/blobuploads/workspaces/{WORKSPACE}/?numberOfBlocks={count}&blockId={block}\
             &uploadId={upload}&dataTypeId=GenericCSV"
        );
        let request = self
            .request(Method::POST, &path)
            .header("content-type", "application/json;charset=UTF8")
            .body(body.into());
        send(request).await
    }

    /// Uploads as the original client does: an empty body, then blocks in order.
    pub(crate) async fn upload(&self, content: &[u8]) -> String {
        let upload = self.begin_upload("").await;
        let count = content.chunks(BLOCK).len();
        for (block, chunk) in content.chunks(BLOCK).enumerate() {
            let answer = self
                .put_block(&upload, block, count, chunk.to_vec())
                .await
                .json();
            assert_eq!(
                answer,
                json!({"Id": upload, "BlockId": block, "NumberOfBlocks": count})
            );
        }
        upload
    }

    pub(crate) async fn create(&self, upload: &str, source: Value) -> Answer {
        let body = json!({
            "DataSource": source,
            "UploadId": upload,
            "UploadedFromFileName": "",
            "ClientPoll": true,
        });
        self.post(&format!("api/workspaces/{WORKSPACE}/datasources"), body)
            .await
    }

    /// Adds a dataset; gives its metadata as re-read.
    pub(crate) async fn add(&self, name: &str, content: &[u8]) -> Value {
        let upload = self.upload(content).await;
        let id = self.create(&upload, source(name, None)).await.json();
        self.dataset(id.as_str().unwrap()).await
    }

    pub(crate) async fn dataset(&self, id: &str) -> Value {
        self.get(&format!("api/workspaces/{WORKSPACE}/datasources/{id}"))
            .await
            .json()
    }

    pub(crate) async fn datasets(&self) -> Vec<Value> {
        let path = format!("api/workspaces/{WORKSPACE}/datasources");
        self.get(&path).await.json().as_array().unwrap().clone()
    }

    /// The names of the workspace's own datasets, in the order of the listing.
    pub(crate) async fn own_names(&self) -> Vec<String> {
        let datasets = self.datasets().await;
        let own = datasets
            .iter()
            .filter(|dataset| dataset["Id"].as_str().unwrap().starts_with(WORKSPACE));
        own.map(|dataset| dataset["Name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) async fn named(&self, name: &str) -> Value {
        let datasets = self.datasets().await;
        let found = datasets.into_iter().find(|dataset| dataset["Name"] == name);
        found.unwrap_or_else(|| panic!("no dataset {name}"))
    }

    /// Downloads by the link alone.
    pub(crate) async fn download(&self, dataset: &Value) -> Answer {
        send(self.client.get(link(dataset))).await
    }
}

/// The create body's `DataSource` as the original client writes it.
pub(crate) fn source(name: &str, family: Option<&str>) -> Value {
    json!({
        "Name": name,
        "DataTypeId": "GenericCSV",
        "Description": format!("about {name}"),
        "FamilyId": family,
        "Owner": "Python SDK",
        "SourceOrigin": "FromResourceUpload",
    })
}

/// studio S-034: plain concatenation.
pub(crate) fn link(dataset: &Value) -> String {
    ["BaseUri", "Location", "AccessCredential"]
        .map(|part| dataset["DownloadLocation"][part].as_str().unwrap())
        .concat()
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response: Response = request.send().await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await.unwrap(),
    }
}
