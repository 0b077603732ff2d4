//! The entry point: which workspace, with which token, at which address.
//!
//! Settings are looked up here and nowhere else. Nothing in this module makes a request before it
//! is asked for something that only the service knows.

use std::path::PathBuf;
use std::sync::Arc;

use azml_auth::{Secret, WorkspaceToken};
use azml_core::clock::{Clock, SystemClock};
use azml_core::env::{self, Environment};
use azml_core::{endpoint, transport};
use azure_core::http::{ClientOptions, Url};

use crate::client::Client;
use crate::error::{AUTHORIZATION_TOKEN, WORKSPACE_ID};
use crate::models::{User, WorkspaceInfo};
use crate::settings::Settings;
use crate::{Datasets, Error, Experiments, Filter, Region, Result};

/// Where the Studio API is if nobody says otherwise.
const DEFAULT_ENDPOINT: &str = "https://studio.azureml.net";
/// Where the management API is if nobody says otherwise.
const DEFAULT_MANAGEMENT_ENDPOINT: &str = "https://management.azureml.net";

/// A workspace of Studio (classic): its datasets, its experiments and the people in it.
///
/// Cheap to clone. Making one sends no request.
///
/// ```no_run
/// # async fn example() -> azml_studio_classic::Result<()> {
/// use azml_studio_classic::Workspace;
///
/// let workspace = Workspace::new("4c29e1adeba2e5a7cbeb0e4f4adfb4df", "f4f3ade2c6aefdb1afb043cd8bcf3daf")?;
/// for dataset in workspace.datasets().list().await? {
///     println!("{dataset}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Workspace {
    client: Client,
}

impl Workspace {
    /// A workspace by its id and its token; the rest is looked up as [`WorkspaceBuilder`] says.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty id or token, and what [`WorkspaceBuilder::build`] says.
    pub fn new(
        workspace_id: impl Into<String>,
        authorization_token: impl Into<Secret>,
    ) -> Result<Self> {
        Self::builder()
            .id(workspace_id)
            .token(authorization_token)
            .build()
    }

    /// The workspace that environment and settings files name.
    ///
    /// # Errors
    /// [`Error::MissingConfig`] if they name none, and what [`WorkspaceBuilder::build`] says.
    pub fn from_config() -> Result<Self> {
        Self::builder().build()
    }

    /// Options beyond id and token.
    pub fn builder() -> WorkspaceBuilder {
        WorkspaceBuilder::default()
    }

    #[cfg(test)]
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Id of the workspace.
    pub fn workspace_id(&self) -> &str {
        self.client.workspace_id()
    }

    /// The token that requests carry.
    pub fn authorization_token(&self) -> &Secret {
        self.client.credential().token()
    }

    /// Address of the Studio API, with a slash at its end.
    pub fn api_endpoint(&self) -> &Url {
        self.client.endpoint()
    }

    /// Address of the management API, with a slash at its end.
    pub fn management_endpoint(&self) -> &Url {
        self.client.management_endpoint()
    }

    /// All datasets: the workspace's own, then the examples.
    pub fn datasets(&self) -> Datasets {
        Datasets::new(self.client.clone(), Filter::All)
    }

    /// The workspace's own datasets.
    pub fn user_datasets(&self) -> Datasets {
        Datasets::new(self.client.clone(), Filter::User)
    }

    /// The examples that every workspace has.
    pub fn example_datasets(&self) -> Datasets {
        Datasets::new(self.client.clone(), Filter::Example)
    }

    /// All experiments: the workspace's own, then the examples.
    pub fn experiments(&self) -> Experiments {
        Experiments::new(self.client.clone(), Filter::All)
    }

    /// The workspace's own experiments.
    pub fn user_experiments(&self) -> Experiments {
        Experiments::new(self.client.clone(), Filter::User)
    }

    /// The examples that every workspace has.
    pub fn example_experiments(&self) -> Experiments {
        Experiments::new(self.client.clone(), Filter::Example)
    }

    /// Metadata of the workspace, both of its tokens included.
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses.
    pub async fn info(&self) -> Result<WorkspaceInfo> {
        let url = self.client.url(&[])?;
        self.client.get("read the workspace", url).await
    }

    /// The people in the workspace and their roles.
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses.
    pub async fn users(&self) -> Result<Vec<User>> {
        let url = self.client.url(&["users"])?;
        self.client
            .get("list the users of the workspace", url)
            .await
    }
}

