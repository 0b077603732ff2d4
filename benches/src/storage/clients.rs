//! The same work by our client and by others of Rust. Others get what our client has by itself: as
//! many files and parts at once as they were found to like.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use azml::auth::storage::{AccountKey, SharedKey, StorageCredential};
use azml::datastore::{AzureBlob, Datastore, Workspace};
use azml_core::clock::{Clock, SystemClock};
use azure_core::http::Body;
use azure_storage_blob::models::{BlobClientDownloadOptions, BlobClientUploadOptions};
use azure_storage_blob::stream::tokio::FileStream;
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use foreign_object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use foreign_object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, SeekFrom};

/// Files at once, for those who leave that to their users.
const FILES: usize = 32;
/// The size of parts, and parts of one file at once.
const PART: usize = 8 << 20;
const PARTS: usize = 8;

/// One client, the container it works in, and what it is measured at.
pub(super) trait Client: Sized {
    const NAME: &'static str;

    async fn open(endpoint: &str, container: &str) -> Result<Self>;
    async fn upload(&self, source: &Path) -> Result<u64>;
    async fn download(&self, target: &Path) -> Result<u64>;
    async fn list(&self) -> Result<u64>;
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

fn files(folder: &Path) -> Result<Vec<(String, PathBuf, u64)>> {
    let entries = std::fs::read_dir(folder)?;
    entries
        .map(|entry| {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Ok((name, entry.path(), entry.metadata()?.len()))
        })
        .collect()
}

fn is_large(length: u64) -> bool {
    length > PART as u64
}

/// Ours, as it is by default.
pub(super) struct AzmlClient(Datastore);

impl AzmlClient {
    pub(super) async fn make(&self) -> Result<()> {
        self.0.create_container().await?;
        Ok(())
    }
}

impl Client for AzmlClient {
    const NAME: &'static str = "azml";

    async fn open(endpoint: &str, container: &str) -> Result<Self> {
        let (account, key) = (variable("AZML_ACCOUNT")?, variable("AZML_ACCOUNT_KEY")?);
        let service = endpoint.trim_end_matches(&format!("/{account}"));
        let registered = AzureBlob::new("bench", account, container)
            .account_key(key)
            .endpoint(service)
            .skip_validation()
            .overwrite();
        let workspace = Workspace::from_env()?;
        Ok(Self(workspace.datastores().register(registered).await?))
    }

    async fn upload(&self, source: &Path) -> Result<u64> {
        let report = self.0.upload(source).overwrite().await?;
        Ok(u64::try_from(report.transferred)?)
    }

    async fn download(&self, target: &Path) -> Result<u64> {
        let report = self.0.download(target).await?;
        Ok(u64::try_from(report.transferred)?)
    }

    async fn list(&self) -> Result<u64> {
        let files: Vec<_> = self.0.list("")?.try_collect().await?;
        Ok(u64::try_from(files.len())?)
    }
}

/// object_store.
pub(super) struct ObjectStoreClient(MicrosoftAzure);

impl ObjectStoreClient {
    async fn send(&self, name: &str, path: &Path, length: u64) -> Result<()> {
        let to = name.into();
        if !is_large(length) {
            let content = tokio::fs::read(path).await?;
            self.0.put(&to, content.into()).await?;
            return Ok(());
        }
        let mut file = tokio::fs::File::open(path).await?;
        let parts = self.0.put_multipart(&to).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(parts, PART);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).await?;
            if read == 0 {
                break;
            }
            parts.wait_for_capacity(PARTS).await?;
            parts.write(&buffer[..read]);
        }
        parts.finish().await?;
        Ok(())
    }

    async fn fetch(&self, name: &str, path: &Path, length: u64) -> Result<()> {
        let from = name.into();
        if !is_large(length) {
            let content = self.0.get(&from).await?.bytes().await?;
            tokio::fs::write(path, content).await?;
            return Ok(());
        }
        tokio::fs::File::create(path).await?.set_len(length).await?;
        let starts = (0..length).step_by(PART);
        stream::iter(starts.map(anyhow::Ok))
            .try_for_each_concurrent(PARTS, |start| {
                let from = &from;
                async move {
                    let end = length.min(start + PART as u64);
                    let part = self.0.get_range(from, start..end).await?;
                    write_at(path, start, &part).await
                }
            })
            .await
    }
}

impl Client for ObjectStoreClient {
    const NAME: &'static str = "object_store 0.14";

