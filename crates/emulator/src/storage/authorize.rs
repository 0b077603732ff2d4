//! Who sent a storage request and whether they may do what it asks: account key, shared
//! access signature, directory token, or public access. A token of the directory may do
//! everything: roles are not part of the emulator.

use azml_auth::storage::{
    AccountKey, SasFields, SasKind, SasPermissions, SasService, SasTarget, SharedKey,
    SignableRequest,
};
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

use super::error::{Code, Result, StorageError};
use super::request::Call;
use super::time::parse_http_date;
use super::tree::{PublicAccess, StoredPolicy};
use crate::authority::{Authority, Plane};

/// How far `x-ms-date` may be from the emulator's clock.
const SKEW: Duration = Duration::minutes(15);

/// How long a user delegation key lasts at most.
const DELEGATION: Duration = Duration::days(7);

/// The user delegation key of an account for an identity and a time, Base64. Nothing is
/// kept of a key that was given out: its parts make it again.
pub(crate) fn delegation_key(account: &SharedKey, parts: &[&str; 6]) -> String {
    account
        .key()
        .sign(&format!("user delegation key\n{}", parts.join("\n")))
}

/// The three levels that an account SAS tells apart (`srt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Container,
    Object,
}

/// What a request wants to do, as far as authorisation looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) service: SasService,
    pub(crate) level: Level,
    /// Any one of these is enough.
    pub(crate) permissions: SasPermissions,
    /// Whether a SAS for a container or share also covers the operation on the container
    /// itself, as it does for listing.
    pub(crate) in_container: bool,
    /// What public access must be set for the request to need no credential.
    pub(crate) public: Option<PublicAccess>,
}

/// What a request may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Only what does not exist yet may be written.
    pub(crate) create_only: bool,
    /// Headers that a download gets in place of the stored ones, by name.
    pub(crate) overrides: Vec<(&'static str, String)>,
}

/// Stored policies and public access of the container, looked up when they matter.
pub(crate) trait ContainerAccess {
    fn policies(&self) -> Vec<StoredPolicy>;
    fn public(&self) -> PublicAccess;
}

/// Checks one request.
pub(crate) struct Gate<'a> {
    pub(crate) call: &'a Call,
    pub(crate) key: &'a SharedKey,
    pub(crate) authority: &'a Authority,
    pub(crate) now: OffsetDateTime,
    pub(crate) container: &'a dyn ContainerAccess,
}

