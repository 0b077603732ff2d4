//! The token of a Studio (classic) workspace and the policy that sends it.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::{Error, ErrorKind, Result, endpoint};
use azure_core::http::{
    Context, Request, Url,
    headers::HeaderValue,
    policies::{Policy, PolicyResult},
};

use crate::Secret;

/// The header that carries the token, verbatim.
const TOKEN_HEADER: &str = "x-ms-metaanalytics-authorizationtoken";

/// The id of a Studio (classic) workspace with its authorization token: full access to the workspace.
#[derive(Clone, Debug)]
pub struct WorkspaceToken {
    workspace_id: String,
    token: Secret,
}

impl WorkspaceToken {
    /// Takes id and token as they are; the service alone knows their format.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an empty id or token, or a token that no header can carry.
    pub fn new(workspace_id: impl Into<String>, token: impl Into<Secret>) -> Result<Self> {
        let (workspace_id, token) = (workspace_id.into(), token.into());
        let refuse = |what: &str| Err(Error::new(ErrorKind::InvalidArgument, what));
        if workspace_id.is_empty() {
            return refuse("the workspace id is empty");
        }
        if token.is_empty() {
            return refuse("the authorization token is empty");
        }
        if !token
            .expose()
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return refuse("the authorization token holds characters that no header can carry");
        }
        Ok(Self {
            workspace_id,
            token,
        })
    }

    /// The id of the workspace.
    #[must_use]
    pub fn workspace_id(&self) -> &str {
        &self.workspace_id
    }

    /// The token, for writing it into a data access snippet.
    #[must_use]
    pub fn token(&self) -> &Secret {
        &self.token
    }
}

/// Puts the workspace token on requests to one origin; a request to any other origin goes out without it.
#[derive(Clone, Debug)]
pub struct WorkspaceTokenPolicy {
    credential: WorkspaceToken,
    origin: Url,
}

impl WorkspaceTokenPolicy {
    /// A policy for requests to the scheme, host and port of `origin`.
    #[must_use]
    pub fn new(credential: WorkspaceToken, origin: Url) -> Self {
        Self { credential, origin }
    }
}

#[async_trait]
impl Policy for WorkspaceTokenPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        if endpoint::same_origin(request.url(), &self.origin) {
            let value = HeaderValue::from(self.credential.token.expose().to_owned());
            request.insert_header(TOKEN_HEADER, value);
        }
        let (first, rest) = next
            .split_first()
            .expect("the transport policy is always last");
        first.send(ctx, request, rest).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_part_may_be_empty() {
        for (id, token) in [("", "t"), ("w", ""), ("w", "a\nb")] {
            let error = WorkspaceToken::new(id, token).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        let credential = WorkspaceToken::new("w", "a+b/c==").unwrap();
        assert_eq!(
            (credential.workspace_id(), credential.token().expose()),
            ("w", "a+b/c==")
        );
    }
}
