//! Carries out one token request: who asks, for whom, for what, and what they get.
//! Pure over the directory: no HTTP beyond the form, so that every refusal is a unit test.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::error::TokenError;
use super::form::TokenForm;
use super::scope::Asked;
use crate::authority::{
    Application, Authority, IssueRequest, Principal, PrincipalKind, TokenVersion, tenant_matches,
};

/// Answers a token request made to `{origin}/{tenant}/oauth2[/v2.0]/token`.
pub(super) fn token(
    authority: &Authority,
    version: TokenVersion,
    origin: &str,
    tenant: &str,
    form: &TokenForm,
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
    let authenticated = authenticate_client(authority, &application, form, client_id)?;
    let client = Client {
        id: client_id,
        authenticated,
    };
    let principal = match grant {
        "client_credentials" => {
            if application == Application::Public || !authenticated {
                return Err(TokenError::no_client_authentication());
            }
            directory.service_principal()
        }
        "password" => password(authority, form)?,
        "refresh_token" => refresh(authority, form, client_id)?,
        other => return Err(TokenError::unsupported_grant(other)),
    };
    let asked = Asked::read(form, version, tenant)?;
    Ok(answer(
        authority, version, origin, form, &client, &principal, &asked,
    ))
}

struct Client<'a> {
    id: &'a str,
    authenticated: bool,
}

/// Whether the client proved who it is. A wrong proof is an error even where none was needed.
fn authenticate_client(
    authority: &Authority,
    application: &Application,
    form: &TokenForm,
    client_id: &str,
) -> Result<bool, TokenError> {
    if form.get("client_assertion").is_some() {
        return Err(TokenError::assertion_unsupported());
    }
    match form.client_secret() {
        Some(secret)
            if *application == Application::Confidential
                && authority.directory().is_client_secret(secret) =>
        {
            Ok(true)
        }
        Some(_) => Err(TokenError::wrong_secret(client_id)),
        None => Ok(false),
    }
}

fn password(authority: &Authority, form: &TokenForm) -> Result<Principal, TokenError> {
    let username = form.required("username")?;
    let password = form.required("password")?;
    let user = authority
        .directory()
        .user(username)
        .ok_or_else(|| TokenError::unknown_user(username))?;
    if authority.directory().is_password(password) {
        Ok(user)
    } else {
        Err(TokenError::wrong_password())
    }
}

fn refresh(
    authority: &Authority,
    form: &TokenForm,
    client_id: &str,
) -> Result<Principal, TokenError> {
    let (principal, owner) = authority
        .redeem_refresh(form.required("refresh_token")?)
        .map_err(|_| TokenError::refresh_token_unusable())?;
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
        client_authentication: if client.authenticated { "1" } else { "0" },
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
