//! Carries out one token request: who asks, for whom, for what, and what they get.
//! Pure over the directory: no HTTP beyond the form, so that every refusal is a unit test.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::certificates::{Registered, check_assertion};
use super::error::TokenError;
use super::form::TokenForm;
use super::rehearsal;
use super::scope::Asked;
use crate::authority::{
    Application, Authority, IssueRequest, Principal, PrincipalKind, Refusal, TokenVersion,
    tenant_matches,
};

/// The device code grant in both spellings.
const DEVICE_CODE: [&str; 2] = [
    "device_code",
    "urn:ietf:params:oauth:grant-type:device_code",
];
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the directory's store says about a request.
#[derive(Default)]
pub(super) struct Known {
    /// The certificates of the application.
    pub(super) certificates: Vec<Registered>,
    /// What came of the device code, and what had been asked for with it.
    pub(super) device: Option<Result<String, TokenError>>,
}

/// The device code of a request that redeems one.
pub(super) fn device_code(form: &TokenForm) -> Option<Result<&str, TokenError>> {
    if !DEVICE_CODE.contains(&form.get("grant_type")?) {
        return None;
    }
    // The first generation calls it `code`.
    let given = form.get("device_code").or_else(|| form.get("code"));
    Some(given.ok_or_else(|| TokenError::missing_parameter("device_code")))
}

/// Answers a token request made to `{origin}/{tenant}/oauth2[/v2.0]/token`.
pub(super) fn token(
    authority: &Authority,
    version: TokenVersion,
    origin: &str,
    tenant: &str,
    form: &TokenForm,
    known: Known,
) -> Result<Value, TokenError> {
    let directory = authority.directory();
    if !tenant_matches(directory, tenant) {
        return Err(TokenError::unknown_tenant(tenant));
    }
    let grant = form.required("grant_type")?;
    let client_id = form.client_id()?;
    let application = directory
        .application(client_id)
        .ok_or_else(|| TokenError::unknown_client(client_id, tenant))?;
    let proof = authenticate_client(authority, &application, form, client_id, origin, &known)?;
    let client = Client {
        id: client_id,
        proof,
    };
    let mut before = None;
    let principal = match grant {
        "client_credentials" => {
            if application == Application::Public || proof.is_none() {
                return Err(TokenError::no_client_authentication());
            }
            directory.service_principal()
        }
        "password" => password(authority, form)?,
        "refresh_token" => refresh(authority, form, client_id)?,
        grant if DEVICE_CODE.contains(&grant) => {
            let asked = known
                .device
                .unwrap_or_else(|| Err(TokenError::unknown_device_code()));
            before = Some(asked?);
            directory
                .user(&directory.username)
                .ok_or_else(TokenError::unknown_device_code)?
        }
        other => return Err(TokenError::unsupported_grant(other)),
    };
    let asked = Asked::read(form, version, tenant, before.as_deref())?;
    Ok(answer(
        authority, version, origin, form, &client, &principal, &asked,
    ))
}

struct Client<'a> {
    id: &'a str,
    proof: Option<ClientProof>,
}

/// How a client proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientProof {
    Secret,
    Assertion,
}

/// How the client proved who it is, if it did. A wrong proof is an error even where none was needed.
fn authenticate_client(
    authority: &Authority,
    application: &Application,
    form: &TokenForm,
    client_id: &str,
    origin: &str,
    known: &Known,
) -> Result<Option<ClientProof>, TokenError> {
    let directory = authority.directory();
    if let Some(assertion) = form.get("client_assertion") {
        let kind = form.required("client_assertion_type")?;
        if kind != ASSERTION_TYPE {
            return Err(TokenError::bad_assertion("Its type is not jwt-bearer."));
        }
        let tenants = [
            directory.tenant_id.as_str(),
            directory.username.rsplit('@').next().unwrap_or_default(),
            "common",
            "organizations",
        ];
        let audiences: Vec<String> = tenants
            .iter()
            .flat_map(|tenant| {
                ["oauth2/token", "oauth2/v2.0/token"]
                    .map(|endpoint| format!("{origin}/{tenant}/{endpoint}"))
            })
            .collect();
        check_assertion(
            assertion,
            client_id,
            &known.certificates,
            &audiences,
            authority.now(),
        )?;
        return Ok(Some(ClientProof::Assertion));
    }
    match form.client_secret() {
        Some(secret) if *application == Application::Confidential => {
            if directory.is_client_secret(secret) {
                Ok(Some(ClientProof::Secret))
            } else if secret == rehearsal::EXPIRED_SECRET {
                Err(TokenError::expired_secret(client_id))
            } else {
                Err(TokenError::wrong_secret(client_id))
            }
        }
        Some(_) => Err(TokenError::wrong_secret(client_id)),
        None => Ok(None),
    }
}

