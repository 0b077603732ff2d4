//! Who may do what with an entry, and with everything below it.

use azure_core::http::Method;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{FileSystem, models::Acl};
use crate::{AclStatus, Error, Result};

/// Entries that are changed at once.
const PARALLEL: usize = 16;

/// A change of access control, with a spec such as `user:ID:r-x,default:user:ID:r-x`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AclChange {
    /// Replaces all entries: the spec has owner, group and others.
    Set(String),
    /// Adds entries, or changes those that are there.
    Modify(String),
    /// Removes entries; the spec has no permissions.
    Remove(String),
}

impl AclChange {
    /// The operation and the spec; files have no default entries.
    fn parts(&self, directory: bool) -> (&'static str, String) {
        let (operation, spec) = match self {
            Self::Set(spec) => ("SETACL", spec),
            Self::Modify(spec) => ("MODIFYACLENTRIES", spec),
            Self::Remove(spec) => ("REMOVEACLENTRIES", spec),
        };
        if directory {
            return (operation, spec.clone());
        }
        let own: Vec<&str> = spec
            .split(',')
            .filter(|entry| !entry.trim_start().starts_with("default:"))
            .collect();
        (operation, own.join(","))
    }
}

/// What came of a change to a whole tree.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct AclReport {
    /// How many files and directories were changed.
    pub changed: u64,
    /// Those that were not, and why.
    pub failed: Vec<(String, Error)>,
}

impl FileSystem {
    /// The access control of an entry.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub async fn acl(&self, path: &str) -> Result<AclStatus> {
        let acl: Acl = self.ask(path, "MSGETACLSTATUS", &[]).await?;
        Ok(acl.acl_status)
    }

    /// Replaces the access control of an entry: `user::rwx,user:ID:r-x,group::r-x,other::---`.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a spec without the three base entries.
    pub async fn set_acl(&self, path: &str, spec: &str) -> Result<()> {
        self.call(Method::Put, path, "SETACL", &[("aclspec", spec)])
            .await?;
        Ok(())
    }

    /// Adds entries to the access control of an entry, or changes those that are there.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a spec that cannot be read.
    pub async fn modify_acl(&self, path: &str, spec: &str) -> Result<()> {
        self.call(Method::Put, path, "MODIFYACLENTRIES", &[("aclspec", spec)])
            .await?;
        Ok(())
    }

    /// Sets the permission, octal such as `750`.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a text that is no permission.
    pub async fn set_permission(&self, path: &str, permission: &str) -> Result<()> {
        self.call(
            Method::Put,
            path,
            "SETPERMISSION",
            &[("permission", permission)],
        )
        .await?;
        Ok(())
    }

    /// Removes entries from the access control of an entry; the spec has no permissions: `user:ID,default:group:ID`.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a spec that cannot be read.
    pub async fn remove_acl_entries(&self, path: &str, spec: &str) -> Result<()> {
        self.call(Method::Put, path, "REMOVEACLENTRIES", &[("aclspec", spec)])
            .await?;
        Ok(())
    }

    /// Removes what goes beyond owner, group and others.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub async fn remove_acl(&self, path: &str) -> Result<()> {
        self.call(Method::Put, path, "REMOVEACL", &[]).await?;
        Ok(())
    }

    /// Removes what a directory hands down to new entries.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub async fn remove_default_acl(&self, path: &str) -> Result<()> {
        self.call(Method::Put, path, "REMOVEDEFAULTACL", &[])
            .await?;
        Ok(())
    }

    /// Gives an entry to another owner, another group, or both: ids of the directory.
    ///
    /// # Errors
    /// [`Forbidden`](azml_core::ErrorKind::Forbidden) for everyone but super-users.
    pub async fn set_owner(
        &self,
        path: &str,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<()> {
        let parts = [("owner", owner), ("group", group)];
        let query: Vec<_> = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        self.call(Method::Put, path, "SETOWNER", &query).await?;
        Ok(())
    }

    /// Whether the caller may do this with an entry: `r--`, `-w-`, `--x` or more of them at once.
    ///
    /// # Errors
    /// A refusal other than that the caller may not.
    pub async fn check_access(&self, path: &str, rights: &str) -> Result<bool> {
        let query = [("fsaction", rights)];
        match self.call(Method::Get, path, "CHECKACCESS", &query).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == azml_core::ErrorKind::Forbidden => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Changes the access control of an entry and of everything below it. Directories get the whole spec, files what of
    /// it is not `default:`. An entry that cannot be changed does not hold up the others.
    ///
    /// # Errors
    /// When the tree cannot be listed.
    pub async fn change_acl_recursively(
        &self,
        path: &str,
        change: &AclChange,
    ) -> Result<AclReport> {
        let status = self.status(path).await?;
        let root = stream::once(async { Ok((path.to_owned(), status.is_directory())) });
        let below = self
            .walk(path)
            .map_ok(|entry| (entry.path, entry.status.is_directory()));
        let entries: Vec<(String, bool)> = if status.is_directory() {
            root.chain(below).try_collect().await?
        } else {
            root.try_collect().await?
        };
        let mut report = AclReport::default();
        let changes: Vec<_> = entries
            .into_iter()
            .map(|(path, directory)| async move {
                let (operation, spec) = change.parts(directory);
                // Nothing of the spec may be for files.
                if spec.is_empty() {
                    return (path, Ok(false));
                }
                let changed = self
                    .call(Method::Put, &path, operation, &[("aclspec", &spec)])
                    .await;
                (path, changed.map(|_| true))
            })
            .collect();
        let mut changes = stream::iter(changes).buffer_unordered(PARALLEL);
        while let Some((path, changed)) = changes.next().await {
            match changed {
                Ok(changed) => report.changed += u64::from(changed),
                Err(error) => report.failed.push((path, error)),
            }
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_get_no_default_entries() {
        let change = AclChange::Modify("user:a:r-x,default:user:a:rwx".to_owned());
        assert_eq!(
            change.parts(false),
            ("MODIFYACLENTRIES", "user:a:r-x".to_owned())
        );
        assert!(change.parts(true).1.contains("default:"));
        assert_eq!(
            AclChange::Remove("default:user:a".to_owned())
                .parts(false)
                .1,
            ""
        );
    }
}
