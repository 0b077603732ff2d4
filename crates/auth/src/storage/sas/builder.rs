//! Making shared access signatures.

use time::OffsetDateTime;

use super::times;
use super::{SasFields, SasPermissions, SasService, SasTarget, SasToken, StorageAuthError};
use crate::storage::key::{AccountKey, SharedKey};

/// The service version that signatures are made for unless another is asked for.
pub const DEFAULT_VERSION: &str = "2024-11-04";

/// A key that the service issued to a directory identity, with which that identity can
/// sign without knowing the account key. The answer of "Get User Delegation Key".
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserDelegationKey {
    /// Object id of the identity.
    pub object_id: String,
    /// Tenant of the identity.
    pub tenant_id: String,
    /// From when on the key is valid, as the service wrote it.
    pub start: String,
    /// Until when the key is valid, as the service wrote it.
    pub expiry: String,
    /// The service letter (`b`).
    pub service: String,
    /// The service version that issued the key.
    pub version: String,
    /// The key.
    pub value: AccountKey,
}

impl UserDelegationKey {
    /// Puts the parts together; the texts must be exactly those of the service.
    pub fn new(
        (object_id, tenant_id): (impl Into<String>, impl Into<String>),
        (start, expiry): (impl Into<String>, impl Into<String>),
        version: impl Into<String>,
        value: AccountKey,
    ) -> Self {
        Self {
            object_id: object_id.into(),
            tenant_id: tenant_id.into(),
            start: start.into(),
            expiry: expiry.into(),
            service: "b".into(),
            version: version.into(),
            value,
        }
    }
}

#[derive(Clone, Debug)]
enum Scope {
    Account,
    Resource {
        service: SasService,
        container: String,
        path: String,
    },
}

/// Describes a shared access signature and signs it.
///
/// ```
/// use azml_auth::storage::{AccountKey, SasBuilder, SasPermissions, SharedKey};
/// use time::macros::datetime;
///
/// let key = SharedKey::new("account", AccountKey::from_base64("c2VjcmV0")?);
/// let token = SasBuilder::container("photos")
///     .permissions(SasPermissions::READ | SasPermissions::LIST)
///     .expires(datetime!(2030-01-01 0:00 UTC))
///     .sign(&key)?;
/// assert!(token.expose().starts_with("sv="));
/// # Ok::<(), azml_auth::storage::StorageAuthError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SasBuilder {
    scope: Scope,
    permissions: SasPermissions,
    version: String,
    fields: SasFields,
    expiry: Option<OffsetDateTime>,
    policy: Option<String>,
}

impl SasBuilder {
    /// For a whole account: `services` of `b` (blob), `f` (file), `q`, `t`;
    /// `resource_types` of `s` (service), `c` (container), `o` (object).
    pub fn account(services: &str, resource_types: &str) -> Self {
        let mut builder = Self::new(Scope::Account);
        builder.fields.set("ss", services);
        builder.fields.set("srt", resource_types);
        builder
    }

    /// For everything in a blob container or file system.
    pub fn container(container: impl Into<String>) -> Self {
        Self::resource("c", SasService::Blob, container, String::new())
    }

    /// For one blob.
    pub fn blob(container: impl Into<String>, name: impl Into<String>) -> Self {
        Self::resource("b", SasService::Blob, container, name)
    }

    /// For everything below a directory of an account with a hierarchical namespace.
    pub fn directory(container: impl Into<String>, path: impl Into<String>) -> Self {
        let path = path.into();
        let depth = path.split('/').filter(|part| !part.is_empty()).count();
        let mut builder = Self::resource("d", SasService::Blob, container, path);
        builder.fields.set("sdd", depth.to_string());
        builder
    }

    /// For everything in a file share.
    pub fn share(share: impl Into<String>) -> Self {
        Self::resource("s", SasService::File, share, String::new())
    }

    /// For one file of a share.
    pub fn file(share: impl Into<String>, path: impl Into<String>) -> Self {
        Self::resource("f", SasService::File, share, path)
    }

    fn resource(
        letter: &'static str,
        service: SasService,
        container: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        let mut builder = Self::new(Scope::Resource {
            service,
            container: container.into(),
            path: path.into(),
        });
        builder.fields.set("sr", letter);
        builder
    }

    fn new(scope: Scope) -> Self {
        Self {
            scope,
            permissions: SasPermissions::default(),
            version: DEFAULT_VERSION.into(),
            fields: SasFields::default(),
            expiry: None,
            policy: None,
        }
    }

