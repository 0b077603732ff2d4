//! `azml emulator hosts`: names that the emulator answers to, for programs whose resolver
//! does not know that `*.localhost` is this machine.

use std::collections::BTreeSet;

use azml_core::{endpoint, env};

use super::target::Target;
use crate::args::{GlobalArgs, HostsArgs};
use crate::failure::Result;
use crate::output::{Listing, data};

/// Names below the storage suffix.
const STORAGE: [&str; 3] = ["blob", "file", "dfs"];

/// Prints one line per name.
pub(super) fn run(args: &HostsArgs, global: &GlobalArgs) -> Result<()> {
    let target = Target::find(None, args.location.data_dir.as_ref(), global)?;
    let names = names(&args.accounts, |name| target.get(name).map(str::to_owned));
    if global.output == crate::output::Format::Table {
        return data(|out| {
            names
                .iter()
                .try_for_each(|name| writeln!(out, "127.0.0.1 {name}"))
        });
    }
    let mut listing = Listing::new(["address", "name"]);
    for name in names {
        listing.row(["127.0.0.1".into(), name.into()]);
    }
    listing.print(&global.output)
}

/// The host names in the endpoints, and those of the accounts below the suffixes.
fn names(accounts: &[String], get: impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let mut names = BTreeSet::from(["localhost".to_owned()]);
    for name in [env::HTTPS_ENDPOINT, env::AAD_ENDPOINT, env::ARM_ENDPOINT] {
        let host = get(name)
            .and_then(|url| endpoint::parse(&url).ok())
            .and_then(|url| url.domain().map(str::to_owned));
        names.extend(host);
    }
    let suffix = |name| get(name).and_then(|suffix| suffix.split(':').next().map(str::to_owned));
    if let Some(suffix) = suffix(env::STORAGE_SUFFIX) {
        for account in get(env::ACCOUNT).iter().chain(accounts) {
            names.extend(STORAGE.map(|service| format!("{account}.{service}.{suffix}")));
        }
    }
    for suffix in [env::ADLA_SUFFIX, env::ADLS_SUFFIX]
        .into_iter()
        .filter_map(suffix)
    {
        names.extend(accounts.iter().map(|account| format!("{account}.{suffix}")));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_services_that_exist_are_listed() {
        let studio = |name: &str| match name {
            "AZML_HTTPS_ENDPOINT" => Some("https://localhost:10011".to_owned()),
            _ => None,
        };
        assert_eq!(
            names(&["mine".to_owned()], studio)
                .into_iter()
                .collect::<Vec<_>>(),
            ["localhost"]
        );
        let storage = |name: &str| match name {
            "AZML_HTTPS_ENDPOINT" => Some("https://127.0.0.1:10011".to_owned()),
            "AZML_ACCOUNT" => Some("dev".to_owned()),
            "AZML_STORAGE_SUFFIX" => Some("localhost:10011".to_owned()),
            "AZML_ADLS_SUFFIX" => Some("azuredatalakestore.localhost:10011".to_owned()),
            _ => None,
        };
        assert_eq!(
            names(&["lake".to_owned()], storage)
                .into_iter()
                .collect::<Vec<_>>(),
            [
                "dev.blob.localhost",
                "dev.dfs.localhost",
                "dev.file.localhost",
                "lake.azuredatalakestore.localhost",
                "lake.blob.localhost",
                "lake.dfs.localhost",
                "lake.file.localhost",
                "localhost"
            ]
        );
    }
}
