//! `azml studio ...`: finds the workspace, then hands over to the command.

mod datasets;
mod experiments;
mod frame;
pub(super) mod graph;
mod source;
mod tokens;
mod upload;
mod workspace;

use azml::studio_classic::{CodeLanguage, User, Workspace};

use crate::args::studio::{Language, StudioArgs, StudioCommand, TargetArgs, WorkspaceCommand};
use crate::failure::{Failure, Result};
use crate::output::{Format, note};
use crate::settings::Settings;
use crate::{files, http, logging};

/// Runs a Studio command.
pub(super) async fn run(args: StudioArgs, settings: &Settings, format: &Format) -> Result<()> {
    let workspace = connect(&args.target, settings)?;
    match args.command {
        StudioCommand::Datasets(command) => datasets::run(command, &workspace, format).await,
        StudioCommand::Experiments(command) => experiments::run(command, &workspace, format).await,
        StudioCommand::Tokens(command) => tokens::run(command, &workspace, settings, format).await,
        StudioCommand::Users => workspace::users(&workspace, format).await,
        StudioCommand::Workspace(WorkspaceCommand::Show) => {
            workspace::show(&workspace, format).await
        }
    }
}

/// The workspace that flags, environment, profile or the service's own files name.
pub(super) fn connect(target: &TargetArgs, settings: &Settings) -> Result<Workspace> {
    let mut builder = Workspace::builder()
        .environment(settings.environment().clone())
        .client_options(http::client_options(settings)?);
    if let Some(id) = &target.workspace {
        builder = builder.id(id);
    }
    if let Some(endpoint) = &target.endpoint {
        builder = builder.endpoint(endpoint);
    }
    let token = match (&target.token_file, target.token_stdin) {
        (Some(file), _) => Some(files::read_secret(file)?),
        (None, true) => Some(files::read_secret_stdin()?),
        (None, false) => None,
    };
    if let Some(token) = token {
        logging::hide(&token);
        builder = builder.token(token);
    }
    let workspace = builder.build().map_err(missing)?;
    logging::hide(workspace.authorization_token().expose());
    Ok(workspace)
}

/// What the command line advises when nothing is configured.
fn missing(error: azml::studio_classic::Error) -> Failure {
    let hint = match &error {
        azml::studio_classic::Error::MissingConfig { .. } => {
            "start the emulator (azml emulator start), or give --workspace and --token-file, \
             set AZML_STUDIO_WORKSPACE and AZML_STUDIO_TOKEN, or add a profile"
        }
        _ => return error.into(),
    };
    Failure::from(error).hint(hint)
}

/// Prints code that holds the token, to owners only when somebody is named.
async fn print_code(
    workspace: &Workspace,
    user: Option<&str>,
    code: impl FnOnce() -> azml::studio_classic::Result<String>,
) -> Result<()> {
    if let Some(user) = user {
        require_owner(workspace, user).await?;
    }
    let code = code()?;
    note("warning: the code holds the workspace token, which gives full access to the workspace");
    crate::output::data(|out| out.write_all(code.as_bytes()))
}

/// Refuses people who may not see the workspace token.
async fn require_owner(workspace: &Workspace, email: &str) -> Result<()> {
    let users: Vec<User> = workspace.users().await?;
    let user = users
        .iter()
        .find(|user| user.user.email.eq_ignore_ascii_case(email))
        .ok_or_else(|| {
            Failure::new(format!("`{email}` is not in the workspace"))
                .hint("list its people with `azml studio users`")
        })?;
    Ok(user.require_owner()?)
}

impl From<Language> for CodeLanguage {
    fn from(language: Language) -> Self {
        match language {
            Language::Python => Self::Python,
            Language::Rust => Self::Rust,
        }
    }
}
