//! What a token request asks for: one resource, and which extra tokens.
//! Translates between the `resource` of the first and the `scope` of the second endpoint generation.

use super::error::TokenError;
use super::form::TokenForm;
use crate::authority::{TokenVersion, is_known_resource};

/// Asked for when a user signs in without naming a resource.
const DEFAULT_RESOURCE: &str = "https://graph.microsoft.com";

/// The resource and extras of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) resource: String,
    /// Granted scopes as the second generation echoes them.
    pub(super) scope: String,
    pub(super) identity_token: bool,
    pub(super) refresh_token: bool,
}

impl Asked {
    /// Reads the request of this endpoint generation. `before` is what was asked for with a device code.
    pub(super) fn read(
        form: &TokenForm,
        version: TokenVersion,
        tenant: &str,
        before: Option<&str>,
    ) -> Result<Self, TokenError> {
        let text = |name: &str| match (form.get(name), before) {
            (Some(text), _) | (None, Some(text)) => Ok(text),
            (None, None) => Err(TokenError::missing_parameter(name)),
        };
        let asked = match version {
            TokenVersion::V1 => Self {
                resource: text("resource")?.to_owned(),
                scope: "user_impersonation".to_owned(),
                identity_token: true,
                refresh_token: true,
            },
            TokenVersion::V2 => Self::from_scope(text("scope")?)?,
        };
        if is_known_resource(&asked.resource) {
            Ok(asked)
        } else {
            Err(TokenError::unknown_resource(&asked.resource, tenant))
        }
    }

    fn from_scope(scope: &str) -> Result<Self, TokenError> {
        let mut resource: Option<&str> = None;
        let mut asked = Self {
            resource: String::new(),
            scope: String::new(),
            identity_token: false,
            refresh_token: false,
        };
        for item in scope.split_ascii_whitespace() {
            match item {
                "openid" => asked.identity_token = true,
                "offline_access" => asked.refresh_token = true,
                "profile" | "email" => {}
                _ => {
                    let (named, permission) = item
                        .rsplit_once('/')
                        .ok_or_else(|| TokenError::malformed_scope(scope))?;
                    if named.is_empty() || permission.is_empty() {
                        return Err(TokenError::malformed_scope(scope));
                    }
                    if resource.is_some_and(|known| known != named) {
                        return Err(TokenError::mixed_resources(scope));
                    }
                    resource = Some(named);
                }
            }
        }
        let resource = resource.unwrap_or(DEFAULT_RESOURCE);
        resource.clone_into(&mut asked.resource);
        asked.scope = format!("{resource}/user_impersonation {resource}/.default");
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_keeps_the_slash_of_its_resource() {
        let asked = Asked::from_scope("https://datalake.azure.net//.default").unwrap();
        assert_eq!(asked.resource, "https://datalake.azure.net/");
        let asked = Asked::from_scope(
            "https://management.azure.com/.default openid profile offline_access",
        )
        .unwrap();
        assert_eq!(asked.resource, "https://management.azure.com");
        assert!(asked.identity_token && asked.refresh_token);
    }

    #[test]
    fn two_resources_or_none_are_refused() {
        let two = Asked::from_scope(
            "https://storage.azure.com/.default https://management.azure.com/.default",
        );
        assert_eq!(two.unwrap_err().code(), Some(28_000));
        assert_eq!(
            Asked::from_scope("nonsense").unwrap_err().code(),
            Some(70_011)
        );
    }
}
