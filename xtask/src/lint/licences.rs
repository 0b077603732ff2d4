//! The licence of every package in the lock file against the list in `deny.toml`.
//!
//! cargo-deny does the same and more where it is installed; this check needs nothing but cargo.

use anyhow::{Context, Result, bail, ensure};

use crate::metadata;

/// Fails with the packages whose licence the list does not allow.
pub(crate) fn check() -> Result<()> {
    let allowed = allowed()?;
    let graph = metadata::graph()?;
    let packages = graph["packages"].as_array().context("packages")?;
    let mut refused = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let version = package["version"].as_str().unwrap_or_default();
        match package["license"].as_str() {
            Some(licence) if is_allowed(licence, &allowed)? => {}
            Some(licence) => refused.push(format!("{name} {version}: {licence}")),
            None => refused.push(format!("{name} {version}: no licence named")),
        }
    }
    ensure!(
        refused.is_empty(),
        "licences that deny.toml does not allow:\n  {}",
        refused.join("\n  ")
    );
    println!("{} packages, all under allowed licences", packages.len());
    Ok(())
}

fn allowed() -> Result<Vec<String>> {
    let text = std::fs::read_to_string(metadata::root()?.join("deny.toml"))?;
    let rules: toml::Table = text.parse().context("deny.toml")?;
    rules["licenses"]["allow"]
        .as_array()
        .context("deny.toml lists licenses.allow")?
        .iter()
        .map(|id| {
            let id = id.as_str().context("a licence id is a string")?;
            Ok(id.to_owned())
        })
        .collect()
}

/// Evaluates an SPDX expression; the old form `MIT/Apache-2.0` means OR.
fn is_allowed(expression: &str, allowed: &[String]) -> Result<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = Words {
        words: spaced.split_whitespace().collect(),
        next: 0,
        allowed,
    };
    let result = words.any()?;
    ensure!(
        words.next == words.words.len(),
        "licence expression `{expression}` is not understood"
    );
    Ok(result)
}

struct Words<'a> {
    words: Vec<&'a str>,
    next: usize,
    allowed: &'a [String],
}

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.get(self.next) == Some(&word);
        self.next += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<bool> {
        let mut result = self.all()?;
        while self.take("OR") {
            result |= self.all()?;
        }
        Ok(result)
    }

    fn all(&mut self) -> Result<bool> {
        let mut result = self.one()?;
        while self.take("AND") {
            result &= self.one()?;
        }
        Ok(result)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let result = self.any()?;
            ensure!(self.take(")"), "licence expression lacks a `)`");
            return Ok(result);
        }
        let Some(id) = self.words.get(self.next) else {
            bail!("licence expression ends early");
        };
        let mut id = (*id).to_owned();
        self.next += 1;
        if self.take("WITH") {
            let exception = self.words.get(self.next).context("exception after WITH")?;
            id = format!("{id} WITH {exception}");
            self.next += 1;
        }
        Ok(self.allowed.contains(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let allowed = [
            "MIT".to_owned(),
            "ISC".to_owned(),
            "Apache-2.0 WITH LLVM-exception".to_owned(),
        ];
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("GPL-3.0/MIT", true),
            ("(GPL-3.0 OR ISC) AND MIT", true),
            ("GPL-3.0 OR ISC AND BSD-2-Clause", false),
            ("Apache-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
        ] {
            assert_eq!(
                is_allowed(expression, &allowed).unwrap(),
                expected,
                "{expression}"
            );
        }
        for broken in ["", "MIT OR", "(MIT", "MIT ISC"] {
            assert!(is_allowed(broken, &allowed).is_err(), "{broken}");
        }
    }
}
