//! The ports of an emulator: their fixed numbers, their order, and the bound
//! sockets. Knows no protocol above TCP.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::TcpListener;
use url::Url;

use crate::{StartError, config::Config};

/// A port, in the order in which `port_base` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Port {
    /// Blob storage.
    Blob,
    /// File shares.
    File,
    /// Data lake storage, which also answers the blob operations.
    Dfs,
    /// The plain listener that all services share.
    Http,
    /// Its TLS twin.
    Https,
    /// SQL Server.
    Sql,
}

impl Port {
    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::File => "file",
            Self::Dfs => "dfs",
            Self::Http => "http",
            Self::Https => "https",
            Self::Sql => "SQL Server",
        }
    }

    /// Where it listens without `port_base`.
    fn fixed(self) -> u16 {
        match self {
            Self::Blob => 10000,
            Self::File => 10003,
            Self::Dfs => 10004,
            Self::Http => 10010,
            Self::Https => 10011,
            Self::Sql => 1433,
        }
    }

    /// Where it listens when another program has its fixed port.
    fn alternative(self) -> Option<u16> {
        match self {
            Self::Sql => Some(11433),
            _ => None,
        }
    }

    /// Its place in the order blob, file, dfs, http, https, SQL.
    fn offset(self) -> u16 {
        match self {
            Self::Blob => 0,
            Self::File => 1,
            Self::Dfs => 2,
            Self::Http => 3,
            Self::Https => 4,
            Self::Sql => 5,
        }
    }
}

/// The bound sockets of one port: one, or for loopback one per IP version.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) port: Port,
    pub(crate) sockets: Vec<TcpListener>,
}

/// Where the emulator can be reached.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    bind: IpAddr,
    numbers: BTreeMap<Port, u16>,
}

impl Endpoints {
    /// The number of a bound port; 0 for one that is not bound.
    pub(crate) fn number(&self, port: Port) -> u16 {
        self.numbers.get(&port).copied().unwrap_or(0)
    }

    /// Every bound port.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (Port, u16)> + '_ {
        self.numbers.iter().map(|(port, number)| (*port, *number))
    }

    /// An address that clients on this machine, or on the bound network, reach.
    pub(crate) fn address(&self) -> IpAddr {
        match self.bind {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
                Ipv4Addr::LOCALHOST.into()
            }
            address => address,
        }
    }

    /// The same as a host name where there is one: TLS clients want names.
    pub(crate) fn host(&self) -> String {
        match self.address() {
            address if address.is_loopback() => "localhost".to_owned(),
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }

    /// `http://ADDRESS:PORT` of a plain port.
    pub(crate) fn http(&self, port: Port) -> String {
        format!(
            "http://{}",
            SocketAddr::new(self.address(), self.number(port))
        )
    }

    /// `https://HOST:PORT` of the TLS port.
    pub(crate) fn https(&self) -> String {
        format!("https://{}:{}", self.host(), self.number(Port::Https))
    }

    /// One of the two above as a URL.
    pub(crate) fn url(text: &str) -> Result<Url, StartError> {
        Url::parse(text).map_err(|error| StartError::Service {
            service: "http",
            reason: format!("{text} is no URL: {error}"),
        })
    }
}

/// Binds `wanted`, all or none.
pub(crate) async fn bind(
    config: &Config,
    wanted: &[Port],
) -> Result<(Vec<Bound>, Endpoints), StartError> {
    let mut bound = Vec::with_capacity(wanted.len());
    let mut numbers = BTreeMap::new();
    for &port in wanted {
        let number = match config.port_base {
            None => port.fixed(),
            Some(0) => 0,
            Some(base) => base.saturating_add(port.offset()),
        };
        let listen = |source| StartError::Listen {
            name: port.name(),
            port: number,
            source,
        };
        let sockets = match (bind_one(config.bind, number).await, port.alternative()) {
            (Err(error), Some(other))
                if config.port_base.is_none() && error.kind() == io::ErrorKind::AddrInUse =>
            {
                bind_one(config.bind, other).await
            }
            (bound, _) => bound,
        };
        let sockets = sockets.map_err(listen)?;
        let number = match sockets.first() {
            Some(socket) => socket.local_addr().map_err(listen)?.port(),
            None => number,
        };
        numbers.insert(port, number);
        bound.push(Bound { port, sockets });
    }
    let endpoints = Endpoints {
        bind: config.bind,
        numbers,
    };
    Ok((bound, endpoints))
}

async fn bind_one(address: IpAddr, number: u16) -> io::Result<Vec<TcpListener>> {
    const ATTEMPTS: usize = 16;
    let mut held = Vec::new();
    loop {
        let first = TcpListener::bind((address, number)).await?;
        if address != IpAddr::V4(Ipv4Addr::LOCALHOST) {
            return Ok(vec![first]);
        }
        // `localhost` is ::1 first for many clients: answer there too, so that
        // nobody else does.
        let chosen = first.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, chosen)).await {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if number != 0 || held.len() == ATTEMPTS {
                    return Err(error);
                }
                // Kept open, so that the next attempt gets another number.
                held.push(first);
            }
            // A machine without IPv6.
            Err(_) => return Ok(vec![first]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Emulator;

    #[tokio::test]
    async fn localhost_is_answered_on_both_ip_versions_or_refused() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            return;
        };
        let number = other.local_addr().unwrap().port();
        let error = bind_one(Ipv4Addr::LOCALHOST.into(), number)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let free = bind_one(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
        assert_eq!(free.len(), 2);
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let number = other.local_addr().unwrap().port();
        // The first port of the range, so that no other one can be in its way.
        let error = Emulator::builder()
            .port_base(number)
            .start()
            .await
            .unwrap_err();
        assert!(error.to_string().contains(&number.to_string()), "{error}");
        assert!(error.hint().unwrap().contains("--port-base"));
    }
}
