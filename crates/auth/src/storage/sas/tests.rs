//! Signatures against the ones of the official clients.

use serde_json::Value;
use time::macros::datetime;

use super::*;
use crate::storage::{AccountKey, SharedKey};

struct Vectors(Value);

impl Vectors {
    fn load() -> Self {
        let text = include_str!("../../../tests/data/storage_vectors.json");
        Self(serde_json::from_str(text).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    fn key(&self) -> SharedKey {
        let key = AccountKey::from_base64(self.text("key")).unwrap();
        SharedKey::new(self.text("account"), key)
    }

    fn delegation_key(&self) -> UserDelegationKey {
        UserDelegationKey::new(
            (
                "11111111-aaaa-bbbb-cccc-222222222222",
                "33333333-aaaa-bbbb-cccc-444444444444",
            ),
            ("2024-05-06T07:08:09Z", "2024-05-07T07:08:09Z"),
            "2024-11-04",
            AccountKey::from_base64(self.text("delegation_key")).unwrap(),
        )
    }

    fn token(&self, name: &str) -> &str {
        self.0["signatures"]
            .as_array()
            .unwrap()
            .iter()
            .find(|vector| vector["name"] == name)
            .unwrap()["token"]
            .as_str()
            .unwrap()
    }
}

fn string_to_sign(account: &str, target: &Value, fields: &SasFields) -> String {
    if fields.kind() == SasKind::Account {
        return fields.account_string_to_sign(account);
    }
    let text = |name: &str| target[name].as_str().unwrap_or_default();
    let service = match text("share") {
        "" => SasService::Blob,
        _ => SasService::File,
    };
    let target = SasTarget {
        service,
        container: match service {
            SasService::Blob => text("container"),
            SasService::File => text("share"),
        },
        path: text("path"),
        snapshot: text("snapshot"),
    };
    fields.resource_string_to_sign(account, &target).unwrap()
}

/// Every signature of the official clients verifies, and none does once a field is changed.
#[test]
fn signatures_of_the_official_clients_verify() {
    let vectors = Vectors::load();
    let key = vectors.key();
    let mut kinds = Vec::new();
    for vector in vectors.0["signatures"].as_array().unwrap() {
        let name = &vector["name"];
        let (fields, signature) = SasFields::parse(vector["token"].as_str().unwrap())
            .unwrap()
            .unwrap();
        let signer = match fields.kind() {
            SasKind::UserDelegation => vectors.delegation_key().value,
            _ => key.key().clone(),
        };
        let text = string_to_sign(key.account(), &vector["target"], &fields);
        assert!(signer.verify(&text, &signature), "{name}\n{text}");
        let widened = vector["token"]
            .as_str()
            .unwrap()
            .replace("se=2030", "se=2031")
            .replace("si=readers", "si=writers");
        let (fields, _) = SasFields::parse(&widened).unwrap().unwrap();
        let text = string_to_sign(key.account(), &vector["target"], &fields);
        assert!(!signer.verify(&text, &signature), "{name}");
        kinds.push(fields.kind());
    }
    for kind in [SasKind::Account, SasKind::Service, SasKind::UserDelegation] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

/// The builder makes the same signature as the official clients from the same parts.
#[test]
fn the_builder_signs_as_the_official_clients() {
    let vectors = Vectors::load();
    let key = vectors.key();
    let version = "2026-10-06";
    let expiry = datetime!(2030-01-02 3:04:05 UTC);
    let start = datetime!(2024-05-06 7:08:09 UTC);
    let permissions = |letters: &str| letters.parse::<SasPermissions>().unwrap();
    let blob_name = "dir/a b+ä.jpg";
    let built = [
        (
            "account",
            SasBuilder::account("bf", "sco")
                .permissions(permissions("rwdlacup"))
                .expires(expiry)
                .version(version)
                .sign(&key),
        ),
        (
            "container",
            SasBuilder::container("photos")
                .permissions(permissions("rl"))
                .expires(expiry)
                .version(version)
                .sign(&key),
        ),
        (
            "container-policy",
            SasBuilder::container("photos")
                .policy("readers")
                .version(version)
                .sign(&key),
        ),
        (
            "blob",
            SasBuilder::blob("photos", blob_name)
                .permissions(permissions("r"))
                .expires(expiry)
                .version(version)
                .sign(&key),
        ),
        (
            "directory",
            SasBuilder::directory("photos", "top/sub")
                .permissions(permissions("lr"))
                .expires(expiry)
                .version(version)
                .sign(&key),
        ),
        (
            "share",
            SasBuilder::share("files")
                .permissions(permissions("rl"))
                .expires(expiry)
                .version(version)
                .sign(&key),
        ),
        (
            "file",
            SasBuilder::file("files", "d/f")
                .permissions(permissions("rcwd"))
                .starts(start)
                .expires(expiry)
                .content_type("text/plain")
                .version(version)
                .sign(&key),
        ),
        (
            "delegated-blob",
            SasBuilder::blob("photos", blob_name)
                .permissions(permissions("r"))
                .expires(expiry)
                .version(version)
                .sign_delegated(key.account(), &vectors.delegation_key()),
        ),
    ];
    for (name, token) in built {
        let token = token.unwrap();
        let signature = |text: &str| SasFields::parse(text).unwrap().unwrap().1;
        assert_eq!(
            signature(token.expose()),
            signature(vectors.token(name)),
            "{name}"
        );
    }
}

#[test]
fn requests_of_the_official_client_verify_and_are_signed_alike() {
    let vectors = Vectors::load();
    let key = vectors.key();
    for vector in vectors.0["requests"].as_array().unwrap() {
        let url: url::Url = vector["url"].as_str().unwrap().parse().unwrap();
        let headers: Vec<(&str, &str)> = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| *name == "Content-Length")
            .map_or(0, |(_, value)| value.parse().unwrap());
        let request = crate::storage::SignableRequest {
            method: vector["method"].as_str().unwrap(),
            path: url.path(),
            query: url.query().unwrap_or_default(),
            headers: &headers,
            content_length: length,
        };
        let expected = vector["authorization"].as_str().unwrap();
        assert_eq!(key.authorization(&request), expected, "{vector}");
        let signature = expected.rsplit_once(':').unwrap().1;
        assert!(key.verify(&request, signature));
        let other = crate::storage::SignableRequest {
            method: "OPTIONS",
            ..request
        };
        assert!(!key.verify(&other, signature));
    }
}

#[test]
fn layouts_of_older_versions_differ_where_they_should() {
    let target = SasTarget {
        service: SasService::Blob,
        container: "c",
        path: "b",
        snapshot: "",
    };
    let text = |version: &str| {
        let query = format!("sv={version}&sr=b&sp=r&se=2030-01-01&ses=scope&sig=x");
        let (fields, _) = SasFields::parse(&query).unwrap().unwrap();
        fields.resource_string_to_sign("a", &target)
    };
    let base = "r\n\n2030-01-01\n/blob/a/c/b\n\n\n\n";
    assert_eq!(
        text("2018-03-28").unwrap(),
        format!("{base}2018-03-28\n\n\n\n\n")
    );
    assert_eq!(
        text("2018-11-09").unwrap(),
        format!("{base}2018-11-09\nb\n\n\n\n\n\n")
    );
    assert_eq!(
        text("2020-12-06").unwrap(),
        format!("{base}2020-12-06\nb\n\nscope\n\n\n\n\n")
    );
    assert!(
        text("2013-08-15")
            .unwrap_err()
            .to_string()
            .contains("2015-04-05")
    );
}

#[test]
fn what_cannot_be_checked_is_refused_by_name() {
    let error = SasFields::parse("sv=2026-10-06&sr=b&srh=x&sig=y").unwrap_err();
    assert!(error.to_string().contains("srh"), "{error}");
    let (fields, _) = SasFields::parse("sv=2026-10-06&sr=q&sig=y")
        .unwrap()
        .unwrap();
    let target = SasTarget {
        service: SasService::File,
        container: "c",
        path: "",
        snapshot: "",
    };
    assert!(fields.resource_string_to_sign("a", &target).is_err());
    assert!(SasFields::parse("comp=list&prefix=a").unwrap().is_none());
}

#[test]
fn a_signature_needs_permissions_and_an_expiry_or_a_policy() {
    let key = Vectors::load().key();
    let read = SasPermissions::READ;
    let expiry = datetime!(2030-01-02 3:04:05 UTC);
    assert!(
        SasBuilder::blob("c", "b")
            .expires(expiry)
            .sign(&key)
            .is_err()
    );
    assert!(
        SasBuilder::blob("c", "b")
            .permissions(read)
            .sign(&key)
            .is_err()
    );
    assert!(SasBuilder::blob("c", "b").policy("p").sign(&key).is_ok());
    let delegated = SasBuilder::account("b", "o")
        .permissions(read)
        .expires(expiry)
        .sign_delegated("a", &Vectors::load().delegation_key());
    assert!(delegated.is_err());
}
