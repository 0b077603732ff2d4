//! The server of a connection string: host, instance, port.

use std::fmt;

use crate::error::{Error, Result};

const DEFAULT_PORT: u16 = 1433;

/// Where a SQL Server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    instance: Option<String>,
    port: Option<u16>,
}

impl Server {
    /// Reads `[tcp:]host[\instance][,port]`. `.`, `(local)` and an empty host are this machine.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let unsupported = || Error::UnsupportedTransport(text.to_owned());
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("(localdb)") || text.starts_with("\\\\") {
            return Err(unsupported());
        }
        let mut rest = text;
        for transport in ["np:", "lpc:", "admin:", "tcp:"] {
            if lower.starts_with(transport) {
                if transport != "tcp:" {
                    return Err(unsupported());
                }
                rest = text[transport.len()..].trim();
            }
        }
        let (rest, port) = match rest.rsplit_once(',') {
            Some((rest, port)) => {
                let port = port.trim().parse().map_err(|_| {
                    Error::ConnectionString(format!("'{}' is not a port", port.trim()))
                })?;
                (rest.trim(), Some(port))
            }
            None => (rest, None),
        };
        let (host, instance) = match rest.split_once('\\') {
            Some((host, instance)) => (host.trim(), Some(instance.trim().to_owned())),
            None => (rest, None),
        };
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let host = match host.to_ascii_lowercase().as_str() {
            "" | "." | "(local)" => "localhost",
            _ => host,
        };
        Ok(Self {
            host: host.to_owned(),
            // The default instance by its name is no named instance.
            instance: instance
                .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("mssqlserver")),
            port,
        })
    }

    /// The name or address of the host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The named instance.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// The port: the one given, else 1433; `None` for a named instance, which its host's browser service is asked for.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match (self.port, &self.instance) {
            (Some(port), _) => Some(port),
            (None, Some(_)) => None,
            (None, None) => Some(DEFAULT_PORT),
        }
    }

    pub(super) fn set_port(&mut self, port: u16) {
        self.port.get_or_insert(port);
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(instance) = &self.instance {
            write!(f, "\\{instance}")?;
        }
        if let Some(port) = self.port {
            write!(f, ",{port}")?;
        }
        Ok(())
    }
}