    async fn open(endpoint: &str, container: &str) -> Result<Self> {
        let store = MicrosoftAzureBuilder::new()
            .with_endpoint(endpoint.to_owned())
            .with_account(variable("AZML_ACCOUNT")?)
            .with_access_key(variable("AZML_ACCOUNT_KEY")?)
            .with_container_name(container)
            .with_allow_http(true)
            .build()?;
        Ok(Self(store))
    }

    async fn upload(&self, source: &Path) -> Result<u64> {
        let sent = files(source)?
            .into_iter()
            .map(|(name, path, length)| async move { self.send(&name, &path, length).await });
        count(stream::iter(sent).buffer_unordered(FILES)).await
    }

    async fn download(&self, target: &Path) -> Result<u64> {
        std::fs::create_dir_all(target)?;
        let listed = self.0.list(None).map_err(anyhow::Error::from);
        let fetched = listed.map_ok(|found| async move {
            let name = found.location.to_string();
            self.fetch(&name, &target.join(&name), found.size).await
        });
        count(fetched.try_buffer_unordered(FILES)).await
    }

    async fn list(&self) -> Result<u64> {
        let found: Vec<_> = self.0.list(None).try_collect().await?;
        Ok(u64::try_from(found.len())?)
    }
}

/// azure_storage_blob, with our policy for the account key, which it lacks.
pub(super) struct OfficialClient(BlobContainerClient);

impl Client for OfficialClient {
    const NAME: &'static str = "azure_storage_blob 1.1";

    async fn open(endpoint: &str, container: &str) -> Result<Self> {
        let key = AccountKey::from_base64(&variable("AZML_ACCOUNT_KEY")?)?;
        let key = SharedKey::new(variable("AZML_ACCOUNT")?, key);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut options = BlobContainerClientOptions::default();
        let policies = StorageCredential::SharedKey(key).policies(&clock);
        options.client_options.per_try_policies.extend(policies);
        let url = format!("{}/{container}", endpoint.trim_end_matches('/')).parse()?;
        Ok(Self(BlobContainerClient::new(url, None, Some(options))?))
    }

    async fn upload(&self, source: &Path) -> Result<u64> {
        let sent = files(source)?
            .into_iter()
            .map(|(name, path, length)| async move {
                let body = if is_large(length) {
                    let file = tokio::fs::File::open(&path).await?;
                    Body::SeekableStream(Box::new(FileStream::builder(file).build().await?))
                } else {
                    Body::from(tokio::fs::read(&path).await?)
                };
                let options = BlobClientUploadOptions {
                    partition_size: NonZero::new(PART as u64),
                    parallel: NonZero::new(PARTS),
                    ..BlobClientUploadOptions::default()
                };
                let blob = self.0.blob_client(&name);
                blob.upload(body.into(), Some(options)).await?;
                Ok(())
            });
        count(stream::iter(sent).buffer_unordered(FILES)).await
    }

    async fn download(&self, target: &Path) -> Result<u64> {
        std::fs::create_dir_all(target)?;
        let listed = self.0.list_blobs(None)?.map_err(anyhow::Error::from);
        let fetched = listed.map_ok(|found| async move {
            let name = found.name.context("a blob has a name")?;
            let options = BlobClientDownloadOptions {
                partition_size: NonZero::new(PART),
                parallel: NonZero::new(PARTS),
                ..BlobClientDownloadOptions::default()
            };
            let blob = self.0.blob_client(&name);
            let mut body = blob.download(Some(options)).await?.body;
            let mut file = tokio::fs::File::create(target.join(&name)).await?;
            while let Some(chunk) = body.try_next().await? {
                file.write_all(&chunk).await?;
            }
            file.flush().await?;
            Ok(())
        });
        count(fetched.try_buffer_unordered(FILES)).await
    }

    async fn list(&self) -> Result<u64> {
        let found: Vec<_> = self.0.list_blobs(None)?.try_collect().await?;
        Ok(u64::try_from(found.len())?)
    }
}

async fn write_at(path: &Path, start: u64, bytes: &[u8]) -> Result<()> {
    let mut file = tokio::fs::File::options().write(true).open(path).await?;
    file.seek(SeekFrom::Start(start)).await?;
    file.write_all(bytes).await?;
    file.flush().await?;
    Ok(())
}

async fn count(done: impl futures::Stream<Item = Result<()>>) -> Result<u64> {
    done.try_fold(0, |count, ()| async move { Ok(count + 1) })
        .await
}
