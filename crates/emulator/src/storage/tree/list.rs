//! Pages of containers and blobs, in the byte order of their names.

use std::ops::ControlFlow;

use super::model::{Blob, Container};
use super::{BLOBS, CONTAINERS, Tree, snapshots};
use crate::state::{self, Key, KeyRange, Order, Read, Snapshot};
use crate::storage::error::Result;

/// Most entries of one page.
pub(crate) const LARGEST_PAGE: usize = 5000;

/// What blobs to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListBlobs {
    pub(crate) prefix: String,
    /// Groups names by what stands before its next occurrence after the prefix; empty
    /// for a flat list.
    pub(crate) delimiter: String,
    /// The first name of the page (or what sorts before it); empty for the first page.
    pub(crate) from: String,
    pub(crate) limit: usize,
    /// Whether snapshots are listed before their blobs. They do not count.
    pub(crate) snapshots: bool,
}

/// One line of a listing.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A blob by its name, or a snapshot by its time as well.
    Blob(String, String, Box<Blob>),
    /// A group of blobs: their common prefix, delimiter included.
    Prefix(String),
}

/// A page of blobs.
#[derive(Debug, Default)]
pub(crate) struct BlobPage {
    pub(crate) entries: Vec<Entry>,
    /// Where the next page begins; `None` on the last.
    pub(crate) next: Option<String>,
}

/// A page of containers.
#[derive(Debug, Default)]
pub(crate) struct ContainerPage {
    pub(crate) containers: Vec<(String, Container)>,
    /// Where the next page begins; `None` on the last.
    pub(crate) next: Option<String>,
}

/// The start of the keys whose last part begins with `prefix`: a key part without its
/// end. Names hold no zero byte, so that nothing needs escaping.
fn open_prefix(parent: &str, prefix: &str) -> Vec<u8> {
    let mut bytes = Key::of([parent]).as_ref().to_vec();
    bytes.extend_from_slice(prefix.as_bytes());
    bytes
}

fn name_of(key: &[u8]) -> String {
    let name = Key::parts(key).pop().unwrap_or_default();
    String::from_utf8_lossy(&name).into_owned()
}

impl Tree {
    /// A page of the blobs of a container.
    ///
    /// # Errors
    /// The container is not there.
    pub(crate) async fn list_blobs(
        &self,
        account: &str,
        container: &str,
        list: ListBlobs,
    ) -> Result<BlobPage> {
        let (account, container) = (account.to_owned(), container.to_owned());
        self.state
            .store
            .read_long(move |snapshot| {
                let container = super::container(snapshot, &account, &container)?;
                Ok(page(snapshot, &container.id, &list)?)
            })
            .await
    }

    /// A page of the containers of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn list_containers(
        &self,
        account: &str,
        prefix: &str,
        from: &str,
        limit: usize,
    ) -> Result<ContainerPage> {
        let range =
            KeyRange::prefix(open_prefix(account, prefix)).starting_at(open_prefix(account, from));
        self.read(|snapshot| {
            let mut page = ContainerPage::default();
            snapshot.visit(CONTAINERS, &range, Order::Ascending, |key, value| {
                let name = name_of(key);
                if page.containers.len() == limit {
                    page.next = Some(name);
                    return Ok(ControlFlow::Break(()));
                }
                if let Ok(container) = serde_json::from_slice(value) {
                    page.containers.push((name, container));
                }
                Ok::<_, state::Error>(ControlFlow::Continue(()))
            })?;
            Ok(page)
        })
    }
}

fn page(snapshot: &Snapshot, container: &str, list: &ListBlobs) -> Result<BlobPage, state::Error> {
    let mut page = BlobPage::default();
    let all = KeyRange::prefix(open_prefix(container, &list.prefix));
    let mut from = open_prefix(container, &list.from);
    let mut listed = 0;
    loop {
        // A group ends the scan, which goes on behind the group's last name.
        let mut group = None;
        let range = all.clone().starting_at(&from);
        snapshot.visit(BLOBS, &range, Order::Ascending, |key, value| {
            let name = name_of(key);
            if listed == list.limit {
                page.next = Some(name);
                return Ok(ControlFlow::Break(()));
            }
            if let Some(prefix) = group_of(&name, list) {
                group = Some(prefix);
                return Ok(ControlFlow::Break(()));
            }
            if list.snapshots {
                for (time, blob) in snapshots::of(snapshot, container, &name)? {
                    let blob = Box::new(blob);
                    page.entries.push(Entry::Blob(name.clone(), time, blob));
                }
            }
            if let Ok(blob) = serde_json::from_slice(value) {
                let blob = Box::new(blob);
                page.entries.push(Entry::Blob(name, String::new(), blob));
                listed += 1;
            }
            Ok::<_, state::Error>(ControlFlow::Continue(()))
        })?;
        let Some(prefix) = group else {
            return Ok(page);
        };
        from = open_prefix(container, &prefix);
        // No UTF-8 text holds this byte, so it sorts behind every name of the group.
        from.push(0xff);
        page.entries.push(Entry::Prefix(prefix));
        listed += 1;
    }
}

/// The group a name belongs to, if the delimiter occurs in it after the prefix.
fn group_of(name: &str, list: &ListBlobs) -> Option<String> {
    if list.delimiter.is_empty() {
        return None;
    }
    let rest = name.get(list.prefix.len()..)?;
    let end = rest.find(&list.delimiter)? + list.delimiter.len();
    Some(name[..list.prefix.len() + end].to_owned())
}
