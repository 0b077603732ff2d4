//! A storage request taken apart: which account, container and path it addresses, its
//! query and headers. Names are decoded exactly once, from the path as it was sent.

use axum::http::{HeaderMap, Method, Uri, request::Parts};
use percent_encoding::percent_decode_str;
use std::net::IpAddr;

use super::error::{Code, Result, StorageError};
use crate::http::{HostLabel, Origin, Peer, Scheme};

/// What a request addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// The storage account.
    pub(crate) account: String,
    /// Container, file system or share; empty for the account itself.
    pub(crate) container: String,
    /// Blob name or path below the container; empty for the container itself.
    pub(crate) path: String,
    /// Whether the account stands in the path and not in the host name.
    pub(crate) in_path: bool,
}

impl Target {
    /// Finds the target of `uri`. With `account` given it comes from the host name, else
    /// it is the first segment of the path.
    ///
    /// # Errors
    /// A path that is not UTF-8 once decoded, or that names no account.
    pub(crate) fn parse(uri: &Uri, account: Option<&str>) -> Result<Self> {
        let path = uri.path().strip_prefix('/').unwrap_or(uri.path());
        let (account, rest, in_path) = match account {
            Some(account) => (account.to_owned(), path, false),
            None => {
                let (account, rest) = path.split_once('/').unwrap_or((path, ""));
                (decode(account)?, rest, true)
            }
        };
        if account.is_empty() {
            return Err(Code::InvalidUri.into());
        }
        let (container, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self {
            account,
            container: decode(container)?,
            path: decode(path)?,
            in_path,
        })
    }
}

fn decode(text: &str) -> Result<String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| Code::InvalidUri.into())
}

/// The parameters of a query, decoded, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query without its question mark. A `+` is a plus sign.
    ///
    /// # Errors
    /// A parameter that is not UTF-8 once decoded.
    pub(crate) fn parse(query: &str) -> Result<Self> {
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?.to_ascii_lowercase(), decode(value)?))
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The value of a parameter (lower-case name); empty when it is absent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.optional(name).unwrap_or_default()
    }

    /// The value of a parameter, if it is there.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether `word` is in the comma-separated list `name`.
    pub(crate) fn lists(&self, name: &str, word: &str) -> bool {
        self.get(name)
            .split(',')
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    }
}

/// A request without its body.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) target: Target,
    pub(crate) query: Query,
    /// Where it came from.
    pub(crate) peer: Option<IpAddr>,
    origin: Origin,
}

