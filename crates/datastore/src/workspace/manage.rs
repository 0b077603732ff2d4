//! Making and listing workspaces.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use azml_core::http::Repeat;
use azml_core::{ErrorKind, endpoint};
use azure_core::credentials::TokenCredential;
use azure_core::http::{Method, Request, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::services::WORKSPACE_VERSION;
use super::{Workspace, WorkspaceDetails, WorkspaceOptions, WorkspaceScope};
use crate::error::{Error, Result};

/// How long to wait between looks at a workspace that is being made, and for how long.
const INTERVAL: Duration = Duration::from_secs(5);
const MOST_LOOKS: usize = 240;

/// A workspace to make.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewWorkspace {
    /// The region.
    pub location: String,
    /// The name to show. Default: the workspace's name.
    pub friendly_name: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// `basic` or `enterprise`. Default: `basic`.
    pub sku: String,
    /// The resource id of its storage account. The emulator uses its own without one; the
    /// service wants one.
    pub storage_account: Option<String>,
    /// The resource id of its key vault, which the service wants.
    pub key_vault: Option<String>,
    /// The resource id of its Application Insights, which the service wants.
    pub application_insights: Option<String>,
    /// The resource id of its container registry.
    pub container_registry: Option<String>,
    /// Whether its data is of high business impact.
    pub high_business_impact: bool,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// Whether one that is there already is good as it is. Default: an error.
    pub exist_ok: bool,
}

impl NewWorkspace {
    /// A workspace in this region, with defaults.
    #[must_use]
    pub fn new(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            friendly_name: None,
            description: None,
            sku: "basic".to_owned(),
            storage_account: None,
            key_vault: None,
            application_insights: None,
            container_registry: None,
            high_business_impact: false,
            tags: BTreeMap::new(),
            exist_ok: false,
        }
    }

    fn document(&self, name: &str) -> Value {
        let mut properties = Map::new();
        let friendly = self.friendly_name.as_deref().unwrap_or(name);
        properties.insert("friendlyName".to_owned(), friendly.into());
        for (key, value) in [
            ("description", &self.description),
            ("storageAccount", &self.storage_account),
            ("keyVault", &self.key_vault),
            ("applicationInsights", &self.application_insights),
            ("containerRegistry", &self.container_registry),
        ] {
            if let Some(value) = value {
                properties.insert(key.to_owned(), value.as_str().into());
            }
        }
        properties.insert("hbiWorkspace".to_owned(), self.high_business_impact.into());
        let mut tags = self.tags.clone();
        tags.entry("createdByToolkit".to_owned())
            .or_insert_with(|| concat!("azml-", env!("CARGO_PKG_VERSION")).to_owned());
        json!({
            "location": self.location,
            "identity": { "type": "SystemAssigned" },
            "sku": { "name": self.sku, "tier": self.sku },
            "tags": tags,
            "properties": properties,
        })
    }
}

/// The service's rule for names of workspaces.
fn check_name(name: &str) -> Result<()> {
    let mut characters = name.chars();
    let good = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric())
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        && (3..=33).contains(&name.chars().count());
    if good {
        return Ok(());
    }
    Err(Error::usage(format!(
        "'{}' cannot be the name of a workspace: 3 to 33 letters, digits, '_' and '-', the first \
         a letter or digit",
        name.escape_debug()
    )))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<WorkspaceDetails>,
    #[serde(default)]
    next_link: Option<String>,
}

