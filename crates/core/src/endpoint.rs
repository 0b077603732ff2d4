//! Base addresses of services and the URLs below them.

use std::net::IpAddr;

use azure_core::http::Url;

use crate::{Error, ErrorKind, Result};

/// Parses the base address of a service. The path gets a trailing slash, so that no segment of it is lost when a
/// relative path is joined.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for anything but an absolute http or https URL with a host and without user
/// information, query and fragment.
///
/// ```
/// let base = azml_core::endpoint::parse("http://127.0.0.1:10010/x").unwrap();
/// assert_eq!(base.as_str(), "http://127.0.0.1:10010/x/");
/// ```
pub fn parse(text: &str) -> Result<Url> {
    let refuse = |why: &str| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("the endpoint is not usable: {why}"),
        )
        .with_hint("give an absolute address such as https://studio.azureml.net")
    };
    let mut url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("only http and https addresses are"));
    }
    if !url.has_host() {
        return Err(refuse("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it holds a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it has a query or fragment"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// The URL below `base` with these path segments, each percent-encoded as a whole (`/`, `?`, `#` and `%` included).
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for a segment that is empty, `.` or `..`: no server could tell it from the path.
///
/// ```
/// let base = azml_core::endpoint::parse("http://127.0.0.1:10010").unwrap();
/// let url = azml_core::endpoint::join(&base, &["api", "workspaces", "a/b", "Results dataset"]).unwrap();
/// assert_eq!(url.path(), "/api/workspaces/a%2Fb/Results%20dataset");
/// ```
pub fn join(base: &Url, segments: &[&str]) -> Result<Url> {
    if let Some(bad) = segments
        .iter()
        .find(|segment| matches!(**segment, "" | "." | ".."))
    {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("'{bad}' cannot be part of a service's address"),
        ));
    }
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| {
            Error::new(
                ErrorKind::InvalidArgument,
                "the endpoint has no path to add to",
            )
        })?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// Whether both URLs have the same scheme, host and port: the reach of a credential.
#[must_use]
pub fn same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

/// Whether the URL's host is this machine: `localhost`, `*.localhost`, `127.0.0.0/8` or `::1`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// [`is_loopback`] for a host alone; an IPv6 address may stand in brackets.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => {
            let host = host.to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deviation D-01 of the Studio protocol: a prefix in the endpoint is never lost (studio S-008).
    #[test]
    fn the_path_of_an_endpoint_is_kept() {
        for (endpoint, expected) in [
            ("http://h:1", "http://h:1/api/workspaces"),
            ("http://h:1/", "http://h:1/api/workspaces"),
            ("http://h:1/x", "http://h:1/x/api/workspaces"),
            ("http://h:1/x/", "http://h:1/x/api/workspaces"),
        ] {
            let base = parse(endpoint).unwrap();
            assert_eq!(
                join(&base, &["api", "workspaces"]).unwrap().as_str(),
                expected
            );
        }
    }

    #[test]
    fn unusable_endpoints_are_refused_without_showing_secrets() {
        for endpoint in [
            "",
            "studio",
            "ftp://h/",
            "mailto:a@b",
            "http://u:secret@h/",
            "http://h/?sig=secret",
        ] {
            let error = parse(endpoint).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{endpoint}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn segments_that_would_change_the_path_are_refused() {
        let base = parse("http://h").unwrap();
        for segment in ["", ".", ".."] {
            assert!(join(&base, &["a", segment]).is_err(), "{segment:?}");
        }
        assert_eq!(
            join(&base, &["..%2f", "100%"]).unwrap().path(),
            "/..%252f/100%25"
        );
    }

    #[test]
    fn loopback_is_told_from_lookalikes() {
        for host in [
            "localhost",
            "a.LOCALHOST",
            "127.0.0.9",
            "[::1]",
            "localhost.",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "localhost.example.com",
            "notlocalhost",
            "128.0.0.1",
            "example.com",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
