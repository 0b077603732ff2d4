//! `azml login`, `azml logout` and `azml account show`.

use azml_auth::Secret;
use azml_auth::directory::{CredentialOptions, DeviceCodeCredential, UsernamePasswordCredential};
use azml_core::env;
use azure_core::credentials::TokenCredential;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::args::login::{LoginArgs, LogoutArgs};
use crate::failure::{Failure, Result};
use crate::files::{read_secret, read_secret_stdin};
use crate::output::{Format, Record, note};
use crate::session::{ANY_TENANT, Origin, Session, Sessions, credential};
use crate::settings::Settings;

/// What a session begins with; its refresh token serves every other resource.
const SCOPE: &str = "https://management.azure.com/.default";

/// Runs `azml login`.
pub(super) async fn login(args: LoginArgs, settings: &Settings, format: &Format) -> Result<()> {
    let options = CredentialOptions::from_env(settings.environment())?;
    let authority = options.authority_host.to_string();
    let tenant = args
        .tenant
        .or_else(|| settings.get(env::TENANT_ID))
        .unwrap_or_else(|| ANY_TENANT.to_owned());
    let client_id = args.client_id;
    let (token, refresh_token) = match args.username {
        Some(username) => {
            let password = match &args.password_file {
                Some(file) => read_secret(file)?,
                None => read_secret_stdin()?,
            };
            crate::logging::hide(&password);
            let credential = UsernamePasswordCredential::new(
                &tenant,
                client_id.clone(),
                username,
                Secret::new(password),
                options,
            )?;
            let token = ask(credential.as_ref()).await?;
            (token, credential.refresh_token().await)
        }
        None => {
            let show = |prompt: &azml_auth::directory::DeviceCodePrompt| {
                note(if prompt.message.is_empty() {
                    format!(
                        "open {} and enter the code {}",
                        prompt.verification_uri, prompt.user_code
                    )
                } else {
                    prompt.message.clone()
                });
            };
            let credential = DeviceCodeCredential::new(&tenant, client_id.clone(), show, options)?;
            let token = ask(credential.as_ref()).await?;
            (token, credential.refresh_token().await)
        }
    };
    let refresh_token = refresh_token.ok_or_else(|| {
        Failure::new("the directory gave no refresh token, so nobody can stay signed in")
            .hint("let the application ask for offline_access")
    })?;
    crate::logging::hide(refresh_token.expose());
    let mut session = Session::new(tenant, client_id, &refresh_token);
    session.keep(SCOPE, &token);
    let mut sessions = Sessions::load()?;
    sessions.set(&authority, session);
    sessions.save()?;
    show(settings, token.token.secret(), Origin::Session, format)
}

async fn ask(credential: &dyn TokenCredential) -> Result<azure_core::credentials::AccessToken> {
    let token = credential
        .get_token(&[SCOPE], None)
        .await
        .map_err(azml_core::Error::from)?;
    crate::logging::hide(token.token.secret());
    Ok(token)
}

/// Runs `azml logout`.
pub(super) fn logout(args: &LogoutArgs, settings: &Settings) -> Result<()> {
    let authority = CredentialOptions::from_env(settings.environment())?
        .authority_host
        .to_string();
    let mut sessions = Sessions::load()?;
    let removed = if args.all {
        sessions.clear()
    } else {
        usize::from(sessions.remove(&authority))
    };
    if removed == 0 {
        note("nobody was signed in");
        return Ok(());
    }
    sessions.save()?;
    note("signed out");
    Ok(())
}

/// Runs `azml account show`.
pub(super) async fn account(settings: &Settings, format: &Format) -> Result<()> {
    let (credential, origin) = credential(settings)?;
    let token = ask(credential.as_ref()).await?;
    show(settings, token.token.secret(), origin, format)
}

/// What the token says of its bearer; the signature, and with it the token, stays out.
fn show(settings: &Settings, token: &str, origin: Origin, format: &Format) -> Result<()> {
    let claims = claims(token);
    let text = |names: &[&str]| -> Value {
        names
            .iter()
            .find_map(|name| claims.get(*name).filter(|value| value.is_string()))
            .cloned()
            .unwrap_or_default()
    };
    let expires = claims
        .get("exp")
        .and_then(Value::as_i64)
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok());
    let authority = CredentialOptions::from_env(settings.environment())?.authority_host;
    let mut record = Record::default();
    record
        .field("user", text(&["upn", "preferred_username", "unique_name"]))
        .field("application", text(&["appid", "azp"]))
        .field("object_id", text(&["oid"]))
        .field("tenant", text(&["tid"]))
        .field("subscription", settings.get(env::SUBSCRIPTION_ID))
        .field("directory", authority.to_string())
        .field("expires", expires)
        .field(
            "found_in",
            match origin {
                Origin::Environment => "environment",
                Origin::Session => "login",
                Origin::Profile => "profile",
            },
        );
    record.print(format)
}

/// The claims of a token that says them; an opaque one says nothing.
fn claims(token: &str) -> Value {
    token
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_tokens_say_nothing() {
        for token in ["", "opaque", "a.b.c", "a..c"] {
            assert_eq!(claims(token), Value::Null, "{token}");
        }
        let payload = URL_SAFE_NO_PAD.encode(r#"{"oid":"x"}"#);
        assert_eq!(claims(&format!("h.{payload}.s"))["oid"], "x");
    }
}
