//! Who may use the catalog, and the credentials and secrets in it: what callers change without a script.
//!
//! Entries are kept and shown; the catalog surface itself refuses nobody because of them. Passwords are never told,
//! and kept as digests only.

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::tables::{CATALOG_ACLS, CREDENTIALS, SECRETS};
use crate::arm::accounts::Account;
use crate::arm::{ArmError, ArmRequest, Body};
use crate::identity::same_secret;
use crate::odata::{FieldType, ListOptions, next_link};
use crate::state::{self, Key, KeyRange, Read as _, State};

const ACE_TYPES: &[&str] = &["UserObj", "GroupObj", "Other", "User", "Group"];
const PERMISSIONS: &[&str] = &["None", "Use", "Create", "Drop", "Alter", "Write", "All"];

const CREDENTIAL_FIELDS: &[(&str, FieldType)] = &[
    ("computeAccountName", FieldType::Name),
    ("version", FieldType::Name),
    ("databaseName", FieldType::Name),
    ("credentialName", FieldType::Name),
];

/// The access control of the whole catalog is kept under a name that no database has.
const WHOLE_CATALOG: &str = "";

/// Part of the catalog that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Acl,
    Credentials,
    Credential(&'a str),
    Secrets,
    Secret(&'a str),
}

/// An entry of an access control list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ace {
    ace_type: String,
    principal_id: String,
    permission: String,
}

/// A credential or a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Guarded {
    name: String,
    version: String,
    uri: Option<String>,
    user: Option<String>,
    password: String,
    #[serde(with = "time::serde::rfc3339")]
    created: OffsetDateTime,
}

/// What one request works on.
struct Surface<'a> {
    state: &'a State,
    account: &'a Account,
    request: &'a ArmRequest,
    /// As the catalog spells it.
    database: &'a str,
}

/// The part that a path below the catalog names, and its database if it is in one.
pub(super) fn part<'a>(path: &[&'a str]) -> Option<(Option<&'a str>, Part<'a>)> {
    match *path {
        ["acl"] => Some((None, Part::Acl)),
        ["databases", database, "acl"] => Some((Some(database), Part::Acl)),
        ["databases", database, "credentials"] => Some((Some(database), Part::Credentials)),
        ["databases", database, "credentials", name] => {
            Some((Some(database), Part::Credential(name)))
        }
        ["databases", database, "secrets"] => Some((Some(database), Part::Secrets)),
        ["databases", database, "secrets", name] => Some((Some(database), Part::Secret(name))),
        _ => None,
    }
}

/// Answers a request for `part`; `database` is the catalog's spelling of the one that it is in.
pub(super) async fn handle(
    state: &State,
    account: &Account,
    request: &ArmRequest,
    database: Option<&str>,
    part: Part<'_>,
) -> Result<Response, ArmError> {
    let surface = Surface {
        state,
        account,
        request,
        database: database.unwrap_or(WHOLE_CATALOG),
    };
    match (&request.method, part) {
        (&Method::GET, Part::Acl) => surface.list_acl(),
        (&Method::POST, Part::Acl) => surface.change_acl().await,
        (&Method::GET, Part::Credentials) => surface.list_credentials(),
        (&Method::GET, Part::Credential(name)) => {
            let found = surface.get(CREDENTIALS, name, "CredentialNotFound")?;
            Ok(Json(surface.show_credential(&found)).into_response())
        }
        (&Method::PUT, Part::Credential(name)) => surface.create_credential(name).await,
        (&Method::PATCH, Part::Credential(name)) => surface.update_credential(name).await,
        // Deleting takes a body, so it is a POST.
        (&Method::POST, Part::Credential(name)) => surface.delete_credential(name).await,
        (&Method::GET, Part::Secret(name)) => {
            let found = surface.get(SECRETS, name, "SecretNotFound")?;
            Ok(Json(surface.show_secret(&found)).into_response())
        }
        (&Method::PUT | &Method::PATCH, Part::Secret(name)) => surface.put_secret(name).await,
        (&Method::DELETE, Part::Secret(name)) => surface.delete_secret(name).await,
        (&Method::DELETE, Part::Secrets) => surface.delete_secrets().await,
        _ => Err(ArmError::method_not_allowed()),
    }
}

