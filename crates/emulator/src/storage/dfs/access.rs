//! Owner, group, permissions and access control lists of paths: kept and shown.

use axum::http::StatusCode;
use serde_json::json;

use super::{DfsService, address};
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Result, StorageError};
use crate::storage::request::Call;
use crate::storage::tree::{Access, Blob, paths};

/// Owner and group of paths that nobody gave any.
pub(super) const SUPERUSER: &str = "$superuser";

/// Permissions of new directories and files.
const DIRECTORY: &str = "rwxr-x---";
const FILE: &str = "rw-r-----";

/// Owner, group, permissions and list as they are shown.
pub(super) fn shown(blob: Option<&Blob>, directory: bool) -> Access {
    let mut access = blob
        .and_then(|blob| blob.access.clone())
        .unwrap_or_default();
    for (field, default) in [
        (&mut access.owner, SUPERUSER),
        (&mut access.group, SUPERUSER),
        (
            &mut access.permissions,
            if directory { DIRECTORY } else { FILE },
        ),
    ] {
        if field.is_empty() {
            default.clone_into(field);
        }
    }
    access
}

/// The list with the three entries that the permissions stand for.
pub(super) fn list_text(access: &Access) -> String {
    let part = |range: std::ops::Range<usize>| access.permissions.get(range).unwrap_or("---");
    let mut entries = vec![
        format!("user::{}", part(0..3)),
        format!("group::{}", part(3..6)),
        format!("other::{}", part(6..9)),
    ];
    entries.extend(access.entries.iter().cloned());
    entries.join(",")
}

/// Reads permissions: four octal digits or nine letters.
fn parse_permissions(text: &str) -> Result<String> {
    let letters = |digit: u32| -> String {
        [(4, 'r'), (2, 'w'), (1, 'x')]
            .iter()
            .map(|(bit, letter)| if digit & bit != 0 { *letter } else { '-' })
            .collect()
    };
    let invalid = || StorageError::header("x-ms-permissions");
    if text.chars().all(|c| c.is_digit(8)) && (3..=4).contains(&text.len()) {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(8)).collect();
        return Ok(digits[digits.len() - 3..]
            .iter()
            .map(|digit| letters(*digit))
            .collect());
    }
    let good = text.len() == 9
        && text
            .chars()
            .zip("rwxrwxrwx".chars())
            .all(|(c, letter)| c == letter || c == '-' || (letter == 'x' && "sStT".contains(c)));
    if good {
        Ok(text.to_owned())
    } else {
        Err(invalid())
    }
}

/// Splits a list into permissions (from its three basic entries) and the others.
fn parse_list(text: &str, old: &str) -> Result<(String, Vec<String>)> {
    let invalid = || StorageError::header("x-ms-acl");
    let mut basic: Vec<String> = [0..3, 3..6, 6..9]
        .map(|range| old.get(range).unwrap_or("---").to_owned())
        .into();
    let mut others = Vec::new();
    for entry in text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
    {
        let parts: Vec<&str> = entry.split(':').collect();
        let letters = parts.last().copied().unwrap_or_default();
        let good = letters.len() == 3
            && letters
                .chars()
                .zip("rwx".chars())
                .all(|(c, letter)| c == letter || c == '-');
        if !good {
            return Err(invalid());
        }
        match parts.as_slice() {
            ["user", "", _] => letters.clone_into(&mut basic[0]),
            ["group", "", _] => letters.clone_into(&mut basic[1]),
            ["other", "", _] => letters.clone_into(&mut basic[2]),
            ["user" | "group" | "mask", _, _] | ["default", _, _, _] => {
                others.push(entry.to_owned());
            }
            _ => return Err(invalid()),
        }
    }
    Ok((basic.concat(), others))
}

/// What a request says about access.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    owner: String,
    group: String,
    permissions: Option<String>,
    list: Option<String>,
}

