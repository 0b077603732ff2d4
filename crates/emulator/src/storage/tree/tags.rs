//! Index tags of blobs: the language of "Find Blobs by Tags", and the search itself.

use std::ops::ControlFlow;

use super::model::Blob;
use super::{BLOBS, CONTAINERS, Tree, containers};
use crate::state::{self, Key, KeyRange, Order, Read};
use crate::storage::error::{Code, Result};

/// How a tag is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Conditions on tags, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagFilter {
    container: Option<String>,
    tests: Vec<(String, Comparison, String)>,
}

/// A blob that a search found.
#[derive(Debug)]
pub(crate) struct TaggedBlob {
    pub(crate) container: String,
    pub(crate) name: String,
    pub(crate) tags: Vec<(String, String)>,
}

impl TagFilter {
    /// Reads `"tag" = 'value' AND other >= 'value' AND @container = 'name'`.
    ///
    /// # Errors
    /// [`Code::InvalidQueryParameterValue`] for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let invalid = || Code::InvalidQueryParameterValue;
        let mut filter = Self::default();
        let mut rest = text.trim();
        loop {
            let (name, after) = name(rest).ok_or_else(invalid)?;
            let (comparison, after) = comparison(after.trim_start()).ok_or_else(invalid)?;
            let (value, after) = quoted(after.trim_start(), '\'').ok_or_else(invalid)?;
            if name == "@container" {
                if comparison != Comparison::Equal || filter.container.is_some() {
                    return Err(invalid().into());
                }
                filter.container = Some(value);
            } else {
                filter.tests.push((name, comparison, value));
            }
            rest = after.trim_start();
            if rest.is_empty() {
                return Ok(filter);
            }
            let (word, after) = rest.split_at_checked(3).ok_or_else(invalid)?;
            if !word.eq_ignore_ascii_case("and") || !after.starts_with([' ', '"', '\t']) {
                return Err(invalid().into());
            }
            rest = after.trim_start();
        }
    }

    /// Whether these tags meet the conditions.
    pub(crate) fn matches(&self, tags: &[(String, String)]) -> bool {
        self.tests.iter().all(|(name, comparison, wanted)| {
            let value = tags.iter().find(|(tag, _)| tag == name);
            value.is_some_and(|(_, value)| match comparison {
                Comparison::Equal => value == wanted,
                Comparison::Less => value < wanted,
                Comparison::LessOrEqual => value <= wanted,
                Comparison::Greater => value > wanted,
                Comparison::GreaterOrEqual => value >= wanted,
            })
        })
    }
}

/// A name, in double quotes or bare.
fn name(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        return quoted(text, '"');
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '<' | '>'))?;
    (end > 0).then(|| (text[..end].to_owned(), text[end..].trim_start()))
}

fn comparison(text: &str) -> Option<(Comparison, &str)> {
    [
        (">=", Comparison::GreaterOrEqual),
        ("<=", Comparison::LessOrEqual),
        ("=", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ]
    .into_iter()
    .find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?)))
}

fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let inner = text.strip_prefix(quote)?;
    let (value, rest) = inner.split_once(quote)?;
    Some((value.to_owned(), rest.trim_start()))
}

impl Tree {
    /// Up to `limit` blobs whose tags match, from `from` on (a container's name and a
    /// blob's), and where the next page begins. Without `container` all of the account.
    ///
    /// # Errors
    /// The container is not there.
    pub(crate) async fn find_by_tags(
        &self,
        account: &str,
        container: Option<&str>,
        filter: TagFilter,
        (from, limit): ((String, String), usize),
    ) -> Result<(Vec<TaggedBlob>, Option<(String, String)>)> {
        let account = account.to_owned();
        let only = container.map(str::to_owned);
        self.state
            .store
            .read_long(move |snapshot| {
                if let Some(only) = &only {
                    super::container(snapshot, &account, only)?;
                }
                let wanted = only.as_ref().or(filter.container.as_ref());
                let mut names = Vec::new();
                for (key, _) in snapshot.scan(
                    CONTAINERS,
                    &KeyRange::prefix(Key::of([&account])),
                    usize::MAX,
                )? {
                    let name = Key::parts(&key).pop().unwrap_or_default();
                    let name = String::from_utf8_lossy(&name).into_owned();
                    if wanted.is_none_or(|wanted| *wanted == name) && name >= from.0 {
                        names.push(name);
                    }
                }
                let mut found: Vec<TaggedBlob> = Vec::new();
                let mut next = None;
                for container in names {
                    let Some(record) = containers::find(snapshot, &account, &container)? else {
                        continue;
                    };
                    let range = KeyRange::prefix(Key::of([&record.id]));
                    snapshot.visit(BLOBS, &range, Order::Ascending, |key, value| {
                        let name = Key::parts(key).pop().unwrap_or_default();
                        let name = String::from_utf8_lossy(&name).into_owned();
                        let blob: Option<Blob> = serde_json::from_slice(value).ok();
                        let Some(blob) =
                            blob.filter(|blob| !blob.tags.is_empty() && filter.matches(&blob.tags))
                        else {
                            return Ok(ControlFlow::Continue(()));
                        };
                        if container == from.0 && name < from.1 {
                            return Ok(ControlFlow::Continue(()));
                        }
                        if found.len() == limit {
                            next = Some((container.clone(), name));
                            return Ok(ControlFlow::Break(()));
                        }
                        found.push(TaggedBlob {
                            container: container.clone(),
                            name,
                            tags: blob.tags,
                        });
                        Ok::<_, state::Error>(ControlFlow::Continue(()))
                    })?;
                    if next.is_some() {
                        break;
                    }
                }
                Ok((found, next))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage ST-32.
    #[test]
    fn filters_are_read_and_applied() {
        let filter =
            TagFilter::parse("@container = 'raw' AND \"year\" >= '2020' and kind='a b'").unwrap();
        assert_eq!(filter.container.as_deref(), Some("raw"));
        let tags = |year: &str, kind: &str| {
            vec![
                ("year".to_owned(), year.to_owned()),
                ("kind".to_owned(), kind.to_owned()),
            ]
        };
        assert!(filter.matches(&tags("2020", "a b")));
        assert!(!filter.matches(&tags("2019", "a b")));
        assert!(!filter.matches(&tags("2020", "c")));
        assert!(!filter.matches(&[]));
        for text in [
            "",
            "a",
            "a=",
            "a='b",
            "a='b' OR c='d'",
            "a='b' AND",
            "@container>'x'",
        ] {
            assert!(TagFilter::parse(text).is_err(), "{text}");
        }
    }
}
