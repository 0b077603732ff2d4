use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::error::TokenError;
use super::form::TokenForm;
use super::{certificates, discovery, grant};
use crate::authority::tests::test_authority;
use crate::authority::{Authority, Plane, TokenVersion};
use crate::testing::Client;

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "33333333-3333-3333-3333-333333333333";
const SECRET: &str = "azml-emulator-secret";
const ORIGIN: &str = "https://localhost:10011";
const ARM: &str = "https://management.core.windows.net/";

fn ask(
    authority: &Authority,
    version: TokenVersion,
    tenant: &str,
    fields: &[(&str, &str)],
) -> Result<Value, TokenError> {
    ask_with(authority, version, tenant, fields, &HeaderMap::new())
}

fn ask_with(
    authority: &Authority,
    version: TokenVersion,
    tenant: &str,
    fields: &[(&str, &str)],
    headers: &HeaderMap,
) -> Result<Value, TokenError> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let form = TokenForm::read(headers, body.finish().as_bytes());
    grant::token(
        authority,
        version,
        ORIGIN,
        tenant,
        &form,
        grant::Known::default(),
    )
}

fn basic(id: &str, secret: &str) -> HeaderMap {
    let value = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&value).unwrap())])
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} is not a string in {body}"))
}

/// auth T1: client secret in both generations; the first writes its numbers as strings.
#[test]
fn client_secret_gives_a_token_for_the_asked_resource() {
    let (authority, _) = test_authority();
    let v1 = ask(
        &authority,
        TokenVersion::V1,
        TENANT,
        &[
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("resource", ARM),
        ],
    )
    .unwrap();
    assert_eq!(text(&v1, "expires_in"), "3599");
    assert_eq!(text(&v1, "resource"), ARM);
    assert!(text(&v1, "expires_on").parse::<i64>().is_ok());
    assert!(v1.get("refresh_token").is_none());
    let caller = authority
        .verify(text(&v1, "access_token"), Plane::ResourceManager)
        .unwrap();
    assert_eq!(caller.client_id, CLIENT);
    assert_eq!(caller.tenant_id, TENANT);
    assert_eq!(caller.submitter(), format!("{CLIENT}@SPI"));

    let v2 = ask(
        &authority,
        TokenVersion::V2,
        TENANT,
        &[
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("scope", "https://datalake.azure.net//.default"),
        ],
    )
    .unwrap();
    assert_eq!(v2["expires_in"], 3599);
    assert!(v2.get("expires_on").is_none());
    let token = text(&v2, "access_token");
    authority.verify(token, Plane::DataLake).unwrap();
    assert!(authority.verify(token, Plane::ResourceManager).is_err());
}

/// auth T2: the older clients authenticate with HTTP Basic, and with an empty password for users.
#[test]
fn http_basic_authenticates_the_client() {
    let (authority, _) = test_authority();
    let fields = [("grant_type", "client_credentials"), ("resource", ARM)];
    let body = ask_with(
        &authority,
        TokenVersion::V1,
        TENANT,
        &fields,
        &basic(CLIENT, SECRET),
    )
    .unwrap();
    assert!(body["access_token"].is_string());
    let error = ask_with(
        &authority,
        TokenVersion::V1,
        TENANT,
        &fields,
        &basic(CLIENT, "no"),
    )
    .unwrap_err();
    assert_eq!(error.code(), Some(7_000_215));

    let public = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    let fields = [
        ("grant_type", "password"),
        ("username", "dev@azml.localhost"),
        ("password", "azml-emulator-password"),
        ("resource", ARM),
    ];
    let body = ask_with(
        &authority,
        TokenVersion::V1,
        "common",
        &fields,
        &basic(public, ""),
    )
    .unwrap();
    let caller = authority
        .verify(text(&body, "access_token"), Plane::ResourceManager)
        .unwrap();
    assert_eq!(caller.submitter(), "dev@azml.localhost");
}

