//! The development directory: one tenant, one confidential application, one user, and the public
//! client ids of the well-known tools. Fixed and documented like a storage emulator's account key.
//! Knows nothing of tokens or routes.

use std::time::Duration;

use azml_auth::Secret;

use crate::{
    StartError,
    config::Config,
    identity::{Development, Identities, same_secret},
    state::random_hex,
};

/// Client ids that tools use without a secret: the Azure CLI (the default of every old and new
/// SDK) and Azure PowerShell.
const PUBLIC_CLIENTS: &[&str] = &[
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "1950a258-227b-4e31-a9cf-717495945fc2",
];

/// Object id of the development application's service principal.
const APPLICATION_OBJECT_ID: &str = "44444444-4444-4444-4444-444444444444";
/// Object id of the development user.
const USER_OBJECT_ID: &str = "55555555-5555-5555-5555-555555555555";

const CLIENT_SECRET: Development = Development {
    name: "client-secret",
    value: "azml-emulator-secret",
    generate: random_hex::<24>,
    runs_code: true,
};
const PASSWORD: Development = Development {
    name: "password",
    value: "azml-emulator-password",
    generate: random_hex::<24>,
    runs_code: true,
};

/// Names that are no secret: configurable, but never generated.
const TENANT_ID: (&str, &str) = ("tenant-id", "11111111-1111-1111-1111-111111111111");
const SUBSCRIPTION_ID: (&str, &str) = ("subscription-id", "22222222-2222-2222-2222-222222222222");
const CLIENT_ID: (&str, &str) = ("client-id", "33333333-3333-3333-3333-333333333333");
const USERNAME: (&str, &str) = ("username", "dev@azml.localhost");

/// The identities of the directory, and how strict the planes are with its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    /// Tenant id, a uuid.
    pub(crate) tenant_id: String,
    /// Subscription id, a uuid.
    pub(crate) subscription_id: String,
    /// Client id of the confidential application.
    pub(crate) client_id: String,
    /// Secret of the confidential application.
    pub(crate) client_secret: Secret,
    /// User principal name; the part after `@` is the tenant's verified domain.
    pub(crate) username: String,
    /// Password of the user.
    pub(crate) password: Secret,
    /// Life of an access token.
    pub(crate) token_lifetime: Duration,
    /// Whether any tenant name is served as if it were the development tenant.
    pub(crate) any_tenant: bool,
    /// Whether planes check tokens at all.
    pub(crate) check_tokens: bool,
    /// Whether Data Lake planes refuse Resource Manager tokens.
    pub(crate) strict_audience: bool,
}

impl Directory {
    /// The directory that an emulator was asked to have.
    pub(crate) fn load(config: &Config, identities: &Identities) -> Result<Self, StartError> {
        let name = |(name, documented): (&str, &str)| {
            config
                .identities
                .get(name)
                .map_or(documented, String::as_str)
                .to_owned()
        };
        Ok(Self {
            tenant_id: name(TENANT_ID),
            subscription_id: name(SUBSCRIPTION_ID),
            client_id: name(CLIENT_ID),
            client_secret: Secret::new(identities.get(&CLIENT_SECRET)?),
            username: name(USERNAME),
            password: Secret::new(identities.get(&PASSWORD)?),
            token_lifetime: config.directory.token_lifetime,
            any_tenant: config.directory.any_tenant,
            check_tokens: config.check_credentials,
            strict_audience: config.directory.strict_audience,
        })
    }
}

/// What kind of identity a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    /// An application's own identity.
    Application,
    /// A person, signed in through an application.
    User {
        /// User principal name.
        upn: String,
        /// Display name.
        name: String,
    },
}

/// An identity that tokens are issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) object_id: String,
    pub(crate) kind: PrincipalKind,
}

/// An application known to the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Application {
    /// Has no secret; can only act for a user.
    Public,
    /// Has a secret and an identity of its own.
    Confidential,
}

impl Directory {
    /// The application with this client id.
    pub(crate) fn application(&self, client_id: &str) -> Option<Application> {
        if client_id.eq_ignore_ascii_case(&self.client_id) {
            return Some(Application::Confidential);
        }
        PUBLIC_CLIENTS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(client_id))
            .then_some(Application::Public)
    }

    /// The service principal of the confidential application.
    pub(crate) fn service_principal(&self) -> Principal {
        Principal {
            object_id: APPLICATION_OBJECT_ID.to_owned(),
            kind: PrincipalKind::Application,
        }
    }

    /// The user with this principal name; names compare without case.
    pub(crate) fn user(&self, upn: &str) -> Option<Principal> {
        upn.eq_ignore_ascii_case(&self.username).then(|| Principal {
            object_id: USER_OBJECT_ID.to_owned(),
            kind: PrincipalKind::User {
                upn: self.username.clone(),
                name: self
                    .username
                    .split('@')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            },
        })
    }

    /// Compares with the application's secret in constant time.
    pub(crate) fn is_client_secret(&self, secret: &str) -> bool {
        same_secret(secret, self.client_secret.expose())
    }

    /// Compares with the user's password in constant time.
    pub(crate) fn is_password(&self, password: &str) -> bool {
        same_secret(password, self.password.expose())
    }
}

/// Whether a tenant named in a path is the directory's: its id, its verified domain, one of the
/// multi-tenant names, or anything at all when any tenant is allowed.
pub(crate) fn tenant_matches(options: &Directory, tenant: &str) -> bool {
    let domain = options.username.rsplit('@').next().unwrap_or_default();
    options.any_tenant
        || tenant.eq_ignore_ascii_case(&options.tenant_id)
        || tenant.eq_ignore_ascii_case(domain)
        || ["common", "organizations", "consumers"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(tenant))
}
