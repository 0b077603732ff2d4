//! Conditional headers: whether a request may go on, given the object it meets.

use super::error::{Code, Result, StorageError};
use super::request::Call;
use super::time::{Ticks, parse_http_date};

/// Entity tag and time of an object, as far as conditions look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) etag: u64,
    pub(crate) modified: Ticks,
}

/// Writes an entity tag without its quotes.
pub(crate) fn etag_text(etag: u64) -> String {
    format!("0x{etag:X}")
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tag {
    Any,
    One(String),
}

/// The conditions of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    if_match: Option<Tag>,
    if_none_match: Option<Tag>,
    modified_since: Option<Ticks>,
    unmodified_since: Option<Ticks>,
    /// What is there may not be replaced, by the credential.
    create_only: bool,
    /// The lease that the caller says to hold.
    lease: Option<String>,
}

impl Conditions {
    /// Nothing may be there yet.
    pub(crate) fn absent() -> Self {
        Self {
            if_none_match: Some(Tag::Any),
            ..Self::default()
        }
    }

    /// The conditions on the object that the request addresses.
    ///
    /// # Errors
    /// A date that cannot be read.
    pub(crate) fn parse(call: &Call) -> Result<Self> {
        if call.optional_header("x-ms-if-tags").is_some() {
            return Err(StorageError::not_implemented("the x-ms-if-tags condition"));
        }
        Self::read(call, "", "x-ms-lease-id")
    }

    /// The conditions on the source of a copy.
    ///
    /// # Errors
    /// A date that cannot be read.
    pub(crate) fn parse_source(call: &Call) -> Result<Self> {
        Self::read(call, "x-ms-source-", "x-ms-source-lease-id")
    }