/// auth T3, T5, T20 and the rest of the error table.
#[test]
fn every_refusal_has_its_code() {
    let (authority, _) = test_authority();
    let secret = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("resource", ARM),
    ];
    let user = [
        ("grant_type", "password"),
        ("client_id", CLIENT),
        ("username", "dev@azml.localhost"),
        ("password", "azml-emulator-password"),
        ("resource", ARM),
    ];
    let with = |base: &[(&'static str, &'static str)], name: &str, value: &'static str| {
        base.iter()
            .map(|&(key, old)| (key, if key == name { value } else { old }))
            .collect::<Vec<_>>()
    };
    let unauthorized = StatusCode::UNAUTHORIZED;
    let bad = StatusCode::BAD_REQUEST;
    let cases = [
        (
            with(&secret, "client_secret", "wrong"),
            7_000_215,
            unauthorized,
        ),
        (with(&secret, "client_secret", ""), 7_000_218, unauthorized),
        (
            with(&secret, "client_secret", "azml-emulator-expired-secret"),
            7_000_222,
            unauthorized,
        ),
        (with(&user, "username", "mfa@azml.localhost"), 50_076, bad),
        (
            with(&user, "username", "mfa-setup@azml.localhost"),
            50_079,
            bad,
        ),
        (
            with(&user, "username", "consent@AZML.localhost"),
            65_001,
            bad,
        ),
        (
            with(&user, "username", "busy@azml.localhost"),
            90_033,
            StatusCode::SERVICE_UNAVAILABLE,
        ),
        (
            with(&user, "username", "throttled@azml.localhost"),
            90_033,
            StatusCode::TOO_MANY_REQUESTS,
        ),
        (with(&user, "username", "mfa@elsewhere"), 50_034, bad),
        (
            with(&secret, "client_id", "99999999-9999-9999-9999-999999999999"),
            700_016,
            bad,
        ),
        (with(&secret, "client_id", ""), 900_144, bad),
        (with(&secret, "grant_type", ""), 900_144, bad),
        (with(&secret, "grant_type", "implicit"), 70_003, bad),
        (with(&secret, "resource", ""), 900_144, bad),
        (
            with(&secret, "resource", "https://example.com/"),
            500_011,
            bad,
        ),
        (with(&user, "password", "wrong"), 50_126, bad),
        (
            with(&user, "username", "nobody@azml.localhost"),
            50_034,
            bad,
        ),
        (with(&user, "password", ""), 900_144, bad),
    ];
    for (fields, code, status) in cases {
        let error = ask(&authority, TokenVersion::V1, TENANT, &fields).unwrap_err();
        assert_eq!(
            (error.code(), error.status()),
            (Some(code), status),
            "{fields:?}"
        );
    }
    let error = ask(&authority, TokenVersion::V1, "contoso.com", &secret).unwrap_err();
    assert_eq!(error.code(), Some(90_002));
}

/// auth T4: a refresh token gives a token for another resource, to its own client only.
#[test]
fn refresh_tokens_work_for_other_resources() {
    let (authority, clock) = test_authority();
    let user = [
        ("grant_type", "password"),
        ("client_id", CLIENT),
        ("username", "dev@azml.localhost"),
        ("password", "azml-emulator-password"),
        (
            "scope",
            "https://management.azure.com/.default openid offline_access",
        ),
        ("client_info", "1"),
    ];
    let body = ask(&authority, TokenVersion::V2, TENANT, &user).unwrap();
    assert!(body["id_token"].is_string() && body["client_info"].is_string());
    let refresh = text(&body, "refresh_token");
    assert!(
        authority.verify(refresh, Plane::ResourceManager).is_err(),
        "a refresh token must not open a plane"
    );
    let redeem = |client: &str| {
        ask(
            &authority,
            TokenVersion::V1,
            TENANT,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", client),
                ("refresh_token", refresh),
                ("resource", "https://datalake.azure.net/"),
            ],
        )
    };
    let again = redeem(CLIENT).unwrap();
    authority
        .verify(text(&again, "access_token"), Plane::DataLake)
        .unwrap();
    let stolen = redeem("04b07795-8ddb-461a-bbee-02f9e1bf7b46").unwrap_err();
    assert_eq!(stolen.code(), Some(70_008));
    clock.advance(Duration::from_secs(91 * 24 * 3600));
    assert_eq!(redeem(CLIENT).unwrap_err().code(), Some(700_082));
}

/// auth T8: the documents name https endpoints with a tenant segment.
#[test]
fn discovery_names_the_endpoints_of_the_asked_origin() {
    let (authority, _) = test_authority();
    let body = discovery::openid_configuration(&authority, ORIGIN, TENANT, true);
    assert_eq!(
        body["token_endpoint"],
        format!("{ORIGIN}/{TENANT}/oauth2/v2.0/token")
    );
    let keys = discovery::keys(&authority);
    assert_eq!(keys["keys"][0]["kty"], "RSA");
    assert!(keys["keys"][0]["n"].as_str().unwrap().len() > 300);

    let known = discovery::instance(
        ORIGIN,
        "localhost:10011",
        "https://localhost:10011/common/oauth2/authorize",
        "1.0",
    );
    assert_eq!(
        known.unwrap()["metadata"][0]["aliases"][0],
        "localhost:10011"
    );
    let other = discovery::instance(
        ORIGIN,
        "localhost:10011",
        "https://evil.example/common",
        "1.0",
    );
    assert_eq!(other.unwrap_err().code(), Some(50_049));
}

