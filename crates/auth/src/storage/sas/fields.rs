//! The fields of a shared access signature and the text that its signature covers.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use time::OffsetDateTime;

use super::{SasPermissions, StorageAuthError, times};

/// Oldest `sv` that is understood; earlier ones sign another set of fields.
pub const OLDEST_VERSION: &str = "2015-04-05";

const RESPONSE_HEADERS: [&str; 5] = ["rscc", "rscd", "rsce", "rscl", "rsct"];

/// Names that belong to a SAS; anything else in a query is the request's own.
const NAMES: [&str; 34] = [
    "sv", "ss", "srt", "sp", "st", "se", "sip", "spr", "ses", "sig", "si", "sr", "sdd", "skoid",
    "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid", "srh",
    "srq", "rscc", "rscd", "rsce", "rscl", "rsct", "tn", "spk", "epk",
];

/// Who signed and for what: the three families of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SasKind {
    /// Signed with the account key for several services (`ss`, `srt`).
    Account,
    /// Signed with the account key for one container, share, directory, blob or file (`sr`).
    Service,
    /// Signed with a key that a directory identity obtained (`skoid`).
    UserDelegation,
}

/// The service whose resources a service or user delegation SAS names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SasService {
    /// Blob and data lake.
    Blob,
    /// File shares.
    File,
}

impl SasService {
    fn segment(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::File => "file",
        }
    }
}

/// The resource that a request addresses, decoded.
#[derive(Clone, Copy, Debug)]
pub struct SasTarget<'a> {
    /// The service.
    pub service: SasService,
    /// Container, file system or share.
    pub container: &'a str,
    /// Blob name or path below the container, without a leading slash; empty for the container itself.
    pub path: &'a str,
    /// The snapshot or version that the request names; empty if none.
    pub snapshot: &'a str,
}

/// The fields of a SAS without its signature, in the order of the query, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SasFields {
    pairs: Vec<(Cow<'static, str>, String)>,
}

