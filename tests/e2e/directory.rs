//! Every credential of ours against the emulator's directory, and what they do when it refuses.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azml::ErrorKind;
use azml::auth::directory::{
    Certificate, ChainedTokenCredential, CredentialOptions, DeviceCodeCredential, InsecureLoopback,
    RefreshTokenCredential, SignatureAlgorithm, UsernamePasswordCredential, client_certificate,
    client_secret, default_chain, environment,
};
use azml_core::env::{self, Environment};
use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azml_core::{endpoint, transport};
use azml_test_support::{Fault, FaultProxy, TestEmulator};
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, Method, Request};

const ARM: &[&str] = &["https://management.azure.com/.default"];
const LAKE: &[&str] = &["https://datalake.azure.net//.default"];
const PEM: &str = include_str!("../../crates/auth/src/directory/testdata/certificate.pem");

fn options(emulator: &TestEmulator) -> CredentialOptions {
    CredentialOptions::from_env(&emulator.environment()).unwrap()
}

/// Options for the directory at a plain http address.
fn plain(address: &str) -> CredentialOptions {
    let mut options = CredentialOptions::default();
    options.authority_host = endpoint::parse(address).unwrap();
    options.insecure_loopback = InsecureLoopback::Allow;
    options
}

async fn proxied(emulator: &TestEmulator) -> FaultProxy {
    let address = emulator.http_endpoint().socket_addrs(|| None).unwrap()[0];
    FaultProxy::start(address).await
}

/// What the error says, all causes included.
fn said(error: &azure_core::Error) -> String {
    format!("{error} {error:?}")
}

/// auth T6: one prompt serves every resource; codes that nobody confirms end.
#[tokio::test]
async fn device_codes_sign_users_in() {
    let emulator = TestEmulator::start_with(|builder| {
        builder
            .device_code_interval(Duration::ZERO)
            .device_code_auto_approve()
    })
    .await;
    let prompts = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&prompts);
    let tenant = emulator.variable(env::TENANT_ID);
    let credential = DeviceCodeCredential::new(
        &tenant,
        None,
        move |prompt| {
            assert!(prompt.message.contains(&prompt.user_code));
            assert!(prompt.verification_uri.ends_with("/devicelogin"));
            assert!(!format!("{prompt:?}").contains(&prompt.user_code));
            shown.fetch_add(1, Ordering::Relaxed);
        },
        options(&emulator),
    )
    .unwrap();
    let token = credential.get_token(ARM, None).await.unwrap();
    credential.get_token(LAKE, None).await.unwrap();
    assert_eq!(prompts.load(Ordering::Relaxed), 1);
    assert!(!format!("{credential:?}").contains(token.token.secret()));

    let kept = credential.refresh_token().await.unwrap();
    let again =
        DeviceCodeCredential::without_prompt(&tenant, None, kept, options(&emulator)).unwrap();
    again.get_token(LAKE, None).await.unwrap();
    let silent =
        DeviceCodeCredential::without_prompt(&tenant, None, "stale".into(), options(&emulator))
            .unwrap();
    let error = silent.get_token(ARM, None).await.unwrap_err();
    assert!(said(&error).contains("must not be asked"), "{error:?}");

    let emulator = TestEmulator::start_with(|builder| {
        builder
            .device_code_interval(Duration::ZERO)
            .device_code_lifetime(Duration::ZERO)
    })
    .await;
    let late = DeviceCodeCredential::new(&tenant, None, |_| {}, options(&emulator)).unwrap();
    let error = late.get_token(ARM, None).await.unwrap_err();
    assert!(said(&error).contains("expired"), "{error:?}");
}

