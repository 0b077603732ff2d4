//! What other services of the emulator may do with its storage: know the accounts, and
//! make containers. They see no tree and no wire format.

use azml_auth::storage::{AccountKey, SasService};
use time::OffsetDateTime;

use super::accounts::{Accounts, DEVELOPMENT_ACCOUNT};
use super::error::Code;
use super::names;
use super::shares::{Shares, USUAL_QUOTA};
use super::tree::{PublicAccess, Tree};
use crate::StartError;
use crate::identity::Identities;
use crate::ports::{Endpoints, Port};
use crate::state::State;

/// The storage of one emulator.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(super) tree: Tree,
    pub(super) accounts: Accounts,
    https_port: u16,
}

impl Storage {
    /// The storage in `state`.
    ///
    /// # Errors
    /// An account key that cannot be used.
    pub(crate) fn load(
        state: State,
        identities: &Identities,
        endpoints: &Endpoints,
    ) -> Result<Self, StartError> {
        Ok(Self {
            tree: Tree::new(state),
            accounts: Accounts::load(identities)?,
            https_port: endpoints.number(Port::Https),
        })
    }

    /// The account that things are made in when nobody names another.
    pub(crate) fn default_account(&self) -> &'static str {
        DEVELOPMENT_ACCOUNT
    }

    /// Whether the account is the emulator's.
    pub(crate) fn has_account(&self, account: &str) -> bool {
        self.accounts.get(account).is_some()
    }

    /// The key of an account.
    pub(crate) fn account_key(&self, account: &str) -> Option<AccountKey> {
        self.accounts.get(account).map(|key| key.key().clone())
    }

    /// What stands behind `ACCOUNT.blob.` in the host names of the accounts.
    pub(crate) fn suffix(&self) -> String {
        format!("localhost:{}", self.https_port)
    }

    /// The emulator's time.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.tree.state.clock.now()
    }

    /// The containers of an account by name, each with the time of its last change.
    ///
    /// # Errors
    /// A failed store.
    pub(crate) fn containers(
        &self,
        account: &str,
    ) -> Result<Vec<(String, OffsetDateTime)>, String> {
        let page = self.tree.list_containers(account, "", "", usize::MAX);
        let page = page.map_err(|error| error.message().to_owned())?;
        let containers = page.containers.into_iter();
        Ok(containers
            .map(|(name, container)| (name, container.modified.time()))
            .collect())
    }

    /// Whether a container (or a share of the file service) is there, after making it if `create` says so.
    ///
    /// # Errors
    /// A name that cannot be a container's, or a failed store.
    pub(crate) async fn ensure_container(
        &self,
        service: SasService,
        account: &str,
        name: &str,
        create: bool,
    ) -> Result<bool, String> {
        names::check_container(name).map_err(|error| error.message().to_owned())?;
        let shares = Shares {
            tree: self.tree.clone(),
        };
        let made = match (service, create) {
            (SasService::Blob, false) => return Ok(self.tree.container(account, name).is_ok()),
            (SasService::File, false) => return Ok(shares.share(account, name).is_ok()),
            (SasService::Blob, true) => self
                .tree
                .create_container(account, name, Vec::new(), PublicAccess::None)
                .await
                .map(drop),
            (SasService::File, true) => shares
                .create_share(account, name, Vec::new(), USUAL_QUOTA)
                .await
                .map(drop),
        };
        match made.map_err(|error| (error.code(), error.message().to_owned())) {
            Ok(()) | Err((Code::ContainerAlreadyExists | Code::ShareAlreadyExists, _)) => Ok(true),
            Err((_, message)) => Err(message),
        }
    }
}