impl Workspace {
    /// Makes the workspace with its system datastores, and waits until it can be used.
    ///
    /// # Errors
    /// [`Error::Usage`] for a name that no workspace has; a conflict when it is there
    /// already, unless that is good; a refusal by the service.
    pub async fn create(&self, new: NewWorkspace) -> Result<WorkspaceDetails> {
        let scope = self.scope();
        check_name(&scope.name)?;
        match self.details().await {
            Ok(details) if new.exist_ok => return Ok(details),
            Ok(_) => {
                let text = format!("the workspace '{}' is there already", scope.name);
                return Err(azml_core::Error::new(ErrorKind::Conflict, text).into());
            }
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error),
        }
        let services = &self.0.services;
        let url = services.arm_url(scope, &[], WORKSPACE_VERSION)?;
        let mut request = Request::new(url, Method::Put);
        request.insert_header("content-type", "application/json");
        request.set_body(new.document(&scope.name).to_string());
        services.client().send(request, Repeat::ByMethod).await?;
        for _ in 0..MOST_LOOKS {
            let details = self.details().await?;
            match details.properties.provisioning_state.as_deref() {
                None | Some("Succeeded") => return Ok(details),
                Some(state @ ("Failed" | "Canceled")) => {
                    let text = format!("making the workspace '{}' ended as {state}", scope.name);
                    return Err(azml_core::Error::new(ErrorKind::Service, text).into());
                }
                Some(_) => self.0.clock.sleep(INTERVAL).await,
            }
        }
        let text = format!("the workspace '{}' is still being made", scope.name);
        Err(azml_core::Error::new(ErrorKind::Timeout, text).into())
    }

    /// The workspaces of a subscription, or of one resource group in it, by name. Names
    /// repeat across groups.
    ///
    /// # Errors
    /// The caller may not see them; options that cannot be used.
    pub async fn list(
        subscription: &str,
        resource_group: Option<&str>,
        credential: Arc<dyn TokenCredential>,
        options: Option<WorkspaceOptions>,
    ) -> Result<BTreeMap<String, Vec<WorkspaceDetails>>> {
        let scope = WorkspaceScope::new(subscription, resource_group.unwrap_or("-"), "-");
        let client = Self::new(scope, credential, options)?;
        let services = &client.0.services;
        let mut segments = vec!["subscriptions", subscription];
        if let Some(group) = resource_group {
            segments.extend(["resourceGroups", group]);
        }
        segments.extend([
            "providers",
            "Microsoft.MachineLearningServices",
            "workspaces",
        ]);
        let mut url = endpoint::join(services.arm(), &segments)?;
        url.query_pairs_mut()
            .append_pair("api-version", WORKSPACE_VERSION);
        let mut found: BTreeMap<String, Vec<WorkspaceDetails>> = BTreeMap::new();
        let mut next = Some(url);
        while let Some(url) = next.take() {
            let request = Request::new(url, Method::Get);
            let page: Page = services
                .client()
                .send_json(request, Repeat::ByMethod)
                .await?;
            for details in page.value {
                found.entry(details.name.clone()).or_default().push(details);
            }
            next = page
                .next_link
                .filter(|link| !link.is_empty())
                .map(|link| self::next(&link, |url| services.is_arm(url)))
                .transpose()?;
        }
        Ok(found)
    }

    /// The workspace of a `config.json`, found as [`WorkspaceScope::from_config`] does,
    /// with the credential of the environment.
    ///
    /// # Errors
    /// [`Error::Config`]; no credential in the environment.
    pub fn from_config(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let environment = azml_core::env::Environment::process();
        let credential = azml_auth::directory::from_environment(&environment)?;
        let options = WorkspaceOptions {
            environment,
            ..WorkspaceOptions::default()
        };
        Self::new(
            WorkspaceScope::from_config(path)?,
            credential,
            Some(options),
        )
    }

    /// Writes a `config.json`, as [`WorkspaceScope::write_config`] does.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_config(&self, path: impl AsRef<std::path::Path>) -> Result<std::path::PathBuf> {
        self.scope().write_config(path)
    }
}

/// The next page, which must be where the token may go.
fn next(link: &str, is_arm: impl Fn(&Url) -> bool) -> Result<Url> {
    match Url::parse(link) {
        Ok(url) if is_arm(&url) => Ok(url),
        _ => Err(azml_core::Error::new(
            ErrorKind::InvalidData,
            "the next page of the list is at another service",
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage WC-04.
    #[test]
    fn names_are_checked_before_anything_is_sent() {
        for name in ["abc", "a-b_c1", "9lives", &"a".repeat(33)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "ab", "-ab", "a b c", "a/b/c", &"a".repeat(34)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    /// storage WC-05: what the original client sends.
    #[test]
    fn new_workspaces_are_written_as_the_service_wants_them() {
        let mut new = NewWorkspace::new("eastus2");
        new.key_vault = Some("/vault".to_owned());
        let document = new.document("ws");
        assert_eq!(document["location"], "eastus2");
        assert_eq!(document["sku"]["name"], "basic");
        assert_eq!(document["identity"]["type"], "SystemAssigned");
        assert_eq!(document["properties"]["friendlyName"], "ws");
        assert_eq!(document["properties"]["keyVault"], "/vault");
        assert!(document["properties"].get("storageAccount").is_none());
        assert!(document["tags"]["createdByToolkit"].is_string());
    }
}
