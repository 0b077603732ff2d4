//! Pages of shares and of the entries of a directory.

use std::ops::ControlFlow;

use super::model::{Entry, Share};
use super::{ENTRIES, SHARES, Shares, entries, share};
use crate::state::{self, Key, KeyRange, Order, Read};
use crate::storage::error::Result;

/// A page of shares.
#[derive(Debug, Default)]
pub(crate) struct SharePage {
    pub(crate) shares: Vec<(String, Share)>,
    pub(crate) next: Option<String>,
}

/// A page of a directory.
#[derive(Debug, Default)]
pub(crate) struct EntryPage {
    pub(crate) directory: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: Option<String>,
}

/// The start of the keys below `parent` whose last part begins with `prefix`.
fn open_prefix(parent: &Key, prefix: &str) -> Vec<u8> {
    let mut bytes = parent.as_ref().to_vec();
    bytes.extend_from_slice(prefix.as_bytes());
    bytes
}

fn last_part(key: &[u8]) -> String {
    let part = Key::parts(key).pop().unwrap_or_default();
    String::from_utf8_lossy(&part).into_owned()
}

impl Shares {
    /// A page of the shares of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn list_shares(
        &self,
        account: &str,
        prefix: &str,
        from: &str,
        limit: usize,
    ) -> Result<SharePage> {
        let parent = Key::of([account]);
        let range =
            KeyRange::prefix(open_prefix(&parent, prefix)).starting_at(open_prefix(&parent, from));
        self.tree.state.store.read(|snapshot| {
            let mut page = SharePage::default();
            snapshot.visit(SHARES, &range, Order::Ascending, |key, value| {
                let name = last_part(key);
                if page.shares.len() == limit {
                    page.next = Some(name);
                    return Ok(ControlFlow::Break(()));
                }
                if let Ok(share) = serde_json::from_slice(value) {
                    page.shares.push((name, share));
                }
                Ok::<_, state::Error>(ControlFlow::Continue(()))
            })?;
            Ok(page)
        })
    }

    /// A page of the entries of a directory, in the order of their lower-case names.
    ///
    /// # Errors
    /// The share or the directory is not there.
    pub(crate) fn list_entries(
        &self,
        at: &entries::Target,
        prefix: &str,
        from: &str,
        limit: usize,
    ) -> Result<EntryPage> {
        self.tree.state.store.read(|snapshot| {
            let share = share(snapshot, &at.account, &at.share)?;
            let directory = entries::directory(snapshot, &share, &at.path)?;
            let parent = entries::children(&share.id, directory);
            let range = KeyRange::prefix(open_prefix(&parent, &prefix.to_lowercase()))
                .starting_at(open_prefix(&parent, from));
            let mut page = EntryPage {
                directory,
                ..EntryPage::default()
            };
            snapshot.visit(ENTRIES, &range, Order::Ascending, |key, value| {
                if page.entries.len() == limit {
                    page.next = Some(last_part(key));
                    return Ok(ControlFlow::Break(()));
                }
                if let Ok(entry) = serde_json::from_slice(value) {
                    page.entries.push(entry);
                }
                Ok::<_, state::Error>(ControlFlow::Continue(()))
            })?;
            Ok(page)
        })
    }
}