/// Lets the development application sign in with the test certificate.
async fn register(emulator: &TestEmulator) {
    let http = HttpClient::new(HttpClientParts {
        crate_name: "tests",
        crate_version: "0",
        options: transport::with_default_transport(
            ClientOptions::default(),
            &emulator.environment(),
        )
        .unwrap(),
        per_call: Vec::new(),
        per_try: Vec::new(),
        map_error: ErrorResponse::to_error,
    });
    let tenant = emulator.variable(env::TENANT_ID);
    let client = emulator.variable(env::CLIENT_ID);
    let path = [
        tenant.as_str(),
        "_emulator",
        "applications",
        &client,
        "certificates",
    ];
    let url = endpoint::join(emulator.https_endpoint(), &path).unwrap();
    let mut request = Request::new(url, Method::Post);
    request.set_body(PEM.to_owned());
    let error = http.send(request.clone(), Repeat::Never).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "not for everyone");
    let token = emulator.variable(env::TOKEN);
    request.insert_header("authorization", format!("Bearer {token}"));
    let answer = http.send(request, Repeat::Never).await.unwrap();
    assert_eq!(u16::from(answer.status()), 201);
}

/// auth T7, over https and over plain http on this machine.
#[tokio::test]
async fn certificates_sign_applications_in() {
    let emulator = TestEmulator::start().await;
    let tenant = emulator.variable(env::TENANT_ID);
    let client = emulator.variable(env::CLIENT_ID);
    let certificate = || Certificate::from_pem(PEM.as_bytes()).unwrap();
    let unknown = client_certificate(&tenant, &client, certificate(), options(&emulator)).unwrap();
    let error = unknown.get_token(ARM, None).await.unwrap_err();
    assert!(said(&error).contains("AADSTS700027"), "{error:?}");
    register(&emulator).await;
    let certificates = [
        certificate(),
        certificate().algorithm(SignatureAlgorithm::Ps256),
        certificate().send_chain(true),
    ];
    for certificate in certificates {
        for options in [options(&emulator), plain(emulator.http_endpoint().as_str())] {
            let credential =
                client_certificate(&tenant, &client, certificate.clone(), options).unwrap();
            credential.get_token(LAKE, None).await.unwrap();
        }
    }
}

