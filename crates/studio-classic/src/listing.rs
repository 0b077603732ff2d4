//! What the views of datasets and of experiments share: which part of the whole list they show,
//! and how things are looked up in it.

use std::fmt;
use std::marker::PhantomData;

use futures::{Stream, TryStreamExt, stream};
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::ItemKind;
use crate::{Error, Result};

/// Id of the workspace that owns every example.
const GLOBAL_WORKSPACE_ID: &str = "506153734175476c4f62416c57734963";

/// Whether something with this id belongs to the service and not to the workspace.
pub(crate) fn is_example(id: &str) -> bool {
    id.starts_with(GLOBAL_WORKSPACE_ID)
}

/// The part of a list that a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    All,
    User,
    Example,
}

impl Filter {
    pub(crate) fn admits(self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::User => !is_example(id),
            Self::Example => is_example(id),
        }
    }
}

/// What a workspace has lists of.
pub(crate) trait Item: Sized + Send + 'static {
    /// What the service says about one of them.
    type Info: DeserializeOwned;

    /// Where the list is, and what they are called together.
    const LIST: &'static str;
    const NAME: &'static str;

    /// What a lookup by key looks for, and one by place.
    const LOOKUP: [ItemKind; 2];

    fn new(client: Client, info: Self::Info) -> Self;

    fn id(&self) -> &str;

    /// What it is looked up by.
    fn key(&self) -> &str;
}

/// A part of a list, fetched anew by every call.
pub(crate) struct View<T> {
    pub(crate) client: Client,
    filter: Filter,
    items: PhantomData<fn() -> T>,
}

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            ..*self
        }
    }
}

impl<T> fmt::Debug for View<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("client", &self.client)
            .field("filter", &self.filter)
            .finish()
    }
}

impl<T: Item> View<T> {
    pub(crate) fn new(client: Client, filter: Filter) -> Self {
        Self {
            client,
            filter,
            items: PhantomData,
        }
    }

    pub(crate) async fn list(&self) -> Result<Vec<T>> {
        let url = self.client.url(&[T::LIST])?;
        let attempted = format!("list the {}", T::NAME);
        let all: Vec<T::Info> = self.client.get(&attempted, url).await?;
        Ok(all
            .into_iter()
            .map(|info| T::new(self.client.clone(), info))
            .filter(|item| self.filter.admits(item.id()))
            .collect())
    }

    pub(crate) fn stream(&self) -> impl Stream<Item = Result<T>> + Send + use<T> {
        let view = self.clone();
        stream::once(async move { view.list().await })
            .map_ok(|list| stream::iter(list.into_iter().map(Ok)))
            .try_flatten()
    }

    pub(crate) async fn len(&self) -> Result<usize> {
        Ok(self.list().await?.len())
    }

    pub(crate) async fn get(&self, key: &str) -> Result<T> {
        self.try_get(key).await?.ok_or_else(|| Error::NotFound {
            kind: T::LOOKUP[0],
            key: key.to_owned(),
        })
    }

    pub(crate) async fn try_get(&self, key: &str) -> Result<Option<T>> {
        let list = self.list().await?;
        Ok(list.into_iter().find(|item| item.key() == key))
    }

    pub(crate) async fn get_index(&self, index: i64) -> Result<T> {
        at_index(self.list().await?, index, T::LOOKUP[1])
    }
}

/// The element at `index`; a negative index counts from the end.
fn at_index<T>(mut items: Vec<T>, index: i64, kind: ItemKind) -> Result<T> {
    let position = match usize::try_from(index) {
        Ok(position) => Some(position),
        Err(_) => usize::try_from(index.unsigned_abs())
            .ok()
            .and_then(|from_end| items.len().checked_sub(from_end)),
    };
    match position.filter(|position| *position < items.len()) {
        Some(position) => Ok(items.swap_remove(position)),
        None => Err(Error::NotFound {
            kind,
            key: index.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_count_from_either_end() {
        // studio S-024
        let at = |index| at_index(vec!["a", "b", "c"], index, ItemKind::DatasetIndex);
        for (index, expected) in [(0, "a"), (2, "c"), (-1, "c"), (-3, "a")] {
            assert_eq!(at(index).expect("in range"), expected);
        }
        for index in [3, -4, i64::MAX, i64::MIN] {
            let error = at(index).expect_err("out of range");
            assert!(error.is_not_found());
            assert_eq!(
                error.to_string(),
                format!("there is no dataset at index `{index}`")
            );
        }
    }

    #[test]
    fn examples_are_told_by_their_id() {
        // studio S-021
        let example = "506153734175476c4f62416c57734963.f.v1-default-1";
        assert!(Filter::Example.admits(example) && !Filter::User.admits(example));
        assert!(Filter::User.admits("w.f.v1-default-1") && !Filter::Example.admits("w.f"));
        assert!(Filter::All.admits(example) && Filter::All.admits("w.f"));
    }
}
