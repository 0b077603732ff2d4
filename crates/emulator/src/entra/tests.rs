use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::error::TokenError;
use super::form::TokenForm;
use super::{discovery, grant};
use crate::authority::tests::test_authority;
use crate::authority::{Authority, Plane, TokenVersion};

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
    grant::token(authority, version, ORIGIN, tenant, &form)
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
    assert_eq!(redeem(CLIENT).unwrap_err().code(), Some(70_008));
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