/// A client with one device code in hand.
struct Device {
    client: Client,
    user_code: String,
    device_code: String,
}

const XPLAT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

fn form(fields: &[(&str, &str)]) -> Option<String> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    Some(body.extend_pairs(fields).finish())
}

impl Device {
    async fn start(options: impl FnOnce(crate::Builder) -> crate::Builder) -> Self {
        let client = Client::start_with(options).await.with_token(None);
        let path = format!("/{TENANT}/oauth2/v2.0/devicecode");
        let fields = [
            ("client_id", XPLAT),
            (
                "scope",
                "https://management.azure.com/.default offline_access",
            ),
        ];
        let begun = client
            .send("POST", &path, form(&fields))
            .await
            .expect(200, "");
        assert!(text(&begun, "message").contains(text(&begun, "user_code")));
        assert!(text(&begun, "verification_uri").ends_with("/devicelogin"));
        Self {
            user_code: text(&begun, "user_code").to_owned(),
            device_code: text(&begun, "device_code").to_owned(),
            client,
        }
    }

    /// Answers with the body of a token, or with the refusal's word.
    async fn poll(&self, client_id: &str) -> Result<Value, String> {
        let path = format!("/{TENANT}/oauth2/v2.0/token");
        let fields = [
            ("client_id", client_id),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", &self.device_code),
        ];
        let answer = self.client.send("POST", &path, form(&fields)).await;
        let status = answer.status;
        let body = answer.expect(status, "");
        match status {
            200 => Ok(body),
            _ => Err(text(&body, "error").to_owned()),
        }
    }

    async fn decide(&self, code: &str, password: &str, decision: &str) -> u16 {
        let fields = [
            ("user_code", code),
            ("username", "dev@azml.localhost"),
            ("password", password),
            ("decision", decision),
        ];
        self.client
            .send("POST", "/devicelogin", form(&fields))
            .await
            .status
    }
}

const PASSWORD: &str = "azml-emulator-password";

fn at_once(builder: crate::Builder) -> crate::Builder {
    builder.device_code_interval(Duration::ZERO)
}

/// auth T6: pending until a person confirms, then tokens, once.
#[tokio::test]
async fn a_device_code_is_confirmed_on_the_page() {
    let device = Device::start(at_once).await;
    assert_eq!(
        device.poll(XPLAT).await.unwrap_err(),
        "authorization_pending"
    );
    let page = device
        .client
        .get("/devicelogin?otc=%22%3E%3Cscript%3E")
        .await;
    assert_eq!(page.status, 200);
    assert!(!String::from_utf8_lossy(&page.body).contains("<script>"));
    assert_eq!(device.decide("ABCDEFGHJ", PASSWORD, "").await, 404);
    assert_eq!(device.decide(&device.user_code, "wrong", "").await, 401);
    assert_eq!(
        device.poll(XPLAT).await.unwrap_err(),
        "authorization_pending"
    );
    let spaced = device.user_code.to_ascii_lowercase();
    let (first, last) = spaced.split_at(4);
    assert_eq!(
        device
            .decide(&format!("{first}-{last} "), PASSWORD, "")
            .await,
        200
    );
    assert_eq!(
        device.decide(&device.user_code, PASSWORD, "decline").await,
        404
    );
    assert_eq!(
        device.poll(CLIENT).await.unwrap_err(),
        "bad_verification_code"
    );
    let body = device.poll(XPLAT).await.unwrap();
    assert!(body["refresh_token"].is_string());
    let device_again = device.poll(XPLAT).await.unwrap_err();
    assert_eq!(device_again, "bad_verification_code");
    let groups =
        "/subscriptions/22222222-2222-2222-2222-222222222222/resourcegroups?api-version=2019-10-01";
    let signed_in = device
        .client
        .with_token(Some(text(&body, "access_token").to_owned()));
    signed_in.get(groups).await.expect(200, "");
}

