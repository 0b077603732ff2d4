//! Issues and verifies tokens: the claims, their lives, and what a verified token says of its caller.
//! Knows no routes; refusals are data that each plane words for its own clients.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use azml_core::clock::Clock;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::audience::Plane;
use super::directory::{Directory, Principal, PrincipalKind};
use super::key::{KeyError, PublishedKey, SigningKey};
use crate::StartError;
use crate::config::Config;
use crate::identity::Identities;
use crate::state::{self, Secrets};

/// Clock differences that verification forgives, in seconds.
const LEEWAY: i64 = 300;
/// How long a refresh token can be used: 90 days.
const REFRESH_LIFETIME: i64 = 90 * 24 * 3600;
/// Audience of refresh tokens; no plane accepts it.
const REFRESH_AUDIENCE: &str = "urn:azml:refresh-token";

/// Which generation of token endpoint is answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenVersion {
    /// `/oauth2/token`: resources.
    V1,
    /// `/oauth2/v2.0/token`: scopes.
    V2,
}

/// Claims of the tokens issued here, access and refresh alike.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    tid: String,
    oid: String,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appidacr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azpacr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idtyp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    ver: String,
}

/// What to put into a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IssueRequest<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) client_id: &'a str,
    /// `0` public client, `1` secret, `2` certificate.
    pub(crate) client_authentication: &'a str,
    /// Resource as asked, with its trailing slash if it had one.
    pub(crate) resource: &'a str,
    /// Scheme, host and port the request came to.
    pub(crate) origin: &'a str,
    pub(crate) version: TokenVersion,
}

/// A signed access token and its life.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) not_before: i64,
    pub(crate) expires_on: i64,
    pub(crate) expires_in: i64,
}

/// Who a verified token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) object_id: String,
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) upn: Option<String>,
    pub(crate) groups: Vec<String>,
}

impl Caller {
    /// The name services record for the caller: the user's, or the application's with `@SPI`.
    pub(crate) fn submitter(&self) -> String {
        match &self.upn {
            Some(upn) => upn.clone(),
            None => format!("{}@SPI", self.client_id),
        }
    }
}

/// Why a request's token was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the request has no bearer token")]
    Missing,
    #[error("the bearer token is malformed or was not signed by this directory")]
    Invalid,
    #[error("the access token expiry time is '{expired}', the current time is '{now}'")]
    Expired { expired: String, now: String },
    #[error("the access token is not valid yet")]
    NotYetValid,
    #[error(
        "the access token was obtained for audience '{audience}', which this service does not accept"
    )]
    Audience { audience: String },
    #[error("the access token is from tenant '{tenant}', which this directory does not know")]
    Tenant { tenant: String },
}

/// Signs and verifies the tokens of one directory.
#[derive(Debug)]
pub(crate) struct Authority {
    key: SigningKey,
    options: Directory,
    clock: Arc<dyn Clock>,
}

impl Authority {
    pub(crate) fn new(key: SigningKey, options: Directory, clock: Arc<dyn Clock>) -> Self {
        Self {
            key,
            options,
            clock,
        }
    }

    /// The authority of an emulator, with the key of its data directory.
    pub(crate) fn load(
        config: &Config,
        identities: &Identities,
        secrets: &Secrets,
    ) -> Result<Self, StartError> {
        let refuse = |error: &KeyError| StartError::Service {
            service: "directory",
            reason: error.to_string(),
        };
        let pem = secrets.get_or_create("token-signing-key", || {
            // Only the random source can fail here.
            let key = SigningKey::generate().map_err(|_| state::Error::Random)?;
            Ok(key.pem().to_owned())
        })?;
        let key = SigningKey::from_pem(pem).map_err(|error| refuse(&error))?;
        Ok(Self::new(
            key,
            Directory::load(config, identities)?,
            Arc::clone(&config.clock),
        ))
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.options
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    pub(crate) fn published_key(&self) -> PublishedKey {
        self.key.published()
    }

    /// Signs an access token with the directory's usual lifetime.
    pub(crate) fn issue(&self, request: &IssueRequest<'_>) -> Issued {
        let seconds = i64::try_from(self.options.token_lifetime.as_secs()).unwrap_or(i64::MAX / 2);
        self.issue_for(request, seconds)
    }

    /// Signs an access token that lives for `seconds`.
    pub(crate) fn issue_for(&self, request: &IssueRequest<'_>, seconds: i64) -> Issued {
        let now = self.now().unix_timestamp();
        let mut claims = self.claims(request, now, now.saturating_add(seconds));
        request.resource.clone_into(&mut claims.aud);
        if matches!(request.principal.kind, PrincipalKind::User { .. }) {
            claims.scp = Some("user_impersonation".to_owned());
        }
        Issued {
            token: self.sign(&claims),
            not_before: claims.nbf,
            expires_on: claims.exp,
            expires_in: seconds,
        }
    }

    /// Signs a refresh token for the same identity. It is opaque to clients and survives a restart.
    pub(crate) fn issue_refresh(&self, request: &IssueRequest<'_>) -> String {
        let now = self.now().unix_timestamp();
        let mut claims = self.claims(request, now, now.saturating_add(REFRESH_LIFETIME));
        REFRESH_AUDIENCE.clone_into(&mut claims.aud);
        self.sign(&claims)
    }

    /// Signs an identity token for the client (2.0 endpoints).
    pub(crate) fn issue_identity(&self, request: &IssueRequest<'_>, expires_on: i64) -> String {
        let now = self.now().unix_timestamp();
        let mut claims = self.claims(request, now, expires_on);
        request.client_id.clone_into(&mut claims.aud);
        self.sign(&claims)
    }

    /// Checks a refresh token; gives the identity and the client id it belongs to.
    pub(crate) fn redeem_refresh(&self, token: &str) -> Result<(Principal, String), Refusal> {
        let claims = self.verified_claims(token)?;
        if claims.aud != REFRESH_AUDIENCE {
            return Err(Refusal::Invalid);
        }
        let client_id = claims.azp.or(claims.appid).ok_or(Refusal::Invalid)?;
        let kind = match claims.upn {
            Some(upn) => PrincipalKind::User {
                name: claims.name.unwrap_or_else(|| upn.clone()),
                upn,
            },
            None => PrincipalKind::Application,
        };
        let principal = Principal {
            object_id: claims.oid,
            kind,
        };
        Ok((principal, client_id))
    }

    /// Finds out who sent a request to `plane`.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        plane: Plane,
    ) -> Result<Caller, Refusal> {
        if !self.options.check_tokens {
            return Ok(self.development_caller());
        }
        self.verify(bearer(headers).ok_or(Refusal::Missing)?, plane)
    }