impl Call {
    /// Takes a request apart.
    ///
    /// # Errors
    /// As [`Target::parse`] and [`Query::parse`].
    pub(crate) fn new(parts: &Parts) -> Result<Self> {
        let account = parts.extensions.get::<HostLabel>();
        let account = account.map(|label| label.0.as_str());
        let origin = parts.extensions.get().cloned().unwrap_or(Origin {
            scheme: Scheme::Http,
            authority: "localhost".to_owned(),
        });
        Ok(Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            target: Target::parse(&parts.uri, account)?,
            query: Query::parse(parts.uri.query().unwrap_or_default())?,
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0),
            origin,
        })
    }

    /// The same caller's request to read `target` at `uri`, as the source of a copy. Only
    /// a signature in the address speaks for it.
    pub(crate) fn read_of(&self, uri: Uri, target: Target) -> Result<Self> {
        Ok(Self {
            method: Method::GET,
            query: Query::parse(uri.query().unwrap_or_default())?,
            uri,
            headers: HeaderMap::new(),
            target,
            peer: self.peer,
            origin: self.origin.clone(),
        })
    }

    /// A request inside this one, of the same caller. Its path names the account as this
    /// one's does, or leaves it out.
    ///
    /// # Errors
    /// As [`Call::new`].
    pub(crate) fn part(&self, method: Method, uri: Uri, headers: HeaderMap) -> Result<Self> {
        let account = self.target.account.as_str();
        let below = format!("/{account}/");
        let whole = uri.path().strip_prefix(&below);
        let names_it = self.target.in_path && whole.is_some_and(|rest| rest.contains('/'));
        let target = Target::parse(&uri, (!names_it).then_some(account))?;
        Ok(Self {
            method,
            query: Query::parse(uri.query().unwrap_or_default())?,
            uri,
            headers,
            target: Target {
                in_path: self.target.in_path,
                ..target
            },
            peer: self.peer,
            origin: self.origin.clone(),
        })
    }

    /// This request's credential on what another one addresses.
    pub(crate) fn with_target(&self, other: &Self) -> Self {
        Self {
            target: other.target.clone(),
            ..self.clone()
        }
    }

    /// Whether it came over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.origin.scheme == Scheme::Https
    }

    /// The value of a header as text; empty when it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.optional_header(name).unwrap_or_default()
    }

    /// The value of a header as text.
    pub(crate) fn optional_header(&self, name: &str) -> Option<&str> {
        text(self.headers.get(name)?)
    }

    /// The values of all headers whose names begin with `prefix`, by the rest of the
    /// name as it was sent.
    ///
    /// # Errors
    /// A value that is not text.
    pub(crate) fn headers_below(&self, prefix: &str) -> Result<Vec<(String, String)>> {
        self.headers
            .iter()
            .filter_map(|(name, value)| {
                let rest = name.as_str().strip_prefix(prefix)?;
                let pair = text(value)
                    .map(|value| (rest.to_owned(), value.to_owned()))
                    .ok_or_else(|| StorageError::header(name.as_str()));
                Some(pair)
            })
            .collect()
    }

    /// Scheme and authority as the caller wrote them.
    pub(crate) fn origin(&self) -> String {
        self.origin.base()
    }

    /// Where the service that was called begins, for absolute addresses in answers: the
    /// caller's scheme, host and style, without a trailing slash.
    pub(crate) fn base(&self) -> String {
        let base = self.origin.base();
        if self.target.in_path {
            format!("{base}/{}", self.target.account)
        } else {
            base
        }
    }
}

/// Header text: UTF-8, which some clients send for metadata.
fn text(value: &axum::http::HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str, account: Option<&str>) -> Target {
        Target::parse(&uri.parse().unwrap(), account).unwrap()
    }

    #[test]
    fn names_are_decoded_once_and_never_normalised() {
        let t = target("http://h/acct/c/a%2Fb/../%252e//x+y%20z/", None);
        assert_eq!((t.account.as_str(), t.container.as_str()), ("acct", "c"));
        assert_eq!(t.path, "a/b/../%2e//x+y z/");
        assert!(t.in_path);
    }

    #[test]
    fn the_account_may_stand_in_the_host() {
        let t = target("/c/dir/b", Some("acct"));
        assert_eq!(
            (t.account.as_str(), t.container.as_str(), t.path.as_str()),
            ("acct", "c", "dir/b")
        );
        assert!(!t.in_path);
        assert_eq!(target("/", Some("acct")).container, "");
        assert_eq!(target("/acct", None).container, "");
        assert_eq!(target("/acct/c/", None).path, "");
    }

    #[test]
    fn addresses_without_account_or_with_broken_text_are_refused() {
        for uri in ["/", "/acct/c/%ff", "/%c3/c"] {
            assert!(Target::parse(&uri.parse().unwrap(), None).is_err(), "{uri}");
        }
    }

    #[test]
    fn query_names_ignore_case_and_plus_is_plus() {
        let query = Query::parse("Comp=list&prefix=a+b%20c&include=Metadata,snapshots&x").unwrap();
        assert_eq!(query.get("comp"), "list");
        assert_eq!(query.get("prefix"), "a+b c");
        assert_eq!(query.optional("x"), Some(""));
        assert_eq!(query.optional("y"), None);
        assert!(query.lists("include", "metadata") && query.lists("include", "snapshots"));
        assert!(!query.lists("include", "tags"));
    }
}