impl Given {
    /// Reads the headers.
    ///
    /// # Errors
    /// Permissions that are none; permissions and a list together.
    pub(super) fn parse(call: &Call) -> Result<Self> {
        let header = |name| call.optional_header(name).filter(|text| !text.is_empty());
        let given = Self {
            owner: call.header("x-ms-owner").to_owned(),
            group: call.header("x-ms-group").to_owned(),
            permissions: header("x-ms-permissions")
                .map(parse_permissions)
                .transpose()?,
            list: header("x-ms-acl").map(str::to_owned),
        };
        if given.permissions.is_some() && given.list.is_some() {
            return Err(StorageError::header("x-ms-acl"));
        }
        if let Some(list) = &given.list {
            parse_list(list, FILE)?;
        }
        Ok(given)
    }

    /// Whether the request says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.owner.is_empty()
            && self.group.is_empty()
            && self.permissions.is_none()
            && self.list.is_none()
    }

    /// Writes it over what is there.
    pub(super) fn apply(&self, access: &mut Access) {
        if !self.owner.is_empty() {
            access.owner.clone_from(&self.owner);
        }
        if !self.group.is_empty() {
            access.group.clone_from(&self.group);
        }
        if let Some(permissions) = &self.permissions {
            access.permissions.clone_from(permissions);
        }
        if let Some(list) = &self.list
            && let Ok((permissions, others)) = parse_list(list, &access.permissions)
        {
            access.permissions = permissions;
            access.entries = others;
        }
    }
}

fn change(given: &Given, blob: &mut Blob) {
    let mut access = shown(Some(blob), paths::is_folder(blob));
    given.apply(&mut access);
    blob.access = Some(access);
}

impl DfsService {
    pub(super) async fn set_access_control(&self, call: &Call) -> Result<Answer> {
        let given = Given::parse(call)?;
        let conditions = Conditions::parse(call)?;
        let blob = self
            .tree()
            .change_path(address(call), conditions, move |blob| {
                change(&given, blob);
                Ok(())
            })
            .await?;
        Ok(Answer::new(StatusCode::OK).version(blob.etag, blob.modified))
    }

    pub(super) async fn set_access_control_below(&self, call: &Call) -> Result<Answer> {
        match call.query.get("mode") {
            "set" => {}
            mode @ ("modify" | "remove") => {
                return Err(StorageError::not_implemented(&format!(
                    "setAccessControlRecursive with mode={mode}"
                )));
            }
            _ => return Err(StorageError::query("mode")),
        }
        let given = Given::parse(call)?;
        let (directories, files) = self
            .tree()
            .change_below(address(call), move |blob| change(&given, blob))
            .await?;
        Ok(Answer::json(&json!({
            "directoriesSuccessful": directories,
            "filesSuccessful": files,
            "failureCount": 0,
            "failedEntries": [],
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_read_in_both_forms() {
        assert_eq!(parse_permissions("0750").unwrap(), "rwxr-x---");
        assert_eq!(parse_permissions("640").unwrap(), "rw-r-----");
        assert_eq!(parse_permissions("rwxr-x--t").unwrap(), "rwxr-x--t");
        for text in ["", "9", "888", "rwx", "xwrxwrxwr"] {
            assert!(parse_permissions(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_holds_the_permissions() {
        let (permissions, others) =
            parse_list("user::rwx,user:bob:r--,mask::r-x,other::--x", "rw-r-----").unwrap();
        assert_eq!(permissions, "rwxr----x");
        assert_eq!(others, ["user:bob:r--", "mask::r-x"]);
        let access = Access {
            permissions,
            entries: others,
            ..Access::default()
        };
        assert_eq!(
            list_text(&access),
            "user::rwx,group::r--,other::--x,user:bob:r--,mask::r-x"
        );
        for text in ["user", "user::rw", "owner::rwx", "user::xwr"] {
            assert!(parse_list(text, FILE).is_err(), "{text}");
        }
    }
}