    /// Verifies an access token for `plane`.
    pub(crate) fn verify(&self, token: &str, plane: Plane) -> Result<Caller, Refusal> {
        let claims = self.verified_claims(token)?;
        if !plane.accepts(&claims.aud, self.options.strict_audience) {
            return Err(Refusal::Audience {
                audience: claims.aud,
            });
        }
        if claims.tid != self.options.tenant_id && !self.options.any_tenant {
            return Err(Refusal::Tenant { tenant: claims.tid });
        }
        Ok(Caller {
            object_id: claims.oid,
            tenant_id: claims.tid,
            client_id: claims.azp.or(claims.appid).unwrap_or_default(),
            upn: claims.upn,
            groups: claims.groups,
        })
    }

    /// `WWW-Authenticate` of a refusal.
    pub(crate) fn challenge(&self, origin: &str, refusal: &Refusal) -> String {
        let error = match refusal {
            Refusal::Missing => "invalid_request",
            _ => "invalid_token",
        };
        format!(
            "Bearer authorization_uri=\"{origin}/{tenant}\", error=\"{error}\", error_description=\"{refusal}\"",
            tenant = self.options.tenant_id,
        )
    }

    fn development_caller(&self) -> Caller {
        let user = self.options.user(&self.options.username);
        Caller {
            object_id: user.map(|user| user.object_id).unwrap_or_default(),
            tenant_id: self.options.tenant_id.clone(),
            client_id: self.options.client_id.clone(),
            upn: Some(self.options.username.clone()),
            groups: Vec::new(),
        }
    }

    fn claims(&self, request: &IssueRequest<'_>, now: i64, expires_on: i64) -> Claims {
        let tenant = &self.options.tenant_id;
        let mut claims = Claims {
            iat: now,
            nbf: now.saturating_sub(300),
            exp: expires_on,
            tid: tenant.clone(),
            oid: request.principal.object_id.clone(),
            sub: request.principal.object_id.clone(),
            ..Claims::default()
        };
        let client_id = Some(request.client_id.to_owned());
        let client_authentication = Some(request.client_authentication.to_owned());
        match request.version {
            TokenVersion::V1 => {
                claims.iss = format!("{}/{tenant}/", request.origin);
                claims.appid = client_id;
                claims.appidacr = client_authentication;
                "1.0".clone_into(&mut claims.ver);
            }
            TokenVersion::V2 => {
                claims.iss = format!("{}/{tenant}/v2.0", request.origin);
                claims.azp = client_id;
                claims.azpacr = client_authentication;
                "2.0".clone_into(&mut claims.ver);
            }
        }
        match &request.principal.kind {
            PrincipalKind::Application => claims.idtyp = Some("app".to_owned()),
            PrincipalKind::User { upn, name } => {
                claims.upn = Some(upn.clone());
                claims.unique_name = Some(upn.clone());
                claims.preferred_username = Some(upn.clone());
                claims.name = Some(name.clone());
            }
        }
        claims
    }

    fn sign(&self, claims: &Claims) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key.id.clone());
        header.x5t = Some(self.key.id.clone());
        jsonwebtoken::encode(&header, claims, &self.key.encoding)
            .expect("claims are plain JSON and the key was checked when it was read")
    }

    fn verified_claims(&self, token: &str) -> Result<Claims, Refusal> {
        let mut validation = Validation::new(Algorithm::RS256);
        // Times and audiences are checked below: with the emulator's clock, and per plane.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key.decoding, &validation)
            .map_err(|_| Refusal::Invalid)?
            .claims;
        let now = self.now();
        let seconds = now.unix_timestamp();
        if seconds.saturating_sub(LEEWAY) > claims.exp {
            return Err(Refusal::Expired {
                expired: display_time(claims.exp),
                now: display_time(seconds),
            });
        }
        if seconds.saturating_add(LEEWAY) < claims.nbf {
            return Err(Refusal::NotYetValid);
        }
        Ok(claims)
    }
}

fn display_time(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| {
            time.format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_else(|| seconds.to_string())
}

/// The bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
