//! Which names the storage services take.

use super::error::{Code, Result, StorageError};

/// Longest blob name or path, in characters.
const LONGEST_PATH: usize = 1024;

/// Checks the name of a container, file system or share.
pub(crate) fn check_container(name: &str) -> Result<()> {
    if matches!(name, "$root" | "$web" | "$logs") {
        return Ok(());
    }
    let bytes = name.as_bytes();
    if !(3..=63).contains(&bytes.len()) {
        return Err(Code::OutOfRangeInput.into());
    }
    let good = bytes
        .iter()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    if good {
        Ok(())
    } else {
        Err(Code::InvalidResourceName.into())
    }
}

/// Checks the name of a blob.
pub(crate) fn check_blob(name: &str) -> Result<()> {
    if name.is_empty() || name.contains('\0') {
        return Err(Code::InvalidUri.into());
    }
    if name.chars().count() > LONGEST_PATH {
        return Err(StorageError::new(
            Code::InvalidUri,
            format!("A blob name has at most {LONGEST_PATH} characters."),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_names_follow_the_rules() {
        for name in ["abc", "a-b-c", "123", "$root", "$web", &"a".repeat(63)] {
            assert!(check_container(name).is_ok(), "{name}");
        }
        for (name, code) in [
            ("ab", Code::OutOfRangeInput),
            (&"a".repeat(64), Code::OutOfRangeInput),
            ("Abc", Code::InvalidResourceName),
            ("a--b", Code::InvalidResourceName),
            ("-ab", Code::InvalidResourceName),
            ("ab-", Code::InvalidResourceName),
            ("a_b", Code::InvalidResourceName),
            ("äbc", Code::InvalidResourceName),
        ] {
            assert_eq!(check_container(name).unwrap_err().code(), code, "{name}");
        }
    }

    #[test]
    fn blob_names_may_hold_almost_anything() {
        for name in ["a", "../b", "a//b/", "ü\u{1}\n", &"x".repeat(1024)] {
            assert!(check_blob(name).is_ok(), "{name:?}");
        }
        for name in ["", "a\0b", &"x".repeat(1025)] {
            assert!(check_blob(name).is_err(), "{name:?}");
        }
    }
}
