//! The facade's public items, written down so that a change to them is seen.

/// Every public item of the facade with the feature it needs.
fn items(source: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut condition = String::new();
    for line in source.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("#![") || line.starts_with("//") {
            continue;
        }
        match line
            .strip_prefix("#[cfg(")
            .and_then(|rest| rest.strip_suffix(")]"))
        {
            Some(feature) => condition = format!(" if {feature}"),
            None => items.push(format!("{line}{}", std::mem::take(&mut condition))),
        }
    }
    items
}

#[test]
fn the_facade_re_exports_and_holds_nothing_else() {
    assert_eq!(
        items(include_str!("../src/lib.rs")),
        [
            "pub use azml_auth as auth;",
            "pub use azml_core::{Error, ErrorKind, Result};",
            "pub use azml_datalake_analytics as datalake_analytics; if feature = \"datalake-analytics\"",
            "pub use azml_datastore as datastore; if feature = \"datastore\"",
            "pub use azml_studio_classic as studio_classic; if feature = \"studio-classic\"",
            "pub use azml_usql as usql; if feature = \"usql\"",
        ]
    );
}

#[cfg(feature = "studio-classic")]
#[test]
fn errors_of_a_service_become_the_common_error() {
    fn common() -> azml::Result<()> {
        azml::studio_classic::Workspace::new("", "token")?;
        Ok(())
    }
    let error = common().expect_err("an empty id");
    assert_eq!(error.kind(), azml::ErrorKind::InvalidArgument);
}
