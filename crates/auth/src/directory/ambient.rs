//! The credentials that a program finds around it: its environment, then what its machine and its tools have.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use azml_core::{Error, ErrorKind, Result, env::Environment};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error as AzureError, ErrorKind as AzureErrorKind},
    http::{Context, Method, Pipeline, Request, RetryOptions, Url},
};
use futures::{
    future::{Either, select},
    lock::Mutex,
};

use super::{
    Certificate, ChainedTokenCredential, CredentialOptions, Unavailable,
    UsernamePasswordCredential, azure_cli, azure_developer_cli, client_certificate, client_secret,
    federated, managed::UserAssignedId, managed_identity,
};
use crate::Secret;

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const CERTIFICATE_PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const SEND_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
const USERNAME: &str = "AZURE_USERNAME";
const PASSWORD: &str = "AZURE_PASSWORD";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
/// Which credentials the default chain has.
const CHOICE: &str = "AZURE_TOKEN_CREDENTIALS";
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
/// Where virtual machines find their identity.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// How long the default chain waits for that address.
const PROBE: Duration = Duration::from_secs(1);

/// The credential that the `AZURE_*` variables describe: an application with secret, else with certificate, else a
/// user with password.
///
/// # Errors
/// [`ErrorKind::MissingConfiguration`] when no set is complete; it names the variables and shows no value.
/// [`ErrorKind::InvalidArgument`] for a certificate that cannot be used.
pub fn environment(
    environment: &Environment,
    options: CredentialOptions,
) -> Result<Arc<dyn TokenCredential>> {
    let get = |name| environment.get(name);
    if let (Some(tenant), Some(client)) = (get(TENANT), get(CLIENT)) {
        if let Some(secret) = get(SECRET) {
            return client_secret(&tenant, &client, &Secret::new(secret), options);
        }
        if let Some(path) = get(CERTIFICATE) {
            let send_chain = get(SEND_CHAIN).is_some_and(|it| matches!(it.as_str(), "1" | "true"));
            let certificate = read_certificate(Path::new(&path), get(CERTIFICATE_PASSWORD))?;
            let certificate = certificate.send_chain(send_chain);
            return client_certificate(&tenant, &client, certificate, options);
        }
    }
    if let (Some(client), Some(user), Some(password)) = (get(CLIENT), get(USERNAME), get(PASSWORD))
    {
        let tenant = get(TENANT).unwrap_or_else(|| "organizations".to_owned());
        let credential =
            UsernamePasswordCredential::new(&tenant, Some(client), user, password.into(), options)?;
        return Ok(credential);
    }
    Err(Error::new(
        ErrorKind::MissingConfiguration,
        format!(
            "the environment describes no credential: {TENANT} and {CLIENT} with {SECRET} or {CERTIFICATE}, or {CLIENT} with {USERNAME} and {PASSWORD}, are needed"
        ),
    ))
}

fn read_certificate(path: &Path, password: Option<String>) -> Result<Certificate> {
    let content = std::fs::read(path).map_err(|error| {
        Error::new(
            ErrorKind::Io,
            format!("read the certificate {}: {error}", path.display()),
        )
        .with_source(error)
    })?;
    let content = zeroize::Zeroizing::new(content);
    Certificate::from_file(&content, password.map(Secret::new).as_ref())
}

/// The usual chain: the environment, the platform's workload identity, managed identity, the Azure CLI, the Azure
/// Developer CLI.
///
/// `AZURE_TOKEN_CREDENTIALS` limits it: `dev` to the tools, `prod` to the others, or to the one type that is named,
/// such as `AzureCliCredential`. Nothing is asked for before the first token is.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for another value of `AZURE_TOKEN_CREDENTIALS`.
pub fn default_chain(
    environment: &Environment,
    options: &CredentialOptions,
) -> Result<Arc<ChainedTokenCredential>> {
    let choice = environment.get(CHOICE);
    let kinds: Vec<Kind> = match choice.as_deref() {
        None => Kind::ALL.to_vec(),
        Some(text) if text.eq_ignore_ascii_case("dev") => Kind::TOOLS.to_vec(),
        Some(text) if text.eq_ignore_ascii_case("prod") => Kind::ALL
            .iter()
            .filter(|kind| !Kind::TOOLS.contains(kind))
            .copied()
            .collect(),
        Some(text) => vec![Kind::named(text)?],
    };
    // One that was asked for by name is not probed for.
    let probe = kinds.len() > 1;
    let sources = kinds.into_iter().map(|kind| {
        let source: Arc<dyn TokenCredential> = Arc::new(Source {
            kind,
            probe,
            environment: environment.clone(),
            options: options.clone(),
            made: Mutex::default(),
        });
        source
    });
    Ok(ChainedTokenCredential::new(sources.collect()))
}

