//! Which names are meant: patterns of the shell, `*` within a folder and `**` across them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::{Error, Result};

/// Patterns of which one must fit; without any, every name does.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns(Vec<String>);

impl Patterns {
    pub(super) fn add(&mut self, pattern: String) {
        self.0.push(pattern);
    }

    /// What every name that fits begins with: there is no need to ask for others.
    pub(super) fn prefix(&self) -> &str {
        match self.0.as_slice() {
            [only] => {
                let end = only.find(['*', '?', '[', '{', '\\']);
                &only[..end.unwrap_or(only.len())]
            }
            _ => "",
        }
    }

    /// Ready to be held against names.
    pub(super) fn compile(&self) -> Result<Compiled> {
        if self.0.is_empty() {
            return Ok(Compiled(None));
        }
        let mut set = GlobSetBuilder::new();
        for pattern in &self.0 {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            set.add(glob.map_err(|error| {
                Error::usage(format!(
                    "the pattern '{pattern}' is not usable: {}",
                    error.kind()
                ))
            })?);
        }
        let set = set.build();
        let set =
            set.map_err(|error| Error::usage(format!("the patterns are too large: {error}")))?;
        Ok(Compiled(Some(set)))
    }
}

/// Patterns that can be held against names.
#[derive(Clone, Debug)]
pub(super) struct Compiled(Option<GlobSet>);

impl Compiled {
    pub(super) fn fit(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Patterns {
        let mut patterns = Patterns::default();
        for text in texts {
            patterns.add((*text).to_owned());
        }
        patterns
    }

    /// storage TU-04.
    #[test]
    fn stars_stay_within_a_folder_and_two_cross_them() {
        let fit = |texts: &[&str], name: &str| patterns(texts).compile().unwrap().fit(name);
        assert!(fit(&[], "any/name"));
        assert!(fit(&["a/*.csv"], "a/b.csv") && !fit(&["a/*.csv"], "a/b/c.csv"));
        assert!(fit(&["**/*.csv"], "c.csv") && fit(&["**/*.csv"], "a/b/c.csv"));
        assert!(fit(&["a/?.{csv,txt}", "[b-d]"], "a/x.txt") && fit(&["x", "[b-d]"], "c"));
        let error = patterns(&["a[", "b"]).compile().unwrap_err();
        assert!(error.to_string().contains("a["), "{error}");
    }

    #[test]
    fn one_pattern_says_what_names_begin_with() {
        assert_eq!(patterns(&["train/*.csv"]).prefix(), "train/");
        assert_eq!(patterns(&["train/a.csv"]).prefix(), "train/a.csv");
        assert_eq!(patterns(&["train/*", "x"]).prefix(), "");
        assert_eq!(patterns(&[]).prefix(), "");
    }
}