impl Gate<'_> {
    /// Checks the credential of the request against what it wants.
    ///
    /// # Errors
    /// The service's code for what is missing.
    pub(crate) fn check(&self, wanted: &Wanted) -> Result<Grant> {
        let query = self.call.uri.query().unwrap_or_default();
        let sas = SasFields::parse(query).map_err(|error| failed(&error.to_string()))?;
        match (self.call.optional_header("authorization"), sas) {
            (Some(authorization), _) => self.check_header(authorization),
            (None, Some((fields, signature))) => self.check_sas(wanted, &fields, &signature),
            (None, None) => self.check_anonymous(wanted),
        }
    }

    fn check_anonymous(&self, wanted: &Wanted) -> Result<Grant> {
        let open = matches!(
            (wanted.public, self.container.public()),
            (
                Some(PublicAccess::Blob),
                PublicAccess::Blob | PublicAccess::Container
            ) | (Some(PublicAccess::Container), PublicAccess::Container)
        );
        if open {
            return Ok(Grant::default());
        }
        Err(failed(
            "The request has neither an Authorization header nor a signature.",
        ))
    }

    fn check_header(&self, authorization: &str) -> Result<Grant> {
        let (scheme, credential) = authorization.split_once(' ').unwrap_or_default();
        match scheme {
            "SharedKey" => self.check_shared_key(credential),
            scheme if scheme.eq_ignore_ascii_case("bearer") => self.check_token(credential.trim()),
            "SharedKeyLite" => Err(StorageError::not_implemented("The SharedKeyLite scheme")),
            _ => Err(Code::InvalidAuthenticationInfo.into()),
        }
    }

    fn check_token(&self, token: &str) -> Result<Grant> {
        match self.authority.verify(token, Plane::Storage) {
            Ok(_) => Ok(Grant::default()),
            Err(refusal) => {
                let challenge = self.authority.challenge(&self.call.origin(), &refusal);
                Err(StorageError::from(Code::InvalidAuthenticationInfo)
                    .with_detail(&refusal.to_string())
                    .with_header("www-authenticate", challenge))
            }
        }
    }

    fn check_shared_key(&self, credential: &str) -> Result<Grant> {
        let (account, signature) = credential
            .split_once(':')
            .ok_or(Code::InvalidAuthenticationInfo)?;
        if account != self.key.account() || account != self.call.target.account {
            return Err(failed(
                "The account of the Authorization header is another one.",
            ));
        }
        self.check_date()?;
        let headers: Vec<(&str, &str)> = self
            .call
            .headers
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?))
            })
            .collect();
        let request = SignableRequest {
            method: self.call.method.as_str(),
            path: self.call.uri.path(),
            query: self.call.uri.query().unwrap_or_default(),
            headers: &headers,
            content_length: self
                .call
                .header("content-length")
                .parse()
                .unwrap_or_default(),
        };
        if self.key.verify(&request, signature) {
            return Ok(Grant::default());
        }
        let text = request.string_to_sign(account, azml_auth::storage::HeaderOrder::Service);
        Err(failed(&format!(
            "The MAC signature found in the HTTP request '{signature}' is not the same as any \
             computed signature. Server used following string to sign: '{text}'."
        )))
    }

    fn check_date(&self) -> Result<()> {
        let date = ["x-ms-date", "date"]
            .iter()
            .find_map(|name| self.call.optional_header(name))
            .and_then(parse_http_date)
            .ok_or_else(|| failed("The request has no x-ms-date or Date header."))?;
        if (date.time() - self.now).abs() > SKEW {
            return Err(failed(&format!(
                "Request date header too old: '{}'.",
                date.http_date()
            )));
        }
        Ok(())
    }

    fn check_sas(&self, wanted: &Wanted, fields: &SasFields, signature: &str) -> Result<Grant> {
        let text = match fields.kind() {
            SasKind::Account => fields.account_string_to_sign(self.key.account()),
            SasKind::Service => self.resource_text(wanted, fields)?,
            SasKind::UserDelegation => self.resource_text(wanted, fields)?,
        };
        let good = match fields.kind() {
            SasKind::UserDelegation => self.delegated(fields)?.verify(&text, signature),
            _ => self.key.key().verify(&text, signature),
        };
        if !good {
            return Err(failed(&format!(
                "Signature did not match. String to sign used was {text}"
            )));
        }
        self.check_origin(fields)?;
        let permissions = match fields.kind() {
            SasKind::Account => {
                check_account_scope(wanted, fields)?;
                self.effective(fields, None)?
            }
            _ => {
                check_resource_scope(wanted, fields)?;
                self.effective(fields, self.policy(fields)?.as_ref())?
            }
        };
        if !permissions.intersects(wanted.permissions) {
            return Err(Code::AuthorizationPermissionMismatch.into());
        }
        Ok(Grant {
            create_only: wanted.permissions.contains(SasPermissions::CREATE)
                && !permissions.contains(SasPermissions::WRITE),
            overrides: overrides(fields),
        })
    }

    /// The key that a user delegation SAS is signed with, from what the SAS says of it.
    fn delegated(&self, fields: &SasFields) -> Result<AccountKey> {
        let time = |name: &str| {
            SasFields::parse_time(fields.get(name))
                .ok()
                .flatten()
                .ok_or_else(|| failed(&format!("{name} is not a time")))
        };
        let (start, expiry) = (time("skt")?, time("ske")?);
        if start > self.now || expiry <= self.now || expiry - start > DELEGATION {
            return Err(failed(
                "The user delegation key is not valid at this time: check skt, ske and the clock.",
            ));
        }
        let parts = ["skoid", "sktid", "skt", "ske", "sks", "skv"].map(|name| fields.get(name));
        AccountKey::from_base64(&delegation_key(self.key, &parts))
            .map_err(|error| failed(&error.to_string()))
    }

    fn resource_text(&self, wanted: &Wanted, fields: &SasFields) -> Result<String> {
        let snapshot = ["snapshot", "versionid", "sharesnapshot"]
            .iter()
            .find_map(|name| self.call.query.optional(name))
            .unwrap_or_default();
        let target = SasTarget {
            service: wanted.service,
            container: &self.call.target.container,
            path: &self.call.target.path,
            snapshot,
        };
        fields
            .resource_string_to_sign(self.key.account(), &target)
            .map_err(|error| failed(&error.to_string()))
    }

    fn check_origin(&self, fields: &SasFields) -> Result<()> {
        match fields.get("spr") {
            "" | "https,http" | "http,https" => {}
            "https" if self.call.is_secure() => {}
            "https" => return Err(Code::AuthorizationProtocolMismatch.into()),
            _ => return Err(failed("spr is not a protocol")),
        }
        let range = fields.get("sip");
        if !range.is_empty() && !self.call.peer.is_some_and(|peer| in_range(peer, range)) {
            return Err(Code::AuthorizationSourceIPMismatch.into());
        }
        Ok(())
    }

    fn policy(&self, fields: &SasFields) -> Result<Option<StoredPolicy>> {
        match fields.get("si") {
            "" => Ok(None),
            id => self
                .container
                .policies()
                .into_iter()
                .find(|policy| policy.id == id)
                .map(Some)
                .ok_or_else(|| failed("The stored access policy of the signature does not exist.")),
        }
    }

    /// Permissions after the validity is checked; a stored policy supplies what the
    /// signature leaves out.
    fn effective(
        &self,
        fields: &SasFields,
        policy: Option<&StoredPolicy>,
    ) -> Result<SasPermissions> {
        let of_policy = |text: fn(&StoredPolicy) -> &str| policy.map(text).unwrap_or_default();
        let pick = |name: &str, text: fn(&StoredPolicy) -> &str| match fields.get(name) {
            "" => of_policy(text).to_owned(),
            value => value.to_owned(),
        };
        let malformed = |error: azml_auth::storage::StorageAuthError| failed(&error.to_string());
        let time = |text: &str| SasFields::parse_time(text).map_err(malformed);
        let start = time(&pick("st", |policy| &policy.start))?;
        let expiry = time(&pick("se", |policy| &policy.expiry))?
            .ok_or_else(|| failed("The signature has no expiry."))?;
        if start.is_some_and(|start| start > self.now) || expiry <= self.now {
            return Err(failed(
                "Signature not valid in the specified time frame: check st, se and the clock.",
            ));
        }
        pick("sp", |policy| &policy.permissions)
            .parse()
            .map_err(malformed)
    }
}

