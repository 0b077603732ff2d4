//! The address of a storage service, from what a datastore says of it.

use std::net::IpAddr;

use azure_core::http::Url;

use crate::error::{Error, Result};

/// Where storage accounts of the public cloud are.
const PUBLIC: &str = "core.windows.net";

/// Where the services of the storage account are, in place of what registrations say.
/// What is not set is taken from the registration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageEndpoints {
    /// The blob service of the account, for example `http://127.0.0.1:10000/devstoreaccount1`.
    pub blob: Option<Url>,
    /// The file service of the account.
    pub file: Option<Url>,
    /// The data lake service of the account.
    pub dfs: Option<Url>,
}

impl StorageEndpoints {
    pub(super) fn of(&self, service: &str) -> Option<&Url> {
        match service {
            "blob" => self.blob.as_ref(),
            "file" => self.file.as_ref(),
            _ => self.dfs.as_ref(),
        }
    }
}

/// The base address of `service` (`blob`, `file`, `dfs`) of an account.
///
/// Usually `{protocol}://{account}.{service}.{endpoint}`. An endpoint that is a whole URL, or
/// whose host is an address, has the account as the first part of the path.
pub(super) fn service_url(
    service: &str,
    account: &str,
    endpoint: Option<&str>,
    protocol: Option<&str>,
) -> Result<Url> {
    let endpoint = endpoint.filter(|text| !text.is_empty()).unwrap_or(PUBLIC);
    let protocol = protocol.filter(|text| !text.is_empty()).unwrap_or("https");
    let text = if endpoint.contains("://") {
        format!("{}/{account}/", endpoint.trim_end_matches('/'))
    } else if is_address(endpoint) {
        format!("{protocol}://{endpoint}/{account}/")
    } else {
        format!("{protocol}://{account}.{service}.{endpoint}/")
    };
    Url::parse(&text).map_err(|error| {
        Error::usage(format!(
            "the storage endpoint '{endpoint}' is not usable: {error}"
        ))
    })
}

fn is_address(endpoint: &str) -> bool {
    let host = match endpoint.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => endpoint,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: Option<&str>, protocol: Option<&str>) -> String {
        service_url("blob", "acct", endpoint, protocol)
            .unwrap()
            .into()
    }

    /// storage EP-01, EP-02, EP-03, EP-04.
    #[test]
    fn endpoints_become_addresses() {
        assert_eq!(url(None, None), "https://acct.blob.core.windows.net/");
        assert_eq!(
            url(Some("localhost:10011"), None),
            "https://acct.blob.localhost:10011/"
        );
        assert_eq!(
            url(Some("core.chinacloudapi.cn"), Some("http")),
            "http://acct.blob.core.chinacloudapi.cn/"
        );
        assert_eq!(
            url(Some("127.0.0.1:10000"), Some("http")),
            "http://127.0.0.1:10000/acct/"
        );
        assert_eq!(
            url(Some("[::1]:10000"), Some("http")),
            "http://[::1]:10000/acct/"
        );
        assert_eq!(
            url(Some("http://azurite:10000"), None),
            "http://azurite:10000/acct/"
        );
    }
}