/// The credentials of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Environment,
    WorkloadIdentity,
    ManagedIdentity,
    AzureCli,
    AzureDeveloperCli,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::AzureDeveloperCli,
    ];
    const TOOLS: [Self; 2] = [Self::AzureCli, Self::AzureDeveloperCli];

    fn name(self) -> &'static str {
        match self {
            Self::Environment => "EnvironmentCredential",
            Self::WorkloadIdentity => "WorkloadIdentityCredential",
            Self::ManagedIdentity => "ManagedIdentityCredential",
            Self::AzureCli => "AzureCliCredential",
            Self::AzureDeveloperCli => "AzureDeveloperCliCredential",
        }
    }

    fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
                Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{CHOICE} names no credential: '{name}'"),
                )
                .with_hint(format!("use dev, prod or one of {}", names.join(", ")))
            })
    }
}

/// One credential of the chain, made when it is first asked.
#[derive(Debug)]
struct Source {
    kind: Kind,
    probe: bool,
    environment: Environment,
    options: CredentialOptions,
    made: Mutex<Option<Arc<dyn TokenCredential>>>,
}

impl Source {
    async fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let mut made = self.made.lock().await;
        if let Some(credential) = made.as_ref() {
            return Ok(Arc::clone(credential));
        }
        let credential = self.make().await?;
        *made = Some(Arc::clone(&credential));
        Ok(credential)
    }

    async fn make(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let get = |name| self.environment.get(name);
        let options = self.options.clone();
        let made = match self.kind {
            Kind::Environment => environment(&self.environment, options),
            Kind::WorkloadIdentity => match (get(TENANT), get(CLIENT), get(TOKEN_FILE)) {
                (Some(tenant), Some(client), Some(file)) => {
                    federated(&tenant, &client, file, options)
                }
                _ => Err(Error::new(
                    ErrorKind::MissingConfiguration,
                    format!(
                        "no workload identity is set up: {TENANT}, {CLIENT} and {TOKEN_FILE} are needed"
                    ),
                )),
            },
            Kind::ManagedIdentity => {
                if self.probe && get(IDENTITY_ENDPOINT).is_none() {
                    self.probe().await?;
                }
                managed_identity(get(CLIENT).map(UserAssignedId::ClientId), options)
            }
            Kind::AzureCli => azure_cli(get(TENANT)),
            Kind::AzureDeveloperCli => azure_developer_cli(get(TENANT)),
        };
        made.map_err(|error| match error.kind() {
            ErrorKind::MissingConfiguration => Unavailable::new(error.message()).into_error(),
            _ => AzureError::new(AzureErrorKind::Credential, error),
        })
    }

    /// Whether there is a metadata service at all; without one, a connection attempt would take minutes.
    async fn probe(&self) -> azure_core::Result<()> {
        let mut client_options = self.options.client_options.clone();
        client_options.retry = RetryOptions::none();
        let pipeline = Pipeline::new(
            Some(env!("CARGO_PKG_NAME")),
            Some(env!("CARGO_PKG_VERSION")),
            client_options,
            Vec::new(),
            Vec::new(),
            None,
        );
        let address = Url::parse(METADATA).expect("the address is valid");
        let mut request = Request::new(address, Method::Get);
        let context = Context::new();
        let asked = std::pin::pin!(pipeline.send(&context, &mut request, None));
        let answered = match select(asked, self.options.clock.sleep(PROBE)).await {
            // Without the header that keeps forwarded requests out, it answers with a refusal.
            Either::Left((answer, _)) => answer.map_or_else(
                |error| matches!(error.kind(), AzureErrorKind::HttpResponse { .. }),
                |_| true,
            ),
            Either::Right(_) => false,
        };
        if answered {
            return Ok(());
        }
        Err(Unavailable::new(format!(
            "this machine has no managed identity: {IDENTITY_ENDPOINT} is not set and the metadata service does not answer"
        ))
        .into_error())
    }
}

