//! Names that are checked before anything is sent.

use crate::error::{Error, Result};

/// Letters, digits and underscores; lower-cased, which is how the service keeps them.
pub(crate) fn datastore(name: &str) -> Result<String> {
    let name = name.to_lowercase();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(good) {
        return Err(Error::usage(format!(
            "'{name}' cannot be the name of a datastore: letters, digits and underscores are allowed, at most 255"
        )));
    }
    Ok(name)
}

/// 3 to 24 lower-case letters and digits.
pub(crate) fn account(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if (3..=24).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "'{name}' cannot be the name of a storage account: 3 to 24 lower-case letters and digits are allowed"
    )))
}

/// A container, file system or share: 3 to 63 lower-case letters, digits and single dashes.
pub(crate) fn container(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (3..=63).contains(&name.len())
        && name.chars().all(good)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    if fits || matches!(name, "$root" | "$web" | "$logs") {
        return Ok(());
    }
    Err(Error::usage(format!(
        "'{name}' cannot be the name of a container: 3 to 63 lower-case letters, digits and single dashes are allowed"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage RG-01, RG-02, RG-03.
    #[test]
    fn names_are_checked_as_the_services_do() {
        assert_eq!(datastore("My_Store1").unwrap(), "my_store1");
        for name in ["", "a-b", "a b", "ä", &"a".repeat(256)] {
            assert!(datastore(name).is_err(), "{name}");
        }
        assert!(account("devstoreaccount1").is_ok());
        for name in ["ab", "Abc", "a-bc", &"a".repeat(25)] {
            assert!(account(name).is_err(), "{name}");
        }
        for name in ["abc", "a-b", "$root"] {
            assert!(container(name).is_ok(), "{name}");
        }
        for name in ["ab", "-ab", "a--b", "ab-", "Abc", "a_b"] {
            assert!(container(name).is_err(), "{name}");
        }
    }
}
