//! The stores and storage accounts that an analytics account may use.

use azml_auth::Secret;
use serde_json::json;

use super::plane::Children;
use crate::{Items, Linked, Result, SasToken, StorageContainer};

/// The Data Lake Store accounts that an analytics account uses.
#[derive(Clone, Debug)]
pub struct StoreLinks(Children);

impl StoreLinks {
    pub(super) fn new(children: Children) -> Self {
        Self(children)
    }

    /// Links a store.
    ///
    /// # Errors
    /// The service's refusal, for example a store that is not there.
    pub async fn add(&self, store: &str) -> Result<()> {
        let _: Linked = self.0.put(store, &json!({})).await?;
        Ok(())
    }

    /// A link by the store's name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when the store is not linked.
    pub async fn get(&self, store: &str) -> Result<Linked> {
        self.0.get(store).await
    }

    /// All links, by name.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<Linked>> {
        self.0.list()
    }

    /// Removes a link; the store stays. The default store cannot be unlinked.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn remove(&self, store: &str) -> Result<bool> {
        self.0.delete(store).await
    }
}

/// The storage accounts (blobs) that an analytics account uses.
#[derive(Clone, Debug)]
pub struct StorageLinks(Children);

impl StorageLinks {
    pub(super) fn new(children: Children) -> Self {
        Self(children)
    }

    /// Links a storage account with its key, which no answer shows.
    ///
    /// # Errors
    /// The service's refusal, for example a key that is no key.
    pub async fn add(&self, account: &str, key: &Secret) -> Result<()> {
        let _: Linked = self
            .0
            .put(account, &json!({ "accessKey": key.expose() }))
            .await?;
        Ok(())
    }

    /// Replaces the key of a link.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when the account is not linked.
    pub async fn update_key(&self, account: &str, key: &Secret) -> Result<()> {
        let _: Linked = self
            .0
            .patch(account, &json!({ "accessKey": key.expose() }))
            .await?;
        Ok(())
    }

    /// A link by the account's name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when the account is not linked.
    pub async fn get(&self, account: &str) -> Result<Linked> {
        self.0.get(account).await
    }

    /// All links, by name.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<Linked>> {
        self.0.list()
    }

    /// Removes a link; the storage account stays.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn remove(&self, account: &str) -> Result<bool> {
        self.0.delete(account).await
    }

    /// The containers of a linked account.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn containers(&self, account: &str) -> Result<Items<StorageContainer>> {
        self.0.list_below(&[account, "containers"])
    }

    /// A container of a linked account.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn container(&self, account: &str, container: &str) -> Result<StorageContainer> {
        self.0.get_below(&[account, "containers", container]).await
    }

    /// Shared access signatures for a container of a linked account.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is no such container.
    pub async fn sas_tokens(&self, account: &str, container: &str) -> Result<Vec<SasToken>> {
        #[derive(serde::Deserialize)]
        struct Tokens {
            value: Vec<SasToken>,
        }
        let path = [account, "containers", container, "listSasTokens"];
        let tokens: Tokens = self.0.post_below(&path).await?;
        Ok(tokens.value)
    }
}
