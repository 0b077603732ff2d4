//! The names of the environment variables that SDK, CLI and emulator share, and a lookup that tests can replace.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// The plain http listener of the emulator.
pub const HTTP_ENDPOINT: &str = "AZML_HTTP_ENDPOINT";
/// The TLS listener of the emulator.
pub const HTTPS_ENDPOINT: &str = "AZML_HTTPS_ENDPOINT";
/// A PEM file with certificates to trust beside the system's.
pub const CA_BUNDLE: &str = "AZML_CA_BUNDLE";
/// The base address of the Studio (classic) API.
pub const STUDIO_ENDPOINT: &str = "AZML_STUDIO_ENDPOINT";
/// The id of the Studio (classic) workspace.
pub const STUDIO_WORKSPACE: &str = "AZML_STUDIO_WORKSPACE";
/// The authorization token of the Studio (classic) workspace.
pub const STUDIO_TOKEN: &str = "AZML_STUDIO_TOKEN";
/// The secondary token of the emulator's Studio (classic) workspace.
pub const STUDIO_SECONDARY_TOKEN: &str = "AZML_STUDIO_SECONDARY_TOKEN";
/// A shell command that regenerates the emulator's primary Studio token and prints the new one.
pub const STUDIO_REGENERATE_CMD: &str = "AZML_STUDIO_REGENERATE_CMD";
/// The endpoint of Azure Resource Manager.
pub const ARM_ENDPOINT: &str = "AZML_ARM_ENDPOINT";
/// The endpoint of the directory that issues tokens.
pub const AAD_ENDPOINT: &str = "AZML_AAD_ENDPOINT";
/// The id of the directory's tenant.
pub const TENANT_ID: &str = "AZML_TENANT_ID";
/// The id of the subscription.
pub const SUBSCRIPTION_ID: &str = "AZML_SUBSCRIPTION_ID";
/// The id of the subscription, under the name that older scripts use.
pub const SUBSCRIPTION: &str = "AZML_SUBSCRIPTION";
/// The resource group to work in.
pub const RESOURCE_GROUP: &str = "AZML_RESOURCE_GROUP";
/// The name of the machine-learning workspace.
pub const WORKSPACE: &str = "AZML_WORKSPACE";
/// The client id of an application.
pub const CLIENT_ID: &str = "AZML_CLIENT_ID";
/// The secret of that application.
pub const CLIENT_SECRET: &str = "AZML_CLIENT_SECRET";
/// The name of a user.
pub const USERNAME: &str = "AZML_USERNAME";
/// The password of that user.
pub const PASSWORD: &str = "AZML_PASSWORD";
/// A bearer token for Azure Resource Manager.
pub const TOKEN: &str = "AZML_TOKEN";
/// Where Data Lake Analytics accounts are: a template with `{accountName}`.
pub const ADLA_ENDPOINT: &str = "AZML_ADLA_ENDPOINT";
/// Where Data Lake Store (Gen1) accounts are: a template with `{accountName}`.
pub const ADLS_ENDPOINT: &str = "AZML_ADLS_ENDPOINT";
/// The suffix of Data Lake Analytics hosts.
pub const ADLA_SUFFIX: &str = "AZML_ADLA_SUFFIX";
/// The suffix of Data Lake Store (Gen1) hosts.
pub const ADLS_SUFFIX: &str = "AZML_ADLS_SUFFIX";
/// The name of the storage account.
pub const ACCOUNT: &str = "AZML_ACCOUNT";
/// The key of the storage account, base64.
pub const ACCOUNT_KEY: &str = "AZML_ACCOUNT_KEY";
/// The blob service of the account, `http://127.0.0.1:PORT/ACCOUNT` for the emulator.
pub const BLOB_ENDPOINT: &str = "AZML_BLOB_ENDPOINT";
/// The file service of the account.
pub const FILE_ENDPOINT: &str = "AZML_FILE_ENDPOINT";
/// The data lake service of the account, which also answers blob requests.
pub const DFS_ENDPOINT: &str = "AZML_DFS_ENDPOINT";
/// What stands behind `ACCOUNT.blob.` in storage host names, a port included.
pub const STORAGE_SUFFIX: &str = "AZML_STORAGE_SUFFIX";
/// The host of the SQL Server.
pub const SQL_HOST: &str = "AZML_SQL_HOST";
/// The port of the SQL Server.
pub const SQL_PORT: &str = "AZML_SQL_PORT";
/// The login of the SQL Server.
pub const SQL_USER: &str = "AZML_SQL_USER";
/// The password of that login.
pub const SQL_PASSWORD: &str = "AZML_SQL_PASSWORD";
/// Which cloud to use: `public`, `china` or `usgov`.
pub const CLOUD: &str = "AZURE_CLOUD";

/// Where environment variables are looked up: the process, or a fixed set.
///
/// ```
/// use azml_core::env::{self, Environment};
///
/// let env = Environment::from_pairs([(env::STUDIO_WORKSPACE, "4c29")]);
/// assert_eq!(env.get(env::STUDIO_WORKSPACE).as_deref(), Some("4c29"));
/// assert_eq!(env.get(env::STUDIO_TOKEN), None);
/// ```
#[derive(Clone)]
pub struct Environment(Source);

#[derive(Clone)]
enum Source {
    Process,
    Fixed(Arc<BTreeMap<String, String>>),
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn process() -> Self {
        Self(Source::Process)
    }

    /// A fixed set of variables.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        Self(Source::Fixed(Arc::new(pairs.collect())))
    }

    /// The value of a variable; `None` where it is unset, empty or not Unicode.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Source::Process => std::env::var(name).ok(),
            Source::Fixed(pairs) => pairs.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::process()
    }
}

/// Values stay out: some are secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Process => f.write_str("Environment(process)"),
            Source::Fixed(pairs) => f.debug_tuple("Environment").field(&pairs.keys()).finish(),
        }
    }
}