fn check_account_scope(wanted: &Wanted, fields: &SasFields) -> Result<()> {
    let service = match wanted.service {
        SasService::Blob => 'b',
        SasService::File => 'f',
    };
    if !fields.get("ss").contains(service) {
        return Err(Code::AuthorizationServiceMismatch.into());
    }
    let level = match wanted.level {
        Level::Service => 's',
        Level::Container => 'c',
        Level::Object => 'o',
    };
    if !fields.get("srt").contains(level) {
        return Err(Code::AuthorizationResourceTypeMismatch.into());
    }
    Ok(())
}

/// A service SAS never reaches above its resource: the account, or the container itself
/// but for what lists it.
fn check_resource_scope(wanted: &Wanted, fields: &SasFields) -> Result<()> {
    let whole = matches!(fields.get("sr"), "c" | "s" | "d");
    match wanted.level {
        Level::Object => Ok(()),
        Level::Container if whole && wanted.in_container => Ok(()),
        _ => Err(Code::AuthorizationFailure.into()),
    }
}

fn overrides(fields: &SasFields) -> Vec<(&'static str, String)> {
    [
        ("rscc", "cache-control"),
        ("rscd", "content-disposition"),
        ("rsce", "content-encoding"),
        ("rscl", "content-language"),
        ("rsct", "content-type"),
    ]
    .iter()
    .filter(|(name, _)| !fields.get(name).is_empty())
    .map(|(name, header)| (*header, fields.get(name).to_owned()))
    .collect()
}

/// `a` or `a-b`; addresses of one kind compare by their numbers.
fn in_range(peer: IpAddr, range: &str) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) => {
            let peer = peer.to_canonical();
            let same_kind = |other: &IpAddr| other.is_ipv4() == peer.is_ipv4();
            same_kind(&first) && same_kind(&last) && (first..=last).contains(&peer)
        }
        _ => false,
    }
}

/// The general refusal, with what was wrong: the service says as much.
fn failed(detail: &str) -> StorageError {
    StorageError::from(Code::AuthenticationFailed).with_detail(detail)
}
