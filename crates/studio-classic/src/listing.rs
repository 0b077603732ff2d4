//! What the views of datasets and of experiments share: which part of the whole list they show,
//! and how an index counts.

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

/// The element at `index`; a negative index counts from the end.
pub(crate) fn at_index<T>(mut items: Vec<T>, index: i64, kind: ItemKind) -> Result<T> {
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
