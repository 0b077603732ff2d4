//! Whole trees: everything below a directory, paths that match a pattern, and how much space each part takes.

use azml_core::ErrorKind;
use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, FuturesUnordered},
};

use super::FileSystem;
use crate::{Error, FileStatus, Items, Result};

/// Directories that are listed at once.
const PARALLEL: usize = 16;

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its path from the root of the store, without a leading slash.
    pub path: String,
    /// What is known of it.
    pub status: FileStatus,
}

/// Directories that are being listed, and those that wait.
struct Walk {
    files: FileSystem,
    waiting: Vec<String>,
    running: FuturesUnordered<futures::future::BoxFuture<'static, Result<Vec<Entry>>>>,
}

impl Walk {
    fn fill(&mut self) {
        while self.running.len() < PARALLEL {
            let Some(path) = self.waiting.pop() else {
                return;
            };
            let files = self.files.clone();
            self.running
                .push(Box::pin(async move { files.entries(&path).await }));
        }
    }
}

impl FileSystem {
    /// Everything below a directory, in no order. Directories are listed several at a time.
    ///
    /// # Errors
    /// Each item as [`FileSystem::list`].
    pub fn walk(&self, path: &str) -> Items<Entry> {
        let walk = Walk {
            files: self.clone(),
            waiting: vec![trimmed(path).to_owned()],
            running: FuturesUnordered::new(),
        };
        stream::try_unfold(walk, |mut walk| async move {
            walk.fill();
            let Some(entries) = walk.running.next().await else {
                return Ok::<_, Error>(None);
            };
            let entries = entries?;
            let directories = entries.iter().filter(|entry| entry.status.is_directory());
            walk.waiting
                .extend(directories.map(|entry| entry.path.clone()));
            Ok(Some((stream::iter(entries.into_iter().map(Ok)), walk)))
        })
        .try_flatten()
        .boxed()
    }

    /// The entries of a directory with their paths.
    async fn entries(&self, directory: &str) -> Result<Vec<Entry>> {
        self.list(directory)
            .map_ok(|status| Entry {
                path: below(directory, &status.path_suffix),
                status,
            })
            .try_collect()
            .await
    }

    /// The paths that match a pattern, in order. `*` stands for any characters of a name, `?` for one, `[a-z]` for one
    /// of them and `[!a-z]` for one of the others; none stands for a slash.
    ///
    /// # Errors
    /// [`InvalidArgument`](azml_core::ErrorKind::InvalidArgument) for a pattern with `**`; a refusal of the service
    /// other than that something is not there.
    pub async fn glob(&self, pattern: &str) -> Result<Vec<String>> {
        if pattern.contains("**") {
            return Err(azml_core::Error::new(
                ErrorKind::InvalidArgument,
                "a pattern cannot hold '**'",
            )
            .with_hint("use one '*' for each level")
            .into());
        }
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let mut found = vec![String::new()];
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            found = if part.contains(['*', '?', '[']) {
                self.matching(found, part, last).await?
            } else if last {
                self.existing(found, part).await?
            } else {
                found.iter().map(|path| below(path, part)).collect()
            };
        }
        found.sort();
        Ok(found)
    }

    async fn matching(&self, within: Vec<String>, part: &str, last: bool) -> Result<Vec<String>> {
        let pattern: Vec<char> = part.chars().collect();
        let pattern = &pattern;
        let listed: Vec<_> = within
            .into_iter()
            .map(|directory| async move {
                match self.entries(&directory).await {
                    Ok(entries) => Ok(entries),
                    // A part before it may be a file, or nothing at all.
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                    Err(error) => Err(error),
                }
            })
            .collect();
        let listed: Vec<Vec<Entry>> = stream::iter(listed)
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        Ok(listed
            .into_iter()
            .flatten()
            .filter(|entry| {
                let name: Vec<char> = entry.status.path_suffix.chars().collect();
                // The listing of a file is the file itself, without a name.
                !name.is_empty() && (last || entry.status.is_directory()) && matches(pattern, &name)
            })
            .map(|entry| entry.path)
            .collect())
    }

    async fn existing(&self, within: Vec<String>, part: &str) -> Result<Vec<String>> {
        let asked: Vec<_> = within
            .into_iter()
            .map(|directory| async move {
                let path = below(&directory, part);
                Ok::<_, Error>(self.exists(&path).await?.then_some(path))
            })
            .collect();
        let found: Vec<Option<String>> = stream::iter(asked)
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// How many bytes each entry of a directory takes with everything below it, by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when the directory is not there.
    pub async fn usage(&self, path: &str) -> Result<Vec<(String, u64)>> {
        let entries = self.entries(trimmed(path)).await?;
        let sizes: Vec<_> = entries
            .into_iter()
            .map(|entry| async move {
                let bytes = if entry.status.is_directory() {
                    self.summary(&entry.path).await?.length
                } else {
                    entry.status.length
                };
                Ok::<_, Error>((entry.path, bytes))
            })
            .collect();
        stream::iter(sizes).buffered(PARALLEL).try_collect().await
    }
}

fn trimmed(path: &str) -> &str {
    path.trim_matches('/')
}

/// The path of an entry; the listing of a file has an entry without a name.
pub(crate) fn below(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}

/// Whether a name matches a pattern without slashes.
fn matches(pattern: &[char], name: &[char]) -> bool {
    // Where the last star began to match: it takes one more character when the rest does not fit.
    let mut star: Option<(usize, usize)> = None;
    let (mut at, mut read) = (0, 0);
    while read < name.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(&pattern[at..], name[read]),
            Some(c) if *c == name[read] => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(step), _) => {
                at += step;
                read += 1;
            }
            (None, Some((from, taken))) => {
                star = Some((from, taken + 1));
                at = from + 1;
                read = taken + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// How long the class at the start of `pattern` is, if it holds `c`. One that does not end is a bracket.
fn class(pattern: &[char], c: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let from = if negated { 2 } else { 1 };
    // A bracket right at the start is one of the characters.
    let end = pattern
        .iter()
        .enumerate()
        .skip(from + 1)
        .find(|(_, c)| **c == ']')
        .map(|(at, _)| at);
    let Some(end) = end else {
        return (c == '[').then_some(1);
    };
    let set = &pattern[from..end];
    let mut holds = false;
    let mut at = 0;
    while let Some(first) = set.get(at) {
        match (set.get(at + 1), set.get(at + 2)) {
            (Some('-'), Some(last)) => {
                holds |= (*first..=*last).contains(&c);
                at += 3;
            }
            _ => {
                holds |= *first == c;
                at += 1;
            }
        }
    }
    (holds != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, name: &str) -> bool {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        matches(&chars(pattern), &chars(name))
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name) in [
            ("*", ""),
            ("*.csv", "a.csv"),
            ("*.csv", "a.csv.csv"),
            ("a*b*c", "aXbYbZc"),
            ("?", "é"),
            ("[a-c]?", "b1"),
            ("[!a-c]", "d"),
            ("[]x]", "]"),
            ("part-[0-9][0-9]", "part-07"),
            ("[", "["),
            ("a[b", "a[b"),
        ] {
            assert!(is_match(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.csv", "a.CSV"),
            ("?", ""),
            ("?", "ab"),
            ("[a-c]", "d"),
            ("[!a-c]", "b"),
            ("a*b", "ab1"),
            ("part-[0-9]", "part-x"),
        ] {
            assert!(!is_match(pattern, name), "{pattern} {name}");
        }
    }
}