impl SasFields {
    /// Splits a query (without `?`) into the SAS fields and the signature. `None` when the
    /// query has no signature.
    ///
    /// # Errors
    /// A field that occurs twice, a value that is not UTF-8, or a missing `sv`.
    pub fn parse(query: &str) -> Result<Option<(Self, String)>, StorageAuthError> {
        let mut fields = Self::default();
        let mut signature = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = name.to_ascii_lowercase();
            if !NAMES.contains(&name.as_str()) {
                continue;
            }
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| malformed(format!("{name} is not UTF-8")))?
                .into_owned();
            let duplicate = match name.as_str() {
                "sig" => signature.replace(value).is_some(),
                _ => {
                    let known = fields.has(&name);
                    fields.pairs.push((Cow::Owned(name.clone()), value));
                    known
                }
            };
            if duplicate {
                return Err(malformed(format!("{name} occurs twice")));
            }
        }
        let Some(signature) = signature else {
            return Ok(None);
        };
        if !fields.has("sv") {
            return Err(malformed("sv is missing"));
        }
        if fields.has("srh") || fields.has("srq") {
            return Err(malformed(
                "signed request headers and query parameters (srh, srq) are not supported",
            ));
        }
        Ok(Some((fields, signature)))
    }

    /// Adds a field; an empty value adds nothing.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.pairs.push((Cow::Borrowed(name), value));
        }
    }

    /// Adds every field of `other`.
    pub(super) fn append(&mut self, other: Self) {
        self.pairs.extend(other.pairs);
    }

    /// The fields in their order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_str()))
    }

    /// The value of a field; empty when it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.pairs
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map_or("", |(_, value)| value)
    }

    fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(candidate, _)| candidate == name)
    }

    /// Which family the fields belong to.
    pub fn kind(&self) -> SasKind {
        if self.has("skoid") {
            SasKind::UserDelegation
        } else if self.has("ss") || self.has("srt") {
            SasKind::Account
        } else {
            SasKind::Service
        }
    }

    /// The service version that defines the fields (`sv`).
    pub fn version(&self) -> &str {
        self.get("sv")
    }

    /// The permissions (`sp`), empty if they come from a stored policy.
    ///
    /// # Errors
    /// An unknown letter.
    pub fn permissions(&self) -> Result<SasPermissions, StorageAuthError> {
        self.get("sp").parse()
    }

    /// Reads a time as `st` and `se` are written; `None` for the empty text.
    ///
    /// # Errors
    /// A text that is not an ISO 8601 time.
    pub fn parse_time(text: &str) -> Result<Option<OffsetDateTime>, StorageAuthError> {
        match text {
            "" => Ok(None),
            text => times::parse(text)
                .map(Some)
                .ok_or_else(|| malformed(format!("'{}' is not a time", text.escape_default()))),
        }
    }

    /// The text that the signature of an account SAS covers.
    pub fn account_string_to_sign(&self, account: &str) -> String {
        let mut lines = vec![account];
        lines
            .extend(["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"].map(|name| self.get(name)));
        if self.version() >= "2020-12-06" {
            lines.push(self.get("ses"));
        }
        lines.push("");
        lines.join("\n")
    }

    /// The text that the signature of a service or user delegation SAS covers for
    /// `target`.
    ///
    /// # Errors
    /// A version before [`OLDEST_VERSION`], or an `sr` that does not fit the service.
    pub fn resource_string_to_sign(
        &self,
        account: &str,
        target: &SasTarget<'_>,
    ) -> Result<String, StorageAuthError> {
        let version = self.version();
        if version < OLDEST_VERSION {
            return Err(malformed(format!(
                "sv is older than {OLDEST_VERSION}, the oldest that is supported"
            )));
        }
        let resource = self.canonical_resource(account, target)?;
        let mut lines = vec![self.get("sp"), self.get("st"), self.get("se"), &resource];
        let mut push = |names: &[&'static str]| {
            lines.extend(names.iter().map(|name| self.get(name)));
        };
        let delegated = self.kind() == SasKind::UserDelegation;
        if delegated {
            push(&["skoid", "sktid", "skt", "ske", "sks", "skv"]);
            if target.service == SasService::Blob && version >= "2020-02-10" {
                push(&["saoid", "suoid", "scid"]);
            }
            if version >= "2025-07-05" {
                push(&["skdutid", "sduoid"]);
            }
        } else {
            push(&["si"]);
        }
        push(&["sip", "spr", "sv"]);
        if target.service == SasService::Blob {
            if version >= "2018-11-09" {
                push(&["sr"]);
                lines.push(match self.get("sr") {
                    "bs" | "bv" => target.snapshot,
                    _ => "",
                });
            }
            if version >= "2020-12-06" {
                lines.push(self.get("ses"));
            }
            if delegated && version >= "2026-04-06" {
                lines.extend(["", ""]);
            }
        }
        lines.extend(RESPONSE_HEADERS.map(|name| self.get(name)));
        Ok(lines.join("\n"))
    }

    /// `/{service}/{account}/{container}[/{path}]`, as far as `sr` reaches.
    fn canonical_resource(
        &self,
        account: &str,
        target: &SasTarget<'_>,
    ) -> Result<String, StorageAuthError> {
        let path = match (self.get("sr"), target.service) {
            ("c", SasService::Blob) | ("s", SasService::File) => String::new(),
            ("b" | "bs" | "bv", SasService::Blob) | ("f", SasService::File) => {
                format!("/{}", target.path)
            }
            ("d", SasService::Blob) => self.directory(target.path)?,
            (other, _) => {
                return Err(malformed(format!(
                    "sr is '{}', which is no {} resource",
                    other.escape_default(),
                    target.service.segment()
                )));
            }
        };
        Ok(format!(
            "/{}/{account}/{}{path}",
            target.service.segment(),
            target.container
        ))
    }

    /// The first `sdd` segments of `path`, with a leading slash.
    fn directory(&self, path: &str) -> Result<String, StorageAuthError> {
        let depth: usize = self
            .get("sdd")
            .parse()
            .map_err(|_| malformed("sdd is not a number"))?;
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if segments.len() < depth {
            return Err(malformed("the path is above the signed directory"));
        }
        Ok(segments[..depth]
            .iter()
            .fold(String::new(), |path, segment| path + "/" + segment))
    }
}

fn malformed(text: impl Into<String>) -> StorageAuthError {
    StorageAuthError::MalformedSas(text.into())
}