impl Surface<'_> {
    fn range(&self) -> KeyRange {
        KeyRange::prefix(self.key_of(&[]))
    }

    fn key_of(&self, rest: &[&str]) -> Key {
        let database = self.database.to_lowercase();
        let mut key = Key::of([self.account.id.as_str(), &database]);
        for part in rest {
            key.push(part.to_lowercase());
        }
        key
    }

    fn list_acl(&self) -> Result<Response, ArmError> {
        let entries: Vec<Ace> = self
            .state
            .store
            .read(|snapshot| snapshot.scan_json(CATALOG_ACLS, &self.range()))?;
        let count = entries.len();
        Ok(Json(json!({ "value": entries, "count": count })).into_response())
    }

    async fn change_acl(&self) -> Result<Response, ArmError> {
        let body = self.request.json()?;
        let ace_type = choice(&body, "aceType", ACE_TYPES)?;
        let principal = body.required_string("principalId")?;
        let principal = uuid::Uuid::try_parse(principal)
            .map_err(|_| ArmError::invalid_value("principalId", "a uuid is expected"))?
            .to_string();
        let key = self.key_of(&[&ace_type, &principal]);
        let operation = self.request.query.get("op").map_or("", String::as_str);
        if operation.eq_ignore_ascii_case("GRANTACE") {
            let entry = Ace {
                ace_type,
                principal_id: principal,
                permission: choice(&body, "permission", PERMISSIONS)?,
            };
            self.state
                .store
                .write(move |transaction| transaction.put_json(CATALOG_ACLS, key, &entry))
                .await?;
        } else if operation.eq_ignore_ascii_case("REVOKEACE") {
            let there = self
                .state
                .store
                .write(move |transaction| transaction.remove(CATALOG_ACLS, key))
                .await?;
            if !there {
                return Err(ArmError::not_found(
                    "AceNotFound",
                    format!("There is no entry of the type {ace_type} for '{principal}'."),
                ));
            }
        } else {
            return Err(ArmError::invalid_value(
                "op",
                "GRANTACE or REVOKEACE is expected",
            ));
        }
        Ok(StatusCode::OK.into_response())
    }

    fn get(&self, table: &str, name: &str, code: &'static str) -> Result<Guarded, ArmError> {
        let found: Option<Guarded> = self
            .state
            .store
            .read(|snapshot| snapshot.get_json(table, self.key_of(&[name])))?;
        found.ok_or_else(|| missing(code, name))
    }

    fn item(&self, found: &Guarded) -> Value {
        json!({
            "computeAccountName": self.account.name,
            "version": found.version,
            "databaseName": self.database,
        })
    }

    fn show_credential(&self, found: &Guarded) -> Value {
        let mut shown = self.item(found);
        shown["credentialName"] = found.name.as_str().into();
        shown
    }

    fn show_secret(&self, found: &Guarded) -> Value {
        let mut shown = self.item(found);
        shown["secretName"] = found.name.as_str().into();
        shown["uri"] = json!(found.uri);
        shown["password"] = Value::Null;
        shown["creationTime"] = found.created.format(&Rfc3339).unwrap_or_default().into();
        shown
    }

    fn list_credentials(&self) -> Result<Response, ArmError> {
        let found: Vec<Guarded> = self
            .state
            .store
            .read(|snapshot| snapshot.scan_json(CREDENTIALS, &self.range()))?;
        let options =
            ListOptions::read(&self.request.query, CREDENTIAL_FIELDS, "credentialName")
                .map_err(|error| ArmError::bad_request("InvalidODataQuery", error.to_string()))?;
        let page = options.apply(found.iter().map(|it| self.show_credential(it)));
        let mut body = json!({ "value": page.items, "count": page.count });
        if let Some(skip) = page.next_skip {
            let address = format!("{}{}", self.request.origin.base(), self.request.address);
            body["nextLink"] = next_link(&address, &self.request.query, skip).into();
        }
        Ok(Json(body).into_response())
    }

    fn guarded(&self, name: &str, body: &Body) -> Result<Guarded, ArmError> {
        Ok(Guarded {
            name: name.to_owned(),
            version: self.state.ids.uuid().to_string(),
            uri: body.string("uri")?.map(str::to_owned),
            user: body.string("userId")?.map(str::to_owned),
            password: digest(body.required_string("password")?),
            created: self.state.clock.now(),
        })
    }

    async fn create_credential(&self, name: &str) -> Result<Response, ArmError> {
        let body = self.request.json()?;
        for required in ["password", "uri", "userId"] {
            body.required_string(required)?;
        }
        let (key, made) = (self.key_of(&[name]), self.guarded(name, &body)?);
        self.state
            .store
            .write(move |transaction| {
                if transaction.contains(CREDENTIALS, &key)? {
                    return Err(ArmError::conflict(
                        "CredentialAlreadyExists",
                        format!("The credential '{}' already exists.", made.name),
                    ));
                }
                Ok(transaction.put_json(CREDENTIALS, &key, &made)?)
            })
            .await?;
        Ok(StatusCode::OK.into_response())
    }

    async fn update_credential(&self, name: &str) -> Result<Response, ArmError> {
        let body = self.request.json()?;
        let given = body.string("password")?.map(digest);
        let replaced = body.string("newPassword")?.map(digest);
        let (uri, user) = (
            body.string("uri")?.map(str::to_owned),
            body.string("userId")?.map(str::to_owned),
        );
        let version = self.state.ids.uuid().to_string();
        self.change_credential(name, given, move |credential| {
            if let Some(password) = replaced {
                credential.password = password;
            }
            credential.uri = uri.or_else(|| credential.uri.take());
            credential.user = user.or_else(|| credential.user.take());
            credential.version = version;
            true
        })
        .await
    }

    async fn delete_credential(&self, name: &str) -> Result<Response, ArmError> {
        if let Some(cascade) = self.request.query.get("cascade")
            && !["true", "false"]
                .iter()
                .any(|it| it.eq_ignore_ascii_case(cascade))
        {
            return Err(ArmError::invalid_value(
                "cascade",
                "true or false is expected",
            ));
        }
        let body = self.request.optional_json()?;
        let given = body.string("password")?.map(digest);
        self.change_credential(name, given, |_| false).await
    }

    /// Changes a credential, or removes it where `change` gives false, once the password that was given is right.
    async fn change_credential(
        &self,
        name: &str,
        given: Option<String>,
        change: impl FnOnce(&mut Guarded) -> bool + Send + 'static,
    ) -> Result<Response, ArmError> {
        let (key, name) = (self.key_of(&[name]), name.to_owned());
        self.state
            .store
            .write(move |transaction| {
                let mut credential: Guarded = transaction
                    .get_json(CREDENTIALS, &key)?
                    .ok_or_else(|| missing("CredentialNotFound", &name))?;
                if given.is_some_and(|given| !same_secret(&given, &credential.password)) {
                    return Err(ArmError::new(
                        StatusCode::FORBIDDEN,
                        "CredentialPasswordMismatch",
                        format!("The password of the credential '{name}' is another one."),
                    ));
                }
                if change(&mut credential) {
                    transaction.put_json(CREDENTIALS, &key, &credential)?;
                } else {
                    transaction.remove(CREDENTIALS, &key)?;
                }
                Ok(())
            })
            .await?;
        Ok(StatusCode::OK.into_response())
    }

    async fn put_secret(&self, name: &str) -> Result<Response, ArmError> {
        let body = self.request.json()?;
        let (key, made) = (self.key_of(&[name]), self.guarded(name, &body)?);
        self.state
            .store
            .write(move |transaction| transaction.put_json(SECRETS, key, &made))
            .await?;
        Ok(StatusCode::OK.into_response())
    }

    async fn delete_secret(&self, name: &str) -> Result<Response, ArmError> {
        let key = self.key_of(&[name]);
        let there = self
            .state
            .store
            .write(move |transaction| transaction.remove(SECRETS, key))
            .await?;
        if !there {
            return Err(missing("SecretNotFound", name));
        }
        Ok(StatusCode::OK.into_response())
    }

    async fn delete_secrets(&self) -> Result<Response, ArmError> {
        let range = self.range();
        self.state
            .store
            .write(move |transaction| {
                for (key, _) in transaction.scan(SECRETS, &range, usize::MAX)? {
                    transaction.remove(SECRETS, key)?;
                }
                Ok::<_, state::Error>(())
            })
            .await?;
        Ok(StatusCode::OK.into_response())
    }
}

fn missing(code: &'static str, name: &str) -> ArmError {
    ArmError::not_found(
        code,
        format!("The catalog object '{name}' could not be found."),
    )
}

fn digest(password: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(password.as_bytes()))
}

fn choice(body: &Body, name: &str, known: &[&'static str]) -> Result<String, ArmError> {
    body.choice(name, known)?
        .map(str::to_owned)
        .ok_or_else(|| ArmError::missing_parameter(name))
}