/// auth T6: the other ends of a code, and of the first generation of endpoints.
#[tokio::test]
async fn device_codes_are_declined_expire_and_slow_down() {
    let device = Device::start(at_once).await;
    assert_eq!(
        device.decide(&device.user_code, PASSWORD, "decline").await,
        200
    );
    assert_eq!(
        device.poll(XPLAT).await.unwrap_err(),
        "authorization_declined"
    );

    let device = Device::start(|builder| builder.device_code_lifetime(Duration::ZERO)).await;
    assert_eq!(device.poll(XPLAT).await.unwrap_err(), "expired_token");
    assert_eq!(device.decide(&device.user_code, PASSWORD, "").await, 404);
    let path = format!("/{TENANT}/oauth2/token");
    let fields = [
        ("client_id", XPLAT),
        ("grant_type", "device_code"),
        ("code", &device.device_code),
        ("resource", ARM),
    ];
    let answer = device.client.send("POST", &path, form(&fields)).await;
    assert_eq!(text(&answer.expect(400, ""), "error"), "code_expired");

    let device = Device::start(|builder| builder).await;
    assert_eq!(
        device.poll(XPLAT).await.unwrap_err(),
        "authorization_pending"
    );
    assert_eq!(device.poll(XPLAT).await.unwrap_err(), "slow_down");

    let device = Device::start(|builder| at_once(builder).device_code_auto_approve()).await;
    assert_eq!(
        device.poll(XPLAT).await.unwrap_err(),
        "authorization_pending"
    );
    assert!(device.poll(XPLAT).await.is_ok());
}

/// auth T17: both doors of managed identity, and what each wants to see.
#[tokio::test]
async fn managed_identities_show_that_they_are_here() {
    let client = Client::start().await;
    let machine = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com";
    let app = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com";
    let (metadata, header) = (
        ("metadata", "true"),
        ("x-identity-header", "azml-emulator-identity-header"),
    );
    let body = client.get_with(machine, metadata).await.expect(200, "");
    assert_eq!(text(&body, "expires_in"), "86399");
    client.get_with(app, header).await.expect(200, "");
    assert_eq!(client.get(machine).await.status, 400);
    assert_eq!(client.get(app).await.status, 400);
    let wrong = client.get_with(app, ("x-identity-header", "x")).await;
    assert_eq!(wrong.status, 401);
    let other = format!("{machine}&client_id={XPLAT}");
    let body = client.get_with(&other, metadata).await.expect(400, "");
    assert_eq!(body["error_description"], "Identity not found");
}

/// auth T7: RS256 and PS256, thumbprints in every spelling, and what makes an assertion worthless.
#[test]
fn assertions_prove_the_application() {
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use serde_json::json;

    let (authority, clock) = test_authority();
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["app".to_owned()])
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    let registered = certificates::Registered::from_pem(certificate.pem().as_bytes()).unwrap();
    let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    let digest = URL_SAFE_NO_PAD.decode(registered.thumbprint()).unwrap();
    let now = authority.now().unix_timestamp();
    let claims = json!({
        "aud": format!("{ORIGIN}/{TENANT}/oauth2/v2.0/token"),
        "iss": CLIENT, "sub": CLIENT, "exp": f64::from(i32::try_from(now).unwrap()) + 599.5,
    });
    let ask = |algorithm: Algorithm, x5t: &str, claims: &Value| {
        let mut header = Header::new(algorithm);
        header.x5t = Some(x5t.to_owned());
        let assertion = jsonwebtoken::encode(&header, claims, &key).unwrap();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs([
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion.as_str()),
            ("scope", "https://management.azure.com/.default"),
        ]);
        let form = TokenForm::read(&HeaderMap::new(), body.finish().as_bytes());
        let known = grant::Known {
            certificates: vec![registered.clone()],
            ..grant::Known::default()
        };
        grant::token(&authority, TokenVersion::V2, ORIGIN, TENANT, &form, known)
    };
    for x5t in [
        URL_SAFE_NO_PAD.encode(&digest),
        URL_SAFE.encode(&digest),
        STANDARD.encode(&digest),
        STANDARD_NO_PAD.encode(&digest),
    ] {
        ask(Algorithm::RS256, &x5t, &claims).unwrap();
        ask(Algorithm::PS256, &x5t, &claims).unwrap();
    }
    let x5t = URL_SAFE_NO_PAD.encode(&digest);
    let refused = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        ask(Algorithm::RS256, &x5t, &claims).unwrap_err().code()
    };
    let elsewhere = "https://login.microsoftonline.com/x/oauth2/v2.0/token";
    assert_eq!(refused("aud", elsewhere.into()), Some(700_027));
    assert_eq!(refused("iss", "x".into()), Some(700_027));
    assert_eq!(refused("exp", (now + 200_000).into()), Some(700_027));
    assert_eq!(refused("nbf", (now + 1000).into()), Some(700_027));
    assert_eq!(refused("exp", Value::Null), Some(700_027));
    let unknown = ask(Algorithm::RS256, "AAAA", &claims).unwrap_err();
    assert_eq!(unknown.code(), Some(700_027));
    clock.advance(Duration::from_secs(1000));
    let late = ask(Algorithm::RS256, &x5t, &claims).unwrap_err();
    assert_eq!(late.code(), Some(700_024));
}
