//! The documents that tell clients where the directory's endpoints are and which keys sign.
//! Static answers over the request's own origin.

use serde_json::{Value, json};

use super::error::TokenError;
use crate::authority::Authority;

/// `/.well-known/openid-configuration` of a tenant, for either generation of endpoints.
pub(super) fn openid_configuration(
    authority: &Authority,
    origin: &str,
    tenant: &str,
    v2: bool,
) -> Value {
    let id = &authority.directory().tenant_id;
    let (oauth, issuer, keys) = if v2 {
        (
            "oauth2/v2.0",
            format!("{origin}/{id}/v2.0"),
            "discovery/v2.0/keys",
        )
    } else {
        ("oauth2", format!("{origin}/{id}/"), "discovery/keys")
    };
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{origin}/{tenant}/{oauth}/authorize"),
        "token_endpoint": format!("{origin}/{tenant}/{oauth}/token"),
        "device_authorization_endpoint": format!("{origin}/{tenant}/{oauth}/devicecode"),
        "jwks_uri": format!("{origin}/{tenant}/{keys}"),
        "end_session_endpoint": format!("{origin}/{tenant}/{oauth}/logout"),
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "NA",
        "cloud_instance_name": "microsoftonline.com",
    })
}

/// `/common/discovery/instance`: whether an authority host is one of ours.
pub(super) fn instance(
    origin: &str,
    host: &str,
    authorization_endpoint: &str,
    api_version: &str,
) -> Result<Value, TokenError> {
    let endpoint = url::Url::parse(authorization_endpoint)
        .map_err(|_| TokenError::unknown_instance(authorization_endpoint))?;
    let asked = match (endpoint.host_str(), endpoint.port()) {
        (Some(name), Some(port)) => format!("{name}:{port}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => return Err(TokenError::unknown_instance(authorization_endpoint)),
    };
    // msal asks without the port of the authority that it was given.
    let without_port = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !asked.eq_ignore_ascii_case(host) && !asked.eq_ignore_ascii_case(without_port) {
        return Err(TokenError::unknown_instance(authorization_endpoint));
    }
    let tenant = endpoint
        .path()
        .split('/')
        .nth(1)
        .filter(|part| !part.is_empty())
        .unwrap_or("common");
    Ok(json!({
        "tenant_discovery_endpoint": format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": api_version,
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host, without_port] }],
    }))
}

/// `/common/userrealm/{user}`: every account here is managed by the directory itself.
pub(super) fn user_realm(user: &str) -> Value {
    json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": user.rsplit('@').next().unwrap_or_default(),
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    })
}

/// The published keys.
pub(super) fn keys(authority: &Authority) -> Value {
    json!({ "keys": [authority.published_key()] })
}
