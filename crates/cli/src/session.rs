//! Who is signed in: what `azml login` keeps, and the credential made of it.
//!
//! One file, mode 0600, written whole or not at all, and refused when others can read it. Nothing here prints a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use azml_auth::Secret;
use azml_auth::directory::{CredentialOptions, RefreshTokenCredential, from_environment};
use azml_core::clock::Clock;
use azml_core::env;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error as AzureError, ErrorKind as AzureErrorKind};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::failure::{Failure, Result};
use crate::files;
use crate::settings::{Settings, Source};

/// Seconds that a kept token must be good for.
const LEFT: i64 = 300;

/// The tenant of a user who names none.
pub(crate) const ANY_TENANT: &str = "organizations";

/// Every session, by the address of its directory.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Sessions {
    #[serde(default)]
    sessions: BTreeMap<String, Session>,
}

/// A user who is signed in.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Session {
    pub(crate) tenant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    refresh_token: String,
    /// Tokens by scope.
    #[serde(default)]
    tokens: BTreeMap<String, Kept>,
}

/// A token that was received.
#[derive(Clone, Deserialize, Serialize)]
struct Kept {
    token: String,
    /// Seconds since 1970.
    expires_on: i64,
}

/// Tokens stay out.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(tenant: String, client_id: Option<String>, refresh_token: &Secret) -> Self {
        Self {
            tenant,
            client_id,
            refresh_token: refresh_token.expose().to_owned(),
            tokens: BTreeMap::new(),
        }
    }

    /// Keeps a token for `scope`.
    pub(crate) fn keep(&mut self, scope: &str, token: &AccessToken) {
        let kept = Kept {
            token: token.token.secret().to_owned(),
            expires_on: token.expires_on.unix_timestamp(),
        };
        self.tokens.insert(scope.to_owned(), kept);
    }

    fn kept(&self, scope: &str, now: OffsetDateTime) -> Option<AccessToken> {
        let kept = self.tokens.get(scope)?;
        let expires_on = OffsetDateTime::from_unix_timestamp(kept.expires_on).ok()?;
        (kept.expires_on - now.unix_timestamp() > LEFT)
            .then(|| AccessToken::new(kept.token.clone(), expires_on))
    }
}

impl Sessions {
    pub(crate) fn path() -> Result<PathBuf> {
        Ok(files::config_dir()?.join("sessions.json"))
    }

    /// Reads the user's file; none is an empty one.
    pub(crate) fn load() -> Result<Self> {
        Self::load_from(&Self::path()?)
    }

    fn load_from(path: &Path) -> Result<Self> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Failure::file("read", path, error)),
        };
        refuse_readable_by_others(path)?;
        let sessions: Self = serde_json::from_slice(&text).map_err(|error| {
            Failure::new(format!(
                "{} line {}: it is not what `azml login` wrote",
                path.display(),
                error.line()
            ))
            .hint("remove it and sign in again: azml login")
        })?;
        for session in sessions.sessions.values() {
            crate::logging::hide(&session.refresh_token);
            for kept in session.tokens.values() {
                crate::logging::hide(&kept.token);
            }
        }
        Ok(sessions)
    }

    pub(crate) fn save(&self) -> Result<()> {
        self.save_to(&Self::path()?)
    }

    fn save_to(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Failure::new(format!("write {}: {error}", path.display())))?;
        files::write_private(path, &text)
    }

    pub(crate) fn get(&self, authority: &str) -> Option<&Session> {
        self.sessions.get(authority)
    }

    pub(crate) fn set(&mut self, authority: &str, session: Session) {
        self.sessions.insert(authority.to_owned(), session);
    }

    /// Forgets the session of a directory; whether there was one.
    pub(crate) fn remove(&mut self, authority: &str) -> bool {
        self.sessions.remove(authority).is_some()
    }

    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.sessions).len()
    }
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|error| Failure::file("read", path, error))?;
    if metadata.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} can be read by others, and it holds tokens",
        path.display()
    ))
    .hint(format!(
        "run: chmod 600 {}, or remove it and sign in again: azml login",
        path.display()
    )))
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &Path) -> Result<()> {
    Ok(())
}

