//! The tables of Data Lake Analytics; every key begins with the account's id.

use crate::state::{self, Key, KeyRange, Read as _, WriteTxn};

/// Jobs by account and job id, without their scripts.
pub(super) const JOBS: &str = "adla/jobs";
/// Scripts of jobs by account and job id.
pub(super) const SCRIPTS: &str = "adla/scripts";
/// Entries of the catalog's access control by account, database and whom they are for.
pub(super) const CATALOG_ACLS: &str = "adla/catalog-acls";
/// Credentials of the catalog by account, database and name.
pub(super) const CREDENTIALS: &str = "adla/credentials";
/// Secrets of the catalog by account, database and name.
pub(super) const SECRETS: &str = "adla/secrets";

/// Removes what an account holds.
pub(super) fn remove_account(
    transaction: &mut WriteTxn<'_>,
    account: &str,
) -> Result<(), state::Error> {
    for table in [JOBS, SCRIPTS, CATALOG_ACLS, CREDENTIALS, SECRETS] {
        let range = KeyRange::prefix(Key::of([account]));
        for (key, _) in transaction.scan(table, &range, usize::MAX)? {
            transaction.remove(table, key)?;
        }
    }
    Ok(())
}
