//! The storage accounts of the emulator and their keys.

use std::collections::BTreeMap;

use azml_auth::storage::{AccountKey, SharedKey};

use crate::StartError;
use crate::identity::{Development, Identities};
use crate::state::{Error, random_bytes};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The account that storage emulators have.
pub(crate) const DEVELOPMENT_ACCOUNT: &str = "devstoreaccount1";

/// What stands before the name of a further account in the configuration of its key.
const FURTHER: &str = "storage-account:";

/// The key of [`DEVELOPMENT_ACCOUNT`], public by design.
const KEY: Development = Development {
    name: "storage-account-key",
    value: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    generate: generate_key,
    runs_code: false,
};

fn generate_key() -> Result<String, Error> {
    Ok(STANDARD.encode(random_bytes::<64>()?))
}

/// The accounts by name. Clones are cheap.
#[derive(Clone, Debug)]
pub(crate) struct Accounts(std::sync::Arc<BTreeMap<String, SharedKey>>);

impl Accounts {
    /// The development account with its key, and those that the configuration adds.
    ///
    /// # Errors
    /// A configured key that is not base64, or one that could not be made.
    pub(crate) fn load(identities: &Identities) -> Result<Self, StartError> {
        let key = identities.get(&KEY)?;
        let key = AccountKey::from_base64(&key).map_err(|error| StartError::Service {
            service: "storage",
            reason: error.to_string(),
        })?;
        let account = DEVELOPMENT_ACCOUNT.to_owned();
        let key = SharedKey::new(account.clone(), key);
        let mut accounts = BTreeMap::from([(account, key)]);
        for (name, key) in identities.configured_below(FURTHER) {
            let good = (3..=24).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            let key = AccountKey::from_base64(key).ok().filter(|_| good);
            let key = key.ok_or_else(|| StartError::Service {
                service: "storage",
                reason: format!(
                    "the storage account '{name}' needs a name of 3 to 24 lower-case letters and \
                     digits, and a Base64 key"
                ),
            })?;
            accounts.insert(name.to_owned(), SharedKey::new(name.to_owned(), key));
        }
        Ok(Self(std::sync::Arc::new(accounts)))
    }

    /// The key of an account.
    pub(crate) fn get(&self, name: &str) -> Option<&SharedKey> {
        self.0.get(name)
    }
}