    fn read(call: &Call, prefix: &str, lease: &str) -> Result<Self> {
        let tag = |name: &str| {
            call.optional_header(&format!("{prefix}{name}"))
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| match text {
                    "*" => Tag::Any,
                    text => Tag::One(text.trim_matches('"').to_owned()),
                })
        };
        let date = |name: &str| {
            let name = format!("{prefix}{name}");
            call.optional_header(&name)
                .filter(|text| !text.is_empty())
                .map(|text| parse_http_date(text).ok_or_else(|| StorageError::header(&name)))
                .transpose()
        };
        Ok(Self {
            if_match: tag("if-match"),
            if_none_match: tag("if-none-match"),
            modified_since: date("if-modified-since")?,
            unmodified_since: date("if-unmodified-since")?,
            create_only: false,
            lease: call.optional_header(lease).map(str::to_owned),
        })
    }

    /// The lease that the caller says to hold.
    pub(crate) fn lease(&self) -> Option<&str> {
        self.lease.as_deref()
    }

    /// Adds that nothing may be there, because the credential only allows to create.
    pub(crate) fn forbid_replacement(&mut self) {
        self.create_only = true;
    }

    /// Checks a read. `Ok(false)` means "not modified" (304).
    ///
    /// # Errors
    /// [`Code::ConditionNotMet`].
    pub(crate) fn check_read(&self, version: Version) -> Result<bool> {
        self.check_match(Some(version))?;
        if self.matches(self.if_none_match.as_ref(), Some(version)) {
            return Ok(false);
        }
        // A tag that differs decides alone: the date does not count any more.
        if self.if_none_match.is_none() && self.is_unmodified(version) {
            return Ok(false);
        }
        Ok(true)
    }

    /// Checks a write over what is there, or over nothing.
    ///
    /// # Errors
    /// [`Code::ConditionNotMet`]; `exists` when the object must not be there and is.
    pub(crate) fn check_write(&self, version: Option<Version>, exists: Code) -> Result<()> {
        self.check_match(version)?;
        if self.matches(self.if_none_match.as_ref(), version) {
            return Err(match self.if_none_match {
                Some(Tag::Any) => exists.into(),
                _ => Code::ConditionNotMet.into(),
            });
        }
        if version.is_some_and(|version| self.is_unmodified(version)) {
            return Err(Code::ConditionNotMet.into());
        }
        if self.create_only && version.is_some() {
            return Err(Code::AuthorizationPermissionMismatch.into());
        }
        Ok(())
    }

    /// Checks the source of a copy.
    ///
    /// # Errors
    /// [`Code::SourceConditionNotMet`].
    pub(crate) fn check_source(&self, version: Version) -> Result<()> {
        match self.check_write(Some(version), Code::SourceConditionNotMet) {
            Ok(()) => Ok(()),
            Err(_) => Err(Code::SourceConditionNotMet.into()),
        }
    }

    fn check_match(&self, version: Option<Version>) -> Result<()> {
        let changed = version.is_some_and(|version| {
            self.unmodified_since
                .is_some_and(|since| version.modified.whole_seconds() > since)
        });
        if changed || (self.if_match.is_some() && !self.matches(self.if_match.as_ref(), version)) {
            return Err(Code::ConditionNotMet.into());
        }
        Ok(())
    }

    fn matches(&self, tag: Option<&Tag>, version: Option<Version>) -> bool {
        match (tag, version) {
            (Some(Tag::Any), Some(_)) => true,
            (Some(Tag::One(text)), Some(version)) => *text == etag_text(version.etag),
            _ => false,
        }
    }

    fn is_unmodified(&self, version: Version) -> bool {
        self.modified_since
            .is_some_and(|since| version.modified.whole_seconds() <= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: Version = Version {
        etag: 0x8DC,
        // 2015-06-26 23:39:12 UTC and a bit.
        modified: Ticks(130_798_355_520_000_007),
    };

    fn conditions(headers: &[(&str, &str)]) -> Conditions {
        let mut builder = axum::http::Request::builder().uri("/a/c/b");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        Conditions::parse(&Call::new(&parts).unwrap()).unwrap()
    }

    fn read(name: &str, value: &str) -> Result<bool, Code> {
        conditions(&[(name, value)])
            .check_read(VERSION)
            .map_err(|error| error.code())
    }

    fn write(name: &str, value: &str, version: Option<Version>) -> Result<(), Code> {
        conditions(&[(name, value)])
            .check_write(version, Code::BlobAlreadyExists)
            .map_err(|error| error.code())
    }

    const BEFORE: &str = "Fri, 26 Jun 2015 23:39:11 GMT";
    const SAME: &str = "Fri, 26 Jun 2015 23:39:12 GMT";

    /// storage ST-20, ST-21, ST-22, ST-23.
    #[test]
    fn reads() {
        assert_eq!(VERSION.modified.http_date(), SAME);
        assert_eq!(read("if-match", "\"0x8DC\""), Ok(true));
        assert_eq!(read("if-match", "*"), Ok(true));
        assert_eq!(read("if-match", "\"0x8DD\""), Err(Code::ConditionNotMet));
        assert_eq!(read("if-none-match", "\"0x8DC\""), Ok(false));
        assert_eq!(read("if-none-match", "*"), Ok(false));
        assert_eq!(read("if-none-match", "\"0x8DD\""), Ok(true));
        assert_eq!(read("if-modified-since", SAME), Ok(false));
        assert_eq!(read("if-modified-since", BEFORE), Ok(true));
        assert_eq!(read("if-unmodified-since", SAME), Ok(true));
        assert_eq!(
            read("if-unmodified-since", BEFORE),
            Err(Code::ConditionNotMet)
        );
    }

    /// storage ST-24, ST-25, ST-26.
    #[test]
    fn writes() {
        let there = Some(VERSION);
        assert_eq!(write("if-none-match", "*", None), Ok(()));
        assert_eq!(
            write("if-none-match", "*", there),
            Err(Code::BlobAlreadyExists)
        );
        assert_eq!(
            write("if-none-match", "0x8DC", there),
            Err(Code::ConditionNotMet)
        );
        assert_eq!(write("if-match", "\"0x8DC\"", there), Ok(()));
        assert_eq!(write("if-match", "*", None), Err(Code::ConditionNotMet));
        assert_eq!(
            write("if-match", "\"0x1\"", None),
            Err(Code::ConditionNotMet)
        );
        assert_eq!(
            write("if-modified-since", SAME, there),
            Err(Code::ConditionNotMet)
        );
        assert_eq!(
            write("if-unmodified-since", BEFORE, there),
            Err(Code::ConditionNotMet)
        );
        assert_eq!(write("if-unmodified-since", BEFORE, None), Ok(()));
    }
}