/// Options of a [`Workspace`].
///
/// What is not given here is looked up: in the environment (`AZML_STUDIO_WORKSPACE`,
/// `AZML_STUDIO_TOKEN`, `AZML_STUDIO_ENDPOINT`), then in `~/.azureml/settings.json`, then, if there
/// is no such file, in `~/.azureml/settings.ini`, the files that the original Python client uses.
///
/// ```
/// use azml_studio_classic::{Region, Workspace};
///
/// let workspace = Workspace::builder()
///     .id("4c29e1adeba2e5a7cbeb0e4f4adfb4df")
///     .token("f4f3ade2c6aefdb1afb043cd8bcf3daf")
///     .region(Region::WestEurope)
///     .build()?;
/// assert_eq!(workspace.workspace_id(), "4c29e1adeba2e5a7cbeb0e4f4adfb4df");
/// # Ok::<(), azml_studio_classic::Error>(())
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct WorkspaceBuilder {
    id: Option<String>,
    token: Option<Secret>,
    endpoint: Option<String>,
    management_endpoint: Option<String>,
    region: Option<Region>,
    insecure: bool,
    options: ClientOptions,
    clock: Option<Arc<dyn Clock>>,
    environment: Environment,
    home: Option<PathBuf>,
}

impl WorkspaceBuilder {
    /// Id of the workspace.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Primary or secondary token of the workspace.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Address of the Studio API, such as `https://studioapi.azureml.net`. A path is kept, but for
    /// a last segment `api`, which other clients write and which is taken off.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Address of the management API.
    pub fn management_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.management_endpoint = Some(endpoint.into());
        self
    }

    /// Region of the workspace, for the addresses that are not given.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Allows plain http to another machine than this one. The token is then readable by anybody
    /// on the way. Plain http to this machine is always allowed.
    pub fn allow_insecure_http(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Options of the HTTP pipeline: retries, policies, transport, as for the `azure_*` clients.
    pub fn client_options(mut self, options: ClientOptions) -> Self {
        self.options = options;
        self
    }

    /// Clock that waiting uses; the machine's by default.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Environment to look settings up in; the process's by default.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Home directory to look for settings files in; the user's by default.
    pub fn home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// Looks up what is missing and makes the workspace. Sends no request.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty id or token or an unusable address,
    /// [`Error::MissingConfig`] for an id or token that is nowhere, [`Error::Settings`] for a
    /// settings file that cannot be used.
    pub fn build(self) -> Result<Workspace> {
        let settings = match self.home.or_else(std::env::home_dir) {
            Some(home) => Settings::read(&home)?,
            None => Settings::default(),
        };
        let environment = &self.environment;
        let id = self
            .id
            .or_else(|| environment.get(env::STUDIO_WORKSPACE))
            .or(settings.id)
            .ok_or(Error::MissingConfig { item: WORKSPACE_ID })?;
        let token = self
            .token
            .or_else(|| environment.get(env::STUDIO_TOKEN).map(Secret::from))
            .or(settings.authorization_token.map(Secret::from))
            .ok_or(Error::MissingConfig {
                item: AUTHORIZATION_TOKEN,
            })?;
        let endpoint = self
            .endpoint
            .or_else(|| self.region.map(Region::endpoint))
            .or_else(|| environment.get(env::STUDIO_ENDPOINT))
            .or(settings.api_endpoint)
            .unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        let management_endpoint = self
            .management_endpoint
            .or_else(|| self.region.map(Region::management_endpoint))
            .or(settings.management_endpoint)
            .unwrap_or_else(|| DEFAULT_MANAGEMENT_ENDPOINT.to_owned());

        if id.is_empty() {
            return Err(Error::argument("workspace_id", "is empty"));
        }
        let credential = WorkspaceToken::new(id, token)
            .map_err(|error| Error::argument("authorization_token", error.message()))?;
        let endpoint = parse_endpoint("endpoint", &endpoint)?;
        if endpoint.scheme() == "http" && !endpoint::is_loopback(&endpoint) && !self.insecure {
            return Err(Error::argument(
                "endpoint",
                format!(
                    "`{endpoint}` would send the token over the network in the clear; use https"
                ),
            ));
        }
        let management_endpoint = parse_endpoint("management_endpoint", &management_endpoint)?;
        let options = transport::with_default_transport(self.options, environment)?;
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        Ok(Workspace {
            client: Client::new(credential, endpoint, management_endpoint, options, clock),
        })
    }
}

