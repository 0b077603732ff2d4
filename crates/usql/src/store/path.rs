//! Paths as scripts write them, and what they mean inside one store.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A path inside a store: `/`-separated, absolute, without `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StorePath(String);

impl StorePath {
    /// The store's root.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Reads a path of a script: `/a/b`, `a/b`, `adl://account/a/b`,
    /// `wasb://container@account/a/b`, `d:\a\b`. Characters of a URI may be
    /// percent-encoded. `None` when it is empty or leaves the store.
    ///
    /// ```
    /// use azml_usql::StorePath;
    ///
    /// let path = |text| StorePath::parse(text).map(|path| path.to_string());
    /// assert_eq!(path("a//b\\c").as_deref(), Some("/a/b/c"));
    /// assert_eq!(path("adl://lake.azuredatalakestore.net/a%20b").as_deref(), Some("/a b"));
    /// assert_eq!(path("wasb://raw@acct/x").as_deref(), Some("/_wasb/acct/raw/x"));
    /// assert_eq!(path("d:\\x").as_deref(), Some("/_drives/d/x"));
    /// assert_eq!(path("/a/../../etc"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace('\\', "/");
        if let Some((scheme, rest)) = text.split_once("://") {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let path = percent_decode_str(path).decode_utf8_lossy();
            return match scheme.to_ascii_lowercase().as_str() {
                "adl" | "swebhdfs" | "webhdfs" | "abfs" | "abfss" | "file" => Self::normal(&path),
                "wasb" | "wasbs" => {
                    let (container, account) = authority.split_once('@')?;
                    let account = account.split('.').next()?;
                    Self::normal(&format!("_wasb/{account}/{container}/{path}"))
                }
                _ => None,
            };
        }
        let bytes = text.as_bytes();
        if bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
            let drive = text[..1].to_ascii_lowercase();
            return Self::normal(&format!("_drives/{drive}/{}", &text[2..]));
        }
        Self::normal(&text)
    }

    fn normal(path: &str) -> Option<Self> {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part if part.contains('\0') => return None,
                part => parts.push(part),
            }
        }
        (!parts.is_empty()).then(|| Self(format!("/{}", parts.join("/"))))
    }

    /// The path as text, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The path of something in this folder.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        if self.0 == "/" {
            Self(format!("/{name}"))
        } else {
            Self(format!("{}/{name}", self.0))
        }
    }

    /// The folder it lies in.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some(("", _)) | None => Self::root(),
            Some((folder, _)) => Self(folder.to_owned()),
        }
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
