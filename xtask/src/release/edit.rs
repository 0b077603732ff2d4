//! The texts that a release changes: the workspace manifest and the changelog. No file is touched
//! here.

use anyhow::{Context, Result, ensure};

const UNRELEASED: &str = "## Unreleased";

/// Fails unless the new version is of the form 1.2.3 and not below the present one.
pub(super) fn check_order(present: &str, version: &str) -> Result<()> {
    ensure!(
        numbers(version)? >= numbers(present)?,
        "{version} is below the present version, {present}"
    );
    Ok(())
}

fn numbers(version: &str) -> Result<[u64; 3]> {
    let parts: Vec<u64> = version
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()
        .with_context(|| format!("`{version}` is not a version like 1.2.3"))?;
    let parts = parts.try_into().ok();
    parts.with_context(|| format!("`{version}` is not a version like 1.2.3"))
}

/// The manifest with the new version: that of the packages, and what they ask of each other.
pub(super) fn manifest(text: &str, present: &str, version: &str) -> Result<String> {
    let own = format!("version = \"{present}\"");
    let mut changed = 0;
    let lines = text.lines().map(|line| {
        let ours = line == own || (line.starts_with("azml") && line.contains("path = "));
        if !ours || !line.contains(&own) {
            return line.to_owned();
        }
        changed += 1;
        line.replace(&own, &format!("version = \"{version}\""))
    });
    let text: String = lines.map(|line| line + "\n").collect();
    ensure!(changed > 1, "the versions of the workspace were not found");
    Ok(text)
}

/// The changelog with its unreleased part under the new version and its day.
pub(super) fn changelog(text: &str, version: &str, day: &str) -> Result<String> {
    let (before, rest) = text
        .split_once(UNRELEASED)
        .with_context(|| format!("no heading `{UNRELEASED}`"))?;
    let entries = rest.split("\n## ").next().unwrap_or_default();
    ensure!(
        entries.contains("\n- "),
        "nothing is listed below `{UNRELEASED}`"
    );
    Ok(format!(
        "{before}{UNRELEASED}\n\n## {version} - {day}{rest}"
    ))
}

/// The day, in UTC, of what `git var GIT_COMMITTER_IDENT` prints: `NAME <MAIL> SECONDS ZONE`.
pub(super) fn day_of_ident(ident: &str) -> Result<String> {
    let seconds = ident.split_whitespace().rev().nth(1);
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    let seconds = seconds.context("git names a committer and a time")?;
    let date = time::OffsetDateTime::from_unix_timestamp(seconds)?.date();
    Ok(format!(
        "{:04}-{:02}-{:02}",
        date.year(),
        u8::from(date.month()),
        date.day()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace.package]\nversion = \"0.1.0\"\n\n[workspace.dependencies]\n\
        azml-core = { path = \"crates/core\", version = \"0.1.0\" }\n\
        other = { version = \"0.1.0\" }\n";

    #[test]
    fn only_our_versions_change() {
        let text = manifest(MANIFEST, "0.1.0", "0.2.0").unwrap();
        assert!(text.starts_with("[workspace.package]\nversion = \"0.2.0\"\n"));
        assert!(text.contains("crates/core\", version = \"0.2.0\""));
        assert!(text.contains("other = { version = \"0.1.0\" }"));
        assert!(manifest("other = 1\n", "0.1.0", "0.2.0").is_err());
    }

    #[test]
    fn versions_only_rise() {
        check_order("0.9.0", "0.10.0").unwrap();
        check_order("0.1.0", "0.1.0").unwrap();
        assert!(check_order("0.2.0", "0.1.9").is_err());
        assert!(check_order("0.2.0", "0.3").is_err());
        assert!(check_order("0.2.0", "v0.3.0").is_err());
    }

    #[test]
    fn the_changelog_gets_a_heading() {
        let text = "# Changelog\n\n## Unreleased\n\n- new\n\n## 0.1.0 - 2026-01-01\n\n- old\n";
        assert_eq!(
            changelog(text, "0.2.0", "2026-02-03").unwrap(),
            "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-02-03\n\n- new\n\n\
             ## 0.1.0 - 2026-01-01\n\n- old\n"
        );
        let empty = "## Unreleased\n\n## 0.1.0 - 2026-01-01\n\n- old\n";
        assert!(changelog(empty, "0.2.0", "2026-02-03").is_err());
    }

    #[test]
    fn days_are_in_utc() {
        let ident = "A Name <mail@example.org> 1767225599 -0800\n";
        assert_eq!(day_of_ident(ident).unwrap(), "2025-12-31");
        assert!(day_of_ident("nobody").is_err());
    }
}
