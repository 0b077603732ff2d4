//! The requests of an upload, in the order of the original client: begin, blocks, create, re-read.

use azml_core::http::Repeat;
use azure_core::http::Url;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use serde::Deserialize;

use super::OWNER;
use super::data::{Blocks, UploadData};
use crate::client::{Client, parse};
use crate::models::{NewDataSource, NewDataset};
use crate::progress::ProgressCallback;
use crate::{DataTypeId, Error, Result, SourceDataset};

/// Size of every block but the last.
const BLOCK_SIZE: usize = 2 << 20;

/// How to transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) parallel_blocks: usize,
    pub(super) progress: ProgressCallback,
    pub(super) file_name: String,
}

impl Default for Transfer {
    fn default() -> Self {
        Self {
            parallel_blocks: 1,
            progress: ProgressCallback::default(),
            file_name: String::new(),
        }
    }
}

/// What to make of the data.
pub(super) struct Upload<'a> {
    pub(super) attempted: String,
    pub(super) data_type_id: &'a DataTypeId,
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    pub(super) family_id: Option<&'a str>,
}

/// Answer to the beginning of an upload.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begun {
    id: String,
}

impl Upload<'_> {
    pub(super) async fn run(
        &self,
        client: &Client,
        data: UploadData,
        transfer: &Transfer,
    ) -> Result<SourceDataset> {
        let blocks = data.into_blocks(self.data_type_id).await?;
        let upload_id = self.begin(client).await?;
        self.send_blocks(client, &upload_id, blocks, transfer)
            .await?;
        let id = self.create(client, &upload_id, &transfer.file_name).await?;
        SourceDataset::fetch(client, &id).await
    }

    async fn begin(&self, client: &Client) -> Result<String> {
        let mut url = collection(client, "resourceuploads")?;
        url.query_pairs_mut()
            .append_pair("userStorage", "true")
            .append_pair("dataTypeId", self.data_type_id.as_str());
        let answer = client
            .post_bytes(&self.attempted, url, Bytes::new(), Repeat::Never)
            .await?;
        Ok(parse::<Begun>(&self.attempted, &answer)?.id)
    }

    async fn send_blocks(
        &self,
        client: &Client,
        upload_id: &str,
        mut blocks: Blocks,
        transfer: &Transfer,
    ) -> Result<()> {
        let total = blocks.len();
        let count = total.div_ceil(u64::try_from(BLOCK_SIZE).expect("2 MiB fits 64 bits"));
        let url = |number: u64| -> Result<Url> {
            let mut url = collection(client, "blobuploads")?;
            url.query_pairs_mut()
                .append_pair("numberOfBlocks", &count.to_string())
                .append_pair("blockId", &number.to_string())
                .append_pair("uploadId", upload_id)
                .append_pair("dataTypeId", self.data_type_id.as_str());
            Ok(url)
        };
        let send = async |number: u64, block: Bytes| {
            // A block replaces the one of the same number, so it may be sent again.
            let length = block.len();
            client
                .post_bytes(&self.attempted, url(number)?, block, Repeat::Always)
                .await?;
            Ok::<_, Error>(u64::try_from(length).expect("a block fits 64 bits"))
        };
        let mut under_way = FuturesOrdered::new();
        let mut numbers = 0..count;
        let mut done = 0;
        loop {
            while under_way.len() < transfer.parallel_blocks
                && let Some(number) = numbers.next()
            {
                under_way.push_back(send(number, blocks.next(BLOCK_SIZE).await?));
            }
            let Some(sent) = under_way.next().await else {
                return blocks.finish().await;
            };
            done += sent?;
            transfer.progress.report(done, Some(total));
        }
    }

    async fn create(&self, client: &Client, upload_id: &str, file_name: &str) -> Result<String> {
        let body = NewDataset {
            data_source: NewDataSource {
                name: self.name,
                data_type_id: self.data_type_id.as_str(),
                description: self.description,
                family_id: self.family_id,
                owner: OWNER,
                source_origin: "FromResourceUpload",
            },
            upload_id,
            uploaded_from_file_name: file_name,
            client_poll: true,
        };
        let url = client.url(&["datasources"])?;
        client.post(&self.attempted, url, &body).await
    }
}

/// `api/{kind}/workspaces/{workspace}/`, with the slash that the original client sends.
fn collection(client: &Client, kind: &str) -> Result<Url> {
    let mut url = client.join(&["api", kind, "workspaces", client.workspace_id()])?;
    let path = format!("{}/", url.path());
    url.set_path(&path);
    Ok(url)
}