fn password(authority: &Authority, form: &TokenForm) -> Result<Principal, TokenError> {
    let username = form.required("username")?;
    let password = form.required("password")?;
    check_user(authority, username, password)
}

/// The user of this name, when the password is right and nothing else is in the way.
pub(super) fn check_user(
    authority: &Authority,
    username: &str,
    password: &str,
) -> Result<Principal, TokenError> {
    let directory = authority.directory();
    let domain = directory.username.rsplit('@').next().unwrap_or_default();
    let rehearsed = username
        .rsplit_once('@')
        .filter(|(_, of)| of.eq_ignore_ascii_case(domain))
        .and_then(|(name, _)| rehearsal::refusal(name));
    let user = directory.user(username);
    if user.is_none() && rehearsed.is_none() {
        return Err(TokenError::unknown_user(username));
    }
    if !directory.is_password(password) {
        return Err(TokenError::wrong_password());
    }
    match (user, rehearsed) {
        (Some(user), _) => Ok(user),
        (None, Some(refusal)) => Err(refusal),
        (None, None) => Err(TokenError::unknown_user(username)),
    }
}

fn refresh(
    authority: &Authority,
    form: &TokenForm,
    client_id: &str,
) -> Result<Principal, TokenError> {
    let (principal, owner) = authority
        .redeem_refresh(form.required("refresh_token")?)
        .map_err(|refusal| match refusal {
            Refusal::Expired { .. } => TokenError::refresh_token_expired(),
            _ => TokenError::refresh_token_unusable(),
        })?;
    if owner.eq_ignore_ascii_case(client_id) {
        Ok(principal)
    } else {
        Err(TokenError::refresh_token_unusable())
    }
}

fn answer(
    authority: &Authority,
    version: TokenVersion,
    origin: &str,
    form: &TokenForm,
    client: &Client<'_>,
    principal: &Principal,
    asked: &Asked,
) -> Value {
    let request = IssueRequest {
        principal,
        client_id: client.id,
        client_authentication: match client.proof {
            None => "0",
            Some(ClientProof::Secret) => "1",
            Some(ClientProof::Assertion) => "2",
        },
        resource: &asked.resource,
        origin,
        version,
    };
    let issued = authority.issue(&request);
    let mut body = Map::new();
    body.insert("token_type".into(), "Bearer".into());
    match version {
        // The first generation writes its numbers as strings.
        TokenVersion::V1 => {
            body.insert("expires_in".into(), issued.expires_in.to_string().into());
            body.insert(
                "ext_expires_in".into(),
                issued.expires_in.to_string().into(),
            );
            body.insert("expires_on".into(), issued.expires_on.to_string().into());
            body.insert("not_before".into(), issued.not_before.to_string().into());
            body.insert("resource".into(), asked.resource.clone().into());
        }
        TokenVersion::V2 => {
            body.insert("expires_in".into(), issued.expires_in.into());
            body.insert("ext_expires_in".into(), issued.expires_in.into());
        }
    }
    if let PrincipalKind::User { upn, name } = &principal.kind {
        body.insert("scope".into(), asked.scope.clone().into());
        if asked.refresh_token {
            body.insert(
                "refresh_token".into(),
                authority.issue_refresh(&request).into(),
            );
        }
        if asked.identity_token {
            let token = match version {
                TokenVersion::V1 => {
                    unsigned_identity(authority, &request, upn, name, issued.expires_on)
                }
                TokenVersion::V2 => authority.issue_identity(&request, issued.expires_on),
            };
            body.insert("id_token".into(), token.into());
        }
        if version == TokenVersion::V2 && form.get("client_info") == Some("1") {
            let info =
                json!({ "uid": principal.object_id, "utid": authority.directory().tenant_id });
            body.insert(
                "client_info".into(),
                URL_SAFE_NO_PAD.encode(info.to_string()).into(),
            );
        }
    }
    body.insert("access_token".into(), issued.token.into());
    Value::Object(body)
}

/// The first generation's identity token: readable, not signed.
fn unsigned_identity(
    authority: &Authority,
    request: &IssueRequest<'_>,
    upn: &str,
    name: &str,
    expires_on: i64,
) -> String {
    let tenant = &authority.directory().tenant_id;
    let header = json!({ "typ": "JWT", "alg": "none" });
    let payload = json!({
        "aud": request.client_id,
        "iss": format!("{}/{tenant}/", request.origin),
        "iat": authority.now().unix_timestamp(),
        "exp": expires_on,
        "tid": tenant,
        "oid": request.principal.object_id,
        "sub": request.principal.object_id,
        "upn": upn,
        "unique_name": upn,
        "name": name,
        "ver": "1.0",
    });
    format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload.to_string())
    )
}