/// Where a credential comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The environment's `AZML_*` names.
    Environment,
    /// `azml login`.
    Session,
    /// The profile, or else what the machine and its tools have.
    Profile,
}

/// The credential of this call: of the environment, else of `azml login`, else of the profile, else the default chain.
pub(crate) fn credential(settings: &Settings) -> Result<(Arc<dyn TokenCredential>, Origin)> {
    let options = CredentialOptions::from_env(settings.environment())?;
    let given = |name: &str| settings.source(name) == Some(Source::Environment);
    let secrets = [env::CLIENT_SECRET, env::PASSWORD, env::TOKEN];
    if secrets.into_iter().any(given) {
        return Ok((
            from_environment(settings.environment())?,
            Origin::Environment,
        ));
    }
    let authority = options.authority_host.to_string();
    if let Some(session) = Sessions::load()?.get(&authority) {
        let credential = SessionCredential {
            inner: RefreshTokenCredential::new(
                &session.tenant,
                session.client_id.clone(),
                Secret::new(session.refresh_token.clone()),
                options.clone(),
            )?,
            clock: Arc::clone(&options.clock),
            session: futures::lock::Mutex::new(session.clone()),
            authority,
        };
        return Ok((Arc::new(credential), Origin::Session));
    }
    Ok((from_environment(settings.environment())?, Origin::Profile))
}

/// Gives kept tokens, and keeps those that it gets.
#[derive(Debug)]
struct SessionCredential {
    inner: Arc<RefreshTokenCredential>,
    authority: String,
    clock: Arc<dyn Clock>,
    session: futures::lock::Mutex<Session>,
}

#[async_trait]
impl TokenCredential for SessionCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let name = scopes.join(" ");
        let mut session = self.session.lock().await;
        if let Some(token) = session.kept(&name, self.clock.now()) {
            return Ok(token);
        }
        let token = self.inner.get_token(scopes, options).await?;
        crate::logging::hide(token.token.secret());
        session.keep(&name, &token);
        if let Some(refresh_token) = self.inner.refresh_token().await {
            crate::logging::hide(refresh_token.expose());
            refresh_token
                .expose()
                .clone_into(&mut session.refresh_token);
        }
        // Another call may have signed out, or in again, meanwhile: only this user's session is written.
        let saved = Sessions::load().and_then(|mut sessions| {
            if sessions.get(&self.authority).is_some() {
                sessions.set(&self.authority, session.clone());
                sessions.save()?;
            }
            Ok(())
        });
        saved.map_err(|failure| {
            AzureError::with_message(
                AzureErrorKind::Credential,
                failure.report().trim().to_owned(),
            )
        })?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str, expires_on: i64) -> AccessToken {
        let at = OffsetDateTime::from_unix_timestamp(expires_on).unwrap();
        AccessToken::new(text.to_owned(), at)
    }

    #[test]
    fn sessions_are_private_and_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/sessions.json");
        let mut sessions = Sessions::load_from(&path).unwrap();
        let mut session = Session::new("t".to_owned(), None, &Secret::new("hunter2"));
        session.keep("scope", &token("hunter3", 10_000));
        assert!(!format!("{session:?}").contains("hunter"));
        sessions.set("https://login/", session);
        sessions.save_to(&path).unwrap();

        let read = Sessions::load_from(&path).unwrap();
        let session = read.get("https://login/").unwrap();
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let kept = session.kept("scope", at(9_699)).unwrap();
        assert_eq!(kept.token.secret(), "hunter3");
        assert!(session.kept("scope", at(9_700)).is_none(), "renewed early");
        assert!(session.kept("other", at(0)).is_none());
        assert!(read.get("https://elsewhere/").is_none());

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let report = Sessions::load_from(&path).err().unwrap().report();
            assert!(
                report.contains("chmod 600") && !report.contains("hunter"),
                "{report}"
            );
        }
    }

    #[test]
    fn a_broken_file_is_named_without_its_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sessions.json");
        files::write_private(&path, b"{\"sessions\": {\"x\": hunter2}}").unwrap();
        let report = Sessions::load_from(&path).err().unwrap().report();
        assert!(
            report.contains("sessions.json") && !report.contains("hunter2"),
            "{report}"
        );
    }
}
