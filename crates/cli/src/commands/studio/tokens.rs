//! `azml studio tokens ...`.
//!
//! Regeneration happened on a web page and has no known protocol: what is called here is
//! the emulator's own administration endpoint, which a holder of either token may use.

use std::sync::Arc;

use azml::studio_classic::Workspace;
use azml_auth::{WorkspaceToken, WorkspaceTokenPolicy};
use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azml_core::{ErrorKind, endpoint, env};
use azure_core::http::{Method, Request};

use super::require_owner;
use crate::args::studio::TokensCommand;
use crate::args::studio::tokens::{RegenerateArgs, ShowArgs, Which};
use crate::failure::{Failure, Result};
use crate::output::{Format, Record, data, note};
use crate::profile::Config;
use crate::settings::{Settings, Source};
use crate::{http, logging};

/// Runs a token command.
pub(super) async fn run(
    command: TokensCommand,
    workspace: &Workspace,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    match command {
        TokensCommand::Show(args) => show(workspace, &args, format).await,
        TokensCommand::Regenerate(args) => regenerate(workspace, &args, settings, format).await,
    }
}

async fn show(workspace: &Workspace, args: &ShowArgs, format: &Format) -> Result<()> {
    if let Some(user) = &args.user {
        require_owner(workspace, user).await?;
    }
    let tokens = workspace.info().await?.authorization_token;
    let (name, token) = match args.which {
        Some(Which::Primary) => ("primary", tokens.primary().expose()),
        Some(Which::Secondary) => ("secondary", tokens.secondary().expose()),
        None => {
            let mut record = Record::default();
            record
                .field("primary", tokens.primary().expose())
                .field("secondary", tokens.secondary().expose());
            return record.print(format);
        }
    };
    one(name, token, format)
}

/// Prints one token: bare for people and scripts, named where a format names things.
fn one(name: &str, token: &str, format: &Format) -> Result<()> {
    match format {
        Format::Table => data(|out| writeln!(out, "{token}")),
        format => {
            let mut record = Record::default();
            record.field(name, token);
            record.print(format)
        }
    }
}

async fn regenerate(
    workspace: &Workspace,
    args: &RegenerateArgs,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let (name, variable) = match args.which {
        Which::Primary => ("primary", env::STUDIO_TOKEN),
        Which::Secondary => ("secondary", env::STUDIO_SECONDARY_TOKEN),
    };
    let token = ask(workspace, name, settings).await?;
    logging::hide(&token);
    remember(workspace, variable, &token, settings)?;
    one(name, &token, format)
}

async fn ask(workspace: &Workspace, which: &str, settings: &Settings) -> Result<String> {
    let base = workspace.api_endpoint();
    let id = workspace.workspace_id();
    let credential = WorkspaceToken::new(id, workspace.authorization_token().clone())?;
    let client = HttpClient::new(HttpClientParts {
        crate_name: env!("CARGO_PKG_NAME"),
        crate_version: env!("CARGO_PKG_VERSION"),
        options: http::client_options(settings)?,
        per_call: Vec::new(),
        per_try: vec![Arc::new(WorkspaceTokenPolicy::new(
            credential,
            base.clone(),
        ))],
        map_error: ErrorResponse::to_error,
    });
    let path = [
        "_emulator",
        "studio",
        "workspaces",
        id,
        "tokens",
        which,
        "regenerate",
    ];
    let request = Request::new(endpoint::join(base, &path)?, Method::Post);
    let answer = client.send(request, Repeat::Never).await.map_err(|error| {
        let absent = error.kind() == ErrorKind::NotFound;
        let failure = Failure::from(error.while_doing(format!("regenerate the {which} token")));
        if absent {
            failure.hint("only the emulator offers this; the service had it on its web page")
        } else {
            failure
        }
    })?;
    let body: bytes::Bytes = answer.into_body().into();
    Ok(String::from_utf8_lossy(&body).trim().to_owned())
}

/// Brings the profile up to date when it was what named this workspace.
fn remember(workspace: &Workspace, variable: &str, token: &str, settings: &Settings) -> Result<()> {
    let named_here = settings.source(env::STUDIO_WORKSPACE) == Some(Source::Profile)
        && settings.get(env::STUDIO_WORKSPACE).as_deref() == Some(workspace.workspace_id());
    let Some(name) = settings.profile.as_ref().filter(|_| named_here) else {
        return Ok(());
    };
    let mut config = Config::load()?;
    let key = crate::profile::key(variable)?;
    let Some(kept) = config
        .profiles
        .get_mut(name)
        .and_then(|profile| profile.0.get_mut(&key))
    else {
        return Ok(());
    };
    token.clone_into(kept);
    config.save()?;
    note(format_args!("profile `{name}` has the new token"));
    Ok(())
}