#[async_trait]
impl TokenCredential for Source {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let answer = self.credential().await?.get_token(scopes, options).await;
        answer.map_err(|error| match self.kind {
            // A tool that is missing, or in which nobody is signed in, does not stop the chain.
            Kind::AzureCli | Kind::AzureDeveloperCli => {
                Unavailable::new(azml_core::redact::text(&error.to_string())).into_error()
            }
            // The machine is there and has no identity.
            Kind::ManagedIdentity if error.to_string().contains("Identity not found") => {
                Unavailable::new("this machine has no such managed identity").into_error()
            }
            _ => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(pairs: &[(&str, &str)]) -> Result<String> {
        let names = Environment::from_pairs(pairs.iter().copied());
        environment(&names, CredentialOptions::default()).map(|it| format!("{it:?}"))
    }

    /// auth T16: the first complete set counts, and what is missing is named without its values.
    #[test]
    fn the_first_complete_set_of_the_environment_counts() {
        let application = [(TENANT, "contoso.com"), (CLIENT, "app")];
        let with = |more: &[(&'static str, &'static str)]| {
            let mut pairs = application.to_vec();
            pairs.extend_from_slice(more);
            describe(&pairs)
        };
        let user = [(USERNAME, "u"), (PASSWORD, "hunter2")];
        let secret = with(&[(SECRET, "hunter2"), user[0], user[1]]).unwrap();
        assert!(secret.contains("ClientSecretCredential"), "{secret}");
        let user = with(&user).unwrap();
        assert!(user.contains("UsernamePasswordCredential"), "{user}");
        assert!(!user.contains("hunter2") && !secret.contains("hunter2"));
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/directory/testdata/certificate.pem"
        );
        let certificate = describe(&[application[0], application[1], (CERTIFICATE, path)]).unwrap();
        assert!(
            certificate.contains("ClientAssertionCredential"),
            "{certificate}"
        );

        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/directory/testdata/certificate.p12"
        );
        let file = (CERTIFICATE, path);
        assert!(with(&[file, (CERTIFICATE_PASSWORD, "hunter2")]).is_ok());
        let error = with(&[file, (CERTIFICATE_PASSWORD, "hunter3")]).unwrap_err();
        assert!(error.to_string().contains("password"), "{error}");

        let error = describe(&[(CLIENT, "app"), (PASSWORD, "hunter2")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingConfiguration);
        let shown = error.to_string();
        assert!(
            shown.contains(SECRET) && shown.contains(USERNAME) && !shown.contains("hunter2"),
            "{shown}"
        );
        let error = with(&[(CERTIFICATE, "/nowhere.pem")]).unwrap_err();
        assert!(error.to_string().contains("/nowhere.pem"), "{error}");
    }

    /// auth T16: what the chain has, and that each absent part says what it wants.
    #[tokio::test]
    async fn the_default_chain_can_be_limited() {
        let chain = |choice: &str| {
            let names = Environment::from_pairs([(CHOICE, choice)]);
            default_chain(&names, &CredentialOptions::default())
        };
        let shown = format!("{:?}", chain("prod").unwrap());
        assert!(shown.contains("ManagedIdentity") && !shown.contains("AzureCli"));
        let shown = format!("{:?}", chain("DEV").unwrap());
        assert!(!shown.contains("ManagedIdentity") && shown.contains("AzureDeveloperCli"));
        let error = chain("everything").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        for (choice, variable) in [
            ("EnvironmentCredential", SECRET),
            ("workloadidentitycredential", TOKEN_FILE),
        ] {
            let error = chain(choice).unwrap();
            let error = error.get_token(&["s"], None).await.unwrap_err();
            assert!(Unavailable::find(&error).is_some());
            assert!(error.to_string().contains(variable), "{error}");
        }
    }
}