    /// What the holder may do.
    #[must_use]
    pub fn permissions(mut self, permissions: SasPermissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Until when the signature is valid.
    #[must_use]
    pub fn expires(mut self, time: OffsetDateTime) -> Self {
        self.expiry = Some(time);
        self
    }

    /// From when on the signature is valid; at once if not said.
    #[must_use]
    pub fn starts(mut self, time: OffsetDateTime) -> Self {
        self.fields.set("st", times::format(time));
        self
    }

    /// The address or range `a-b` that requests must come from.
    #[must_use]
    pub fn ip(mut self, range: &str) -> Self {
        self.fields.set("sip", range);
        self
    }

    /// Refuses requests over plain http.
    #[must_use]
    pub fn https_only(mut self) -> Self {
        self.fields.set("spr", "https");
        self
    }

    /// Takes permissions and times that are not given here from a stored access policy
    /// of the container or share.
    #[must_use]
    pub fn policy(mut self, id: &str) -> Self {
        self.fields.set("si", id);
        self.policy = Some(id.to_owned());
        self
    }

    /// The `Content-Disposition` that downloads with this signature get.
    #[must_use]
    pub fn content_disposition(mut self, value: &str) -> Self {
        self.fields.set("rscd", value);
        self
    }

    /// The `Content-Type` that downloads with this signature get.
    #[must_use]
    pub fn content_type(mut self, value: &str) -> Self {
        self.fields.set("rsct", value);
        self
    }

    /// The service version (`sv`) whose rules the signature follows.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    /// Signs with the account key.
    ///
    /// # Errors
    /// [`StorageAuthError::InvalidSas`] when permissions or expiry are missing and no
    /// stored policy supplies them.
    pub fn sign(self, key: &SharedKey) -> Result<SasToken, StorageAuthError> {
        let scope = self.scope.clone();
        let fields = self.finish(|_| {})?;
        let text = string_to_sign(&fields, key.account(), &scope)?;
        Ok(SasToken::signed(&fields, &key.key().sign(&text)))
    }

    /// Signs with a user delegation key of `account`.
    ///
    /// # Errors
    /// As [`SasBuilder::sign`]; and an account SAS or a stored policy, which need the
    /// account key.
    pub fn sign_delegated(
        self,
        account: &str,
        key: &UserDelegationKey,
    ) -> Result<SasToken, StorageAuthError> {
        if matches!(self.scope, Scope::Account) || self.policy.is_some() {
            return Err(StorageAuthError::InvalidSas(
                "an account SAS or a stored policy needs the account key".into(),
            ));
        }
        let scope = self.scope.clone();
        let fields = self.finish(|fields| {
            fields.set("skoid", &key.object_id);
            fields.set("sktid", &key.tenant_id);
            fields.set("skt", &key.start);
            fields.set("ske", &key.expiry);
            fields.set("sks", &key.service);
            fields.set("skv", &key.version);
        })?;
        let text = string_to_sign(&fields, account, &scope)?;
        Ok(SasToken::signed(&fields, &key.value.sign(&text)))
    }

    fn finish(self, extra: impl FnOnce(&mut SasFields)) -> Result<SasFields, StorageAuthError> {
        let invalid = |text: &str| Err(StorageAuthError::InvalidSas(text.into()));
        if self.policy.is_none() && self.permissions.is_empty() {
            return invalid("it has no permissions");
        }
        if self.policy.is_none() && self.expiry.is_none() {
            return invalid("it has no expiry");
        }
        let mut fields = SasFields::default();
        fields.set("sv", self.version);
        fields.set(
            "sp",
            match self.scope {
                Scope::Account => self.permissions.to_account_string(),
                Scope::Resource { .. } => self.permissions.to_string(),
            },
        );
        fields.set("se", self.expiry.map(times::format).unwrap_or_default());
        fields.append(self.fields);
        extra(&mut fields);
        Ok(fields)
    }
}

fn string_to_sign(
    fields: &SasFields,
    account: &str,
    scope: &Scope,
) -> Result<String, StorageAuthError> {
    match scope {
        Scope::Account => Ok(fields.account_string_to_sign(account)),
        Scope::Resource {
            service,
            container,
            path,
        } => fields.resource_string_to_sign(
            account,
            &SasTarget {
                service: *service,
                container,
                path,
                snapshot: "",
            },
        ),
    }
}
