//! The tables of Data Lake Analytics; every key begins with the account's id.

use crate::state::{self, Key, KeyRange, Read as _, WriteTxn};

/// Jobs by account and job id, without their scripts.
pub(super) const JOBS: &str = "adla/jobs";
/// Scripts of jobs by account and job id.
pub(super) const SCRIPTS: &str = "adla/scripts";

/// Removes what an account holds.
pub(super) fn remove_account(
    transaction: &mut WriteTxn<'_>,
    account: &str,
) -> Result<(), state::Error> {
    for table in [JOBS, SCRIPTS] {
        let range = KeyRange::prefix(Key::of([account]));
        for (key, _) in transaction.scan(table, &range, usize::MAX)? {
            transaction.remove(table, key)?;
        }
    }
    Ok(())
}
