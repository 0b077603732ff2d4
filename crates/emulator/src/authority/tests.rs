use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use azml_core::clock::ManualClock;
use time::OffsetDateTime;

use super::key::SigningKey;
use super::*;

static KEY: LazyLock<String> = LazyLock::new(|| SigningKey::generate().unwrap().pem().to_owned());

fn test_directory() -> Directory {
    Directory {
        tenant_id: "11111111-1111-1111-1111-111111111111".to_owned(),
        subscription_id: "22222222-2222-2222-2222-222222222222".to_owned(),
        client_id: "33333333-3333-3333-3333-333333333333".to_owned(),
        client_secret: "azml-emulator-secret".into(),
        username: "dev@azml.localhost".to_owned(),
        password: "azml-emulator-password".into(),
        token_lifetime: Duration::from_secs(3599),
        any_tenant: false,
        check_tokens: true,
        strict_audience: false,
    }
}

/// An authority with the development directory and a clock that tests move. One key serves them all.
pub(crate) fn test_authority() -> (Arc<Authority>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(
        OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap(),
    ));
    let key = SigningKey::from_pem(KEY.clone()).unwrap();
    let authority = Authority::new(key, test_directory(), clock.clone());
    (Arc::new(authority), clock)
}

fn token(authority: &Authority, resource: &str) -> String {
    let principal = authority.directory().service_principal();
    let request = IssueRequest {
        principal: &principal,
        client_id: "33333333-3333-3333-3333-333333333333",
        client_authentication: "1",
        resource,
        origin: "https://localhost:1",
        version: TokenVersion::V1,
    };
    authority.issue(&request).token
}

/// auth T19: five minutes of leeway, then a token has expired.
#[test]
fn tokens_expire_with_leeway() {
    let (authority, clock) = test_authority();
    let token = token(&authority, "https://management.azure.com/");
    clock.advance(Duration::from_secs(3599 + 300));
    authority.verify(&token, Plane::ResourceManager).unwrap();
    clock.advance(Duration::from_secs(1));
    let refusal = authority
        .verify(&token, Plane::ResourceManager)
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Expired { .. }), "{refusal}");
}

#[test]
fn each_plane_takes_its_own_audiences() {
    let cases = [
        ("https://management.azure.com", Plane::ResourceManager, true),
        (
            "https://management.core.windows.net/",
            Plane::ResourceManager,
            true,
        ),
        (
            "https://management.core.windows.net/",
            Plane::DataLake,
            true,
        ),
        ("https://datalake.azure.net/", Plane::DataLake, true),
        ("https://datalake.azure.net/", Plane::ResourceManager, false),
        ("https://storage.azure.com/", Plane::Storage, true),
        (
            "https://devstoreaccount1.blob.core.windows.net",
            Plane::Storage,
            true,
        ),
        (
            "https://a.blob.core.windows.net.evil.example",
            Plane::Storage,
            false,
        ),
        ("https://database.windows.net/", Plane::Sql, true),
        ("https://storage.azure.com/", Plane::Sql, false),
    ];
    for (audience, plane, accepted) in cases {
        assert_eq!(
            plane.accepts(audience, false),
            accepted,
            "{audience} on {plane:?}"
        );
    }
    assert!(!Plane::DataLake.accepts("https://management.azure.com/", true));
}

#[test]
fn a_changed_or_foreign_token_is_refused() {
    let (authority, _) = test_authority();
    let good = token(&authority, "https://management.azure.com/");
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = rest.split_once('.').unwrap();
    let claims = "eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQuYXp1cmUuY29tLyJ9";
    let foreign_key = SigningKey::generate().unwrap();
    let foreign = Authority::new(foreign_key, test_directory(), test_authority().1);
    for bad in [
        format!("{header}.{claims}.{signature}"),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        token(&foreign, "https://management.azure.com/"),
        "nonsense".to_owned(),
    ] {
        assert_eq!(
            authority.verify(&bad, Plane::ResourceManager),
            Err(Refusal::Invalid),
            "{bad}"
        );
    }
}

#[test]
fn headers_carry_the_token() {
    let (authority, _) = test_authority();
    let mut headers = HeaderMap::new();
    let refusal = authority
        .authenticate(&headers, Plane::ResourceManager)
        .unwrap_err();
    assert_eq!(refusal, Refusal::Missing);
    let challenge = authority.challenge("https://localhost:1", &refusal);
    assert!(
        challenge.starts_with("Bearer authorization_uri=\"https://localhost:1/1111"),
        "{challenge}"
    );
    let value = format!(
        "bearer {}",
        token(&authority, "https://management.azure.com/")
    );
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
    authority
        .authenticate(&headers, Plane::ResourceManager)
        .unwrap();
}

#[test]
fn debug_shows_no_secret() {
    let (authority, _) = test_authority();
    let shown = format!("{authority:?}");
    for secret in [
        "azml-emulator-secret",
        "azml-emulator-password",
        "PRIVATE KEY",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
