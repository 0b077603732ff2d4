//! The text that a Shared Key signature covers. Pure functions over names and
//! values; nothing here knows an HTTP library or holds a key.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::fmt::Write;

use super::collation;

/// How `x-ms-*` headers are ordered in the string to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderOrder {
    /// The order the service itself uses (see the official Python and JavaScript clients).
    Service,
    /// Plain byte order, used by many other clients. Both orders agree unless two
    /// names differ where one has a dash or an underscore.
    Bytes,
}

/// A request as the Shared Key scheme sees it.
///
/// `path` and `query` are taken as they stand in the request line: percent-encoded,
/// the path with its leading slash, the query without the question mark.
#[derive(Clone, Copy, Debug)]
pub struct SignableRequest<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// Encoded path, for example `/devstoreaccount1/photos/a%20b.jpg`.
    pub path: &'a str,
    /// Encoded query without `?`; empty when there is none.
    pub query: &'a str,
    /// Every header, in any order and any case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Length of the body. A length of zero signs as the empty text.
    pub content_length: u64,
}

impl SignableRequest<'_> {
    /// The string to sign for `account`.
    pub fn string_to_sign(&self, account: &str, order: HeaderOrder) -> String {
        let mut text = String::with_capacity(512);
        text.push_str(self.method);
        text.push('\n');
        for name in ["content-encoding", "content-language"] {
            self.push_standard(&mut text, name);
        }
        if self.content_length > 0 {
            write!(text, "{}", self.content_length).expect("writing to a String cannot fail");
        }
        text.push('\n');
        for name in ["content-md5", "content-type"] {
            self.push_standard(&mut text, name);
        }
        // With x-ms-date the Date header does not count, whatever it says.
        if self.header("x-ms-date").is_none() {
            text.push_str(self.header("date").unwrap_or_default());
        }
        text.push('\n');
        for name in [
            "if-modified-since",
            "if-match",
            "if-none-match",
            "if-unmodified-since",
            "range",
        ] {
            self.push_standard(&mut text, name);
        }
        self.push_service_headers(&mut text, order);
        text.push('/');
        text.push_str(account);
        text.push_str(self.path);
        push_query(&mut text, self.query);
        text
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    fn push_standard(&self, text: &mut String, name: &str) {
        text.push_str(self.header(name).unwrap_or_default());
        text.push('\n');
    }

    fn push_service_headers(&self, text: &mut String, order: HeaderOrder) {
        let mut headers: Vec<(String, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
            .filter(|(name, _)| name.starts_with("x-ms-"))
            .collect();
        match order {
            HeaderOrder::Service => headers.sort_by(|a, b| collation::compare(&a.0, &b.0)),
            HeaderOrder::Bytes => headers.sort_by(|a, b| a.0.cmp(&b.0)),
        }
        for (name, value) in headers {
            text.push_str(&name);
            text.push(':');
            text.push_str(value);
            text.push('\n');
        }
    }
}

/// Appends one line per query parameter name: names lower-cased and sorted, values
/// decoded, the values of a repeated name sorted and joined by commas.
fn push_query(text: &mut String, query: &str) {
    let mut pairs: Vec<(String, Cow<'_, str>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name).to_lowercase(), decode(value))
        })
        .collect();
    pairs.sort();
    let mut previous: Option<&str> = None;
    for (name, value) in &pairs {
        if previous == Some(name) {
            text.push(',');
        } else {
            text.push('\n');
            text.push_str(name);
            text.push(':');
        }
        text.push_str(value);
        previous = Some(name);
    }
}

/// Percent-decoding only: a `+` in a storage query is a plus sign.
fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected texts of the first two tests stand in the public documentation
    // ("Authorize with Shared Key", sections on the 2009-09-19 format and later).

    #[test]
    fn get_container_metadata() {
        let request = SignableRequest {
            method: "GET",
            path: "/mycontainer",
            query: "restype=container&comp=metadata&timeout=20",
            headers: &[
                ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"),
                ("x-ms-version", "2015-02-21"),
            ],
            content_length: 0,
        };
        assert_eq!(
            request.string_to_sign("myaccount", HeaderOrder::Service),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
             /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
        );
    }

    #[test]
    fn repeated_query_values_are_sorted_and_joined() {
        let mut text = String::new();
        push_query(
            &mut text,
            "restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
        );
        assert_eq!(
            text,
            "\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container"
        );
    }

    #[test]
    fn a_body_signs_its_length_and_standard_headers() {
        let request = SignableRequest {
            method: "PUT",
            path: "/devstoreaccount1/c/a%20b%2Bc",
            query: "",
            headers: &[
                ("Content-Type", "text/plain; charset=UTF-8"),
                ("Date", "ignored when x-ms-date is there"),
                ("If-None-Match", "*"),
                ("X-MS-Date", "  Fri, 26 Jun 2015 23:39:12 GMT "),
                ("x-ms-blob-type", "BlockBlob"),
            ],
            content_length: 11,
        };
        assert_eq!(
            request.string_to_sign("devstoreaccount1", HeaderOrder::Bytes),
            "PUT\n\n\n11\n\ntext/plain; charset=UTF-8\n\n\n\n*\n\n\n\
             x-ms-blob-type:BlockBlob\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n\
             /devstoreaccount1/devstoreaccount1/c/a%20b%2Bc"
        );
    }

    #[test]
    fn date_counts_only_without_x_ms_date() {
        let request = SignableRequest {
            method: "GET",
            path: "/c",
            query: "a=%2B+x&Marker=",
            headers: &[("date", "D")],
            content_length: 0,
        };
        assert_eq!(
            request.string_to_sign("a", HeaderOrder::Service),
            "GET\n\n\n\n\n\nD\n\n\n\n\n\n/a/c\na:++x\nmarker:"
        );
    }
}
