//! `azml token`.

use crate::failure::Result;
use crate::output::{Format, Record, data};
use crate::session::credential;
use crate::settings::Settings;

/// Prints a token for `scope`, and nothing else unless a format asks for more.
pub(in crate::commands) async fn run(
    scope: &str,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let (credential, _) = credential(settings)?;
    let token = credential
        .get_token(&[scope], None)
        .await
        .map_err(azml_core::Error::from)?;
    match format {
        Format::Table => data(|out| writeln!(out, "{}", token.token.secret())),
        format => {
            let mut record = Record::default();
            record
                .field("token", token.token.secret())
                .field(
                    "expires_on",
                    super::account::created(Some(token.expires_on)),
                )
                .field("scope", scope);
            record.print(format)
        }
    }
}
