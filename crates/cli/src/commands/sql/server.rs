//! `azml sql info` and `azml sql permissions`.

use super::Target;
use crate::failure::Result;
use crate::output::{Format, Listing, Record, note};

/// Shows the server.
pub(super) async fn info(target: &Target, format: &Format) -> Result<()> {
    let mut session = target.session().await?;
    let info = session.server_info().await?;
    if let Some(warning) = info.warning() {
        note(format_args!("warning: {warning}"));
    }
    let mut record = Record::default();
    record
        .field("server", info.name)
        .field("version", info.product_version)
        .field("edition", info.edition)
        .field("database", session.database())
        .field("scripts", info.external_scripts)
        .field("python", info.python.unwrap_or_default());
    record.print(format)
}

/// Shows what the login may do.
pub(super) async fn permissions(target: &Target, format: &Format) -> Result<()> {
    let permissions = target.session().await?.permissions().await?;
    let mut listing = Listing::new(["permission", "granted"]);
    for (name, granted) in permissions.all() {
        listing.row([name.into(), granted.into()]);
    }
    listing.print(format)
}