/// auth T14: plain http on this machine, when asked for, and nowhere else.
#[tokio::test]
async fn authorities_without_tls_need_the_switch_and_this_machine() {
    let emulator = TestEmulator::start().await;
    let tenant = emulator.variable(env::TENANT_ID);
    let client = emulator.variable(env::CLIENT_ID);
    let secret = emulator.variable(env::CLIENT_SECRET).as_str().into();
    let here = plain(emulator.http_endpoint().as_str());
    let allowed = client_secret(&tenant, &client, &secret, here.clone()).unwrap();
    allowed.get_token(ARM, None).await.unwrap();
    let mut refused = here;
    refused.insecure_loopback = InsecureLoopback::Refuse;
    for options in [refused, plain("http://login.example/")] {
        let error = client_secret(&tenant, &client, &secret, options.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let error = RefreshTokenCredential::new(&tenant, None, "t".into(), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

/// auth T4 and section 7: refresh tokens serve other resources until they are refused.
#[tokio::test]
async fn refresh_tokens_go_on() {
    let emulator = TestEmulator::start().await;
    let tenant = emulator.variable(env::TENANT_ID);
    let user = UsernamePasswordCredential::new(
        &tenant,
        None,
        emulator.variable(env::USERNAME),
        emulator.variable(env::PASSWORD).into(),
        options(&emulator),
    )
    .unwrap();
    assert!(user.refresh_token().await.is_none());
    user.get_token(ARM, None).await.unwrap();
    let kept = user.refresh_token().await.unwrap();
    let again = RefreshTokenCredential::new(&tenant, None, kept, options(&emulator)).unwrap();
    again.get_token(LAKE, None).await.unwrap();
    let stale =
        RefreshTokenCredential::new(&tenant, None, "hunter2".into(), options(&emulator)).unwrap();
    let error = stale.get_token(ARM, None).await.unwrap_err();
    assert!(said(&error).contains("any more") && !said(&error).contains("hunter2"));
}

/// auth T11 over the wire, and section 4: what is asked again and what is not.
#[tokio::test]
async fn the_directory_is_asked_no_more_than_needed() {
    let emulator = TestEmulator::start().await;
    let proxy = proxied(&emulator).await;
    let tenant = emulator.variable(env::TENANT_ID);
    let credential = |password: &str| {
        UsernamePasswordCredential::new(
            &tenant,
            None,
            emulator.variable(env::USERNAME),
            password.into(),
            plain(&proxy.url()),
        )
        .unwrap()
    };
    let asked = || {
        let seen = proxy.seen();
        seen.iter().filter(|it| it.contains("/token")).count()
    };
    let password = emulator.variable(env::PASSWORD);
    let good = credential(&password);
    let at_once = (0..8).map(|_| good.get_token(ARM, None));
    for token in futures::future::join_all(at_once).await {
        token.unwrap();
    }
    assert_eq!(asked(), 1);

    proxy.once("/token", Fault::Status(503));
    credential(&password).get_token(ARM, None).await.unwrap();
    assert_eq!(asked(), 3, "once more after a 503");
    credential("wrong").get_token(ARM, None).await.unwrap_err();
    assert_eq!(asked(), 4, "a refusal is an answer");
    proxy.script(|_| Fault::Status(503));
    let error = credential(&password)
        .get_token(ARM, None)
        .await
        .unwrap_err();
    assert_eq!(asked(), 7, "three tries");
    assert!(!said(&error).contains(&password));
}

/// The refusals of the table that need their own user or secret, and what they hint at.
#[tokio::test]
async fn refusals_say_what_to_do() {
    let emulator = TestEmulator::start().await;
    let tenant = emulator.variable(env::TENANT_ID);
    let password = emulator.variable(env::PASSWORD);
    let domain = emulator.variable(env::USERNAME);
    let domain = domain.rsplit('@').next().unwrap().to_owned();
    for (name, code) in [
        ("mfa", "AADSTS50076"),
        ("mfa-setup", "AADSTS50079"),
        ("consent", "AADSTS65001"),
        ("nobody", "AADSTS50034"),
    ] {
        let user = UsernamePasswordCredential::new(
            &tenant,
            None,
            format!("{name}@{domain}"),
            password.as_str().into(),
            options(&emulator),
        )
        .unwrap();
        let error = user.get_token(ARM, None).await.unwrap_err();
        let hinted = said(&error).contains("hint: Some");
        assert!(said(&error).contains(code), "{name}: {error:?}");
        assert_eq!(hinted, name != "nobody", "{name}: {error:?}");
    }
    let client = emulator.variable(env::CLIENT_ID);
    let expired = "azml-emulator-expired-secret".into();
    let application = client_secret(&tenant, &client, &expired, options(&emulator)).unwrap();
    let error = application.get_token(ARM, None).await.unwrap_err();
    assert!(said(&error).contains("7000222"), "{error:?}");
}

/// auth T16 against a directory: the `AZURE_*` names, and the chain that begins with them.
#[tokio::test]
async fn the_environment_and_the_chain_sign_in() {
    let emulator = TestEmulator::start().await;
    let names = |secret: &str| {
        Environment::from_pairs([
            ("AZURE_TENANT_ID", emulator.variable(env::TENANT_ID)),
            ("AZURE_CLIENT_ID", emulator.variable(env::CLIENT_ID)),
            ("AZURE_CLIENT_SECRET", secret.to_owned()),
        ])
    };
    let good = names(&emulator.variable(env::CLIENT_SECRET));
    let credential = environment(&good, options(&emulator)).unwrap();
    credential.get_token(ARM, None).await.unwrap();
    let chain = default_chain(&good, &options(&emulator)).unwrap();
    chain.get_token(ARM, None).await.unwrap();

    let wrong = default_chain(&names("hunter2"), &options(&emulator)).unwrap();
    let chain = ChainedTokenCredential::new(vec![wrong, credential]);
    let error = chain.get_token(ARM, None).await.unwrap_err();
    assert!(
        said(&error).contains("AADSTS7000215"),
        "a refusal ends the chain: {error:?}"
    );
}