/// Reads an address. The original client loses the last segment of a path that has no slash at its
/// end; here it is kept (D-01), but for `api`, which the R and PowerShell clients write.
fn parse_endpoint(name: &'static str, text: &str) -> Result<Url> {
    let mut url = endpoint::parse(text)
        .map_err(|error| Error::argument(name, format!("`{text}`: {}", error.message())))?;
    if let Some(prefix) = url.path().strip_suffix("/api/") {
        let prefix = format!("{prefix}/");
        url.set_path(&prefix);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    fn bare() -> WorkspaceBuilder {
        Workspace::builder()
            .environment(Environment::from_pairs::<&str, &str>([]))
            .home("/nonexistent")
    }

    fn home_with(file: &str, content: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join(".azureml");
        std::fs::create_dir(&directory).expect("created");
        std::fs::write(directory.join(file), content).expect("written");
        home
    }

    #[test]
    fn explicit_arguments_make_no_request() {
        // studio S-001, S-007
        let workspace = bare().id(ID).token("t").build().expect("complete");
        assert_eq!(workspace.workspace_id(), ID);
        assert_eq!(workspace.authorization_token().expose(), "t");
        assert_eq!(
            workspace.api_endpoint().as_str(),
            "https://studio.azureml.net/"
        );
        assert_eq!(
            workspace.management_endpoint().as_str(),
            "https://management.azureml.net/"
        );
    }

    #[test]
    fn arguments_win_over_environment_over_files() {
        // studio S-004, D-03
        let home = home_with(
            "settings.json",
            r#"{"workspace": {"id": "file", "authorization_token": "file",
                "api_endpoint": ["http://127.0.0.1:1/api"], "management_endpoint": "http://127.0.0.1:2"}}"#,
        );
        let environment =
            Environment::from_pairs([(env::STUDIO_WORKSPACE, "env"), (env::STUDIO_TOKEN, "")]);
        let builder = || bare().home(home.path()).environment(environment.clone());
        let workspace = builder().build().expect("complete");
        assert_eq!(workspace.workspace_id(), "env");
        assert_eq!(workspace.authorization_token().expose(), "file");
        assert_eq!(workspace.api_endpoint().as_str(), "http://127.0.0.1:1/");
        assert_eq!(
            workspace.management_endpoint().as_str(),
            "http://127.0.0.1:2/"
        );
        let workspace = builder()
            .id("argument")
            .token("argument")
            .endpoint("https://h/x")
            .region(Region::JapanEast)
            .build()
            .expect("complete");
        assert_eq!(workspace.workspace_id(), "argument");
        assert_eq!(workspace.authorization_token().expose(), "argument");
        assert_eq!(workspace.api_endpoint().as_str(), "https://h/x/");
        assert_eq!(
            workspace.management_endpoint().as_str(),
            "https://japaneast.management.azureml.net/"
        );
    }

    #[test]
    fn settings_ini_is_enough() {
        // studio S-002
        let home = home_with("settings.ini", "[workspace]\nid=i\nauthorization_token=t\n");
        let workspace = bare().home(home.path()).build().expect("complete");
        assert_eq!(workspace.workspace_id(), "i");
    }

    #[test]
    fn empty_values_are_refused_by_name() {
        // studio S-005
        for (builder, expected) in [
            (bare().id("").token("t"), "workspace_id"),
            (bare().id(ID).token(""), "authorization_token"),
            (bare().id(ID).token("a\nb"), "authorization_token"),
            (bare().id(ID).token("t").endpoint(""), "endpoint"),
            (
                bare().id(ID).token("t").endpoint("http://example.com"),
                "endpoint",
            ),
            (
                bare().id(ID).token("t").management_endpoint("x"),
                "management_endpoint",
            ),
        ] {
            match builder.build() {
                Err(Error::InvalidArgument { name, .. }) => assert_eq!(name, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
        let insecure = bare().id(ID).token("t").endpoint("http://example.com");
        assert!(insecure.allow_insecure_http().build().is_ok());
    }

    #[test]
    fn missing_settings_are_named() {
        // studio S-006
        let error = bare().build().expect_err("no id");
        assert_eq!(error.to_string(), "no workspace id is configured");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("AZML_STUDIO_WORKSPACE"))
        );
        let error = bare().id(ID).build().expect_err("no token");
        assert_eq!(error.to_string(), "no authorization token is configured");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("AZML_STUDIO_TOKEN"))
        );
    }

    #[test]
    fn endpoints_keep_their_path() {
        // studio S-008, D-01
        for (endpoint, list) in [
            ("http://localhost:1", "http://localhost:1/api/workspaces/w"),
            ("http://localhost:1/", "http://localhost:1/api/workspaces/w"),
            (
                "http://localhost:1/api",
                "http://localhost:1/api/workspaces/w",
            ),
            (
                "http://localhost:1/api/",
                "http://localhost:1/api/workspaces/w",
            ),
            (
                "http://localhost:1/x",
                "http://localhost:1/x/api/workspaces/w",
            ),
            (
                "http://localhost:1/x/",
                "http://localhost:1/x/api/workspaces/w",
            ),
            (
                "http://localhost:1/x/api/",
                "http://localhost:1/x/api/workspaces/w",
            ),
        ] {
            let workspace = bare()
                .id("w")
                .token("t")
                .endpoint(endpoint)
                .build()
                .expect("valid");
            assert_eq!(
                workspace.client.url(&[]).expect("valid").as_str(),
                list,
                "{endpoint}"
            );
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let builder = bare().id(ID).token("hunter2");
        assert!(!format!("{builder:?}").contains("hunter2"));
        let workspace = builder.build().expect("complete");
        assert!(!format!("{workspace:?}").contains("hunter2"));
    }
}
