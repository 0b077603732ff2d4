//! Connection strings as ODBC and ADO.NET write them. What is read here is only kept and shown; the backend uses it.

mod grammar;
mod server;
#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf, time::Duration};

use azml_auth::{DatabaseConnection, DatabaseLogin, Secret};
use azml_core::env::{self, Environment};

use crate::error::{Error, Result};
use grammar::Pair;
pub use server::Server;

/// How to log in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Auth {
    /// A login of the server with its password.
    SqlLogin {
        /// The login.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// The identity of this process: Kerberos on Linux.
    Integrated,
    /// A bearer token for `https://database.windows.net/`.
    AccessToken(Secret),
}

/// How much of the connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encrypt {
    /// Everything; the certificate is checked. The default.
    #[default]
    Mandatory,
    /// Only the login, unless the server wants more.
    Optional,
    /// Everything, the greeting included, as TDS 8.0 has it.
    Strict,
}

/// Which of two equal keys counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeated {
    First,
    Last,
}

/// What [`ConnectionString::to_connection_string`] does with the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// It is written out.
    Include,
    /// `***` stands in its place.
    Mask,
}

/// A connection string. `Debug` and `Display` show no password, and it is wiped when the value is dropped.
///
/// ```
/// use azml_sqlml_remote::{Auth, ConnectionString};
///
/// let text = "Driver=SQL Server;Server=localhost;Database=irissql;Trusted_Connection=Yes;";
/// let connection = ConnectionString::parse(text)?;
/// assert_eq!(connection.server().port(), Some(1433));
/// assert_eq!(connection.database(), Some("irissql"));
/// assert!(matches!(connection.auth()?, Auth::Integrated));
/// # Ok::<(), azml_sqlml_remote::Error>(())
/// ```
#[derive(Clone)]
pub struct ConnectionString {
    server: Server,
    driver: Option<String>,
    database: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    access_token: Option<Secret>,
    trusted: bool,
    encrypt: Encrypt,
    trust_server_certificate: bool,
    host_name_in_certificate: Option<String>,
    server_certificate: Option<PathBuf>,
    application: Option<String>,
    workstation: Option<String>,
    timeout: Duration,
    packet_size: u16,
    read_only: bool,
}

/// The time for connection, TLS and login together.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The packets asked for: large ones carry a bulk load in fewer system calls. The protocol's most is 32767.
const PACKET_SIZE: u16 = 32_000;

impl ConnectionString {
    /// Reads a connection string with the rules of ODBC: of two equal keys the first counts.
    ///
    /// # Errors
    /// [`Error::ConnectionString`] naming the key that is unknown, missing, or has an unusable value;
    /// [`Error::UnsupportedTransport`].
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text, Repeated::First)
    }

    /// Reads a connection string with the rules of ADO.NET: of two equal keys the last counts.
    ///
    /// # Errors
    /// As [`ConnectionString::parse`].
    pub fn parse_ado(text: &str) -> Result<Self> {
        Self::read(text, Repeated::Last)
    }

    /// A connection to this server, `host`, `host,port` or `tcp:host\instance`, without a login.
    ///
    /// # Errors
    /// [`Error::UnsupportedTransport`], and [`Error::ConnectionString`] for a port that is none.
    pub fn to_server(server: &str) -> Result<Self> {
        Ok(Self {
            server: Server::parse(server)?,
            driver: None,
            database: None,
            user: None,
            password: None,
            access_token: None,
            trusted: false,
            encrypt: Encrypt::default(),
            trust_server_certificate: false,
            host_name_in_certificate: None,
            server_certificate: None,
            application: None,
            workstation: None,
            timeout: TIMEOUT,
            packet_size: PACKET_SIZE,
            read_only: false,
        })
    }

    /// The server and login that `AZML_SQL_HOST`, `AZML_SQL_PORT`, `AZML_SQL_USER` and `AZML_SQL_PASSWORD` name.
    ///
    /// # Errors
    /// [`Error::ConnectionString`] where there is no `AZML_SQL_HOST`.
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        let host = environment
            .get(env::SQL_HOST)
            .ok_or_else(|| Error::ConnectionString(format!("{} is not set", env::SQL_HOST)))?;
        let server = match environment.get(env::SQL_PORT) {
            Some(port) => format!("{host},{port}"),
            None => host,
        };
        let mut connection = Self::to_server(&server)?;
        connection.user = environment.get(env::SQL_USER);
        connection.password = environment.get(env::SQL_PASSWORD).map(Secret::new);
        Ok(connection)
    }

    /// The database that a datastore, or whoever else knows of one, describes.
    ///
    /// # Errors
    /// [`Error::ConnectionString`] for a host that is none, and for a kind of login that is not known here.
    pub fn to_database(database: &DatabaseConnection) -> Result<Self> {
        let server = match database.port {
            Some(port) => format!("{},{port}", database.host),
            None => database.host.clone(),
        };
        let auth = match &database.login {
            DatabaseLogin::Password { user, password } => Auth::SqlLogin {
                user: user.clone(),
                password: password.clone(),
            },
            DatabaseLogin::AccessToken(token) => Auth::AccessToken(token.clone()),
            _ => {
                return Err(Error::ConnectionString(
                    "this kind of login is not known".to_owned(),
                ));
            }
        };
        let connection = Self::to_server(&server)?.with_auth(auth);
        Ok(connection.with_database(&database.database))
    }

    fn read(text: &str, repeated: Repeated) -> Result<Self> {
        let mut pairs: Vec<Pair> = Vec::new();
        for pair in grammar::pairs(text)? {
            let canonical = canonical(&pair.key).ok_or_else(|| {
                Error::ConnectionString(format!("the key '{}' is not known", pair.key))
            })?;
            match pairs.iter_mut().find(|known| known.key == canonical) {
                Some(known) if repeated == Repeated::Last => known.value = pair.value,
                Some(_) => {}
                None => pairs.push(Pair {
                    key: canonical.to_owned(),
                    value: pair.value,
                }),
            }
        }
        let server = pairs
            .iter()
            .find(|pair| pair.key == "server")
            .ok_or_else(|| Error::ConnectionString("the key 'Server' is missing".to_owned()))?;
        let mut connection = Self::to_server(server.value.expose())?;
        for pair in &pairs {
            connection.set(&pair.key, pair.value.expose())?;
        }
        if connection.access_token.is_some() && connection.user.is_some() {
            return Err(Error::ConnectionString(
                "'UID' and 'AccessToken' cannot both be given".to_owned(),
            ));
        }
        Ok(connection)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let unusable =
            |what: &str| Error::ConnectionString(format!("the value of '{key}' is not {what}"));
        let flag = || grammar::flag(value).ok_or_else(|| unusable("yes or no"));
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match key {
            "server" => {}
            "driver" => self.driver = text(),
            "port" => self
                .server
                .set_port(value.parse().map_err(|_| unusable("a port"))?),
            "database" => self.database = text(),
            "uid" => self.user = text(),
            "pwd" => self.password = Some(Secret::new(value)),
            "accesstoken" => self.access_token = Some(Secret::new(value)),
            "trusted_connection" => {
                self.trusted = value.eq_ignore_ascii_case("sspi") || flag()?;
            }
            "authentication" => match value.to_ascii_lowercase().as_str() {
                "" | "sqlpassword" => {}
                "activedirectoryintegrated" => self.trusted = true,
                _ => {
                    return Err(Error::ConnectionString(format!(
                        "the value '{value}' of 'Authentication' is not supported; obtain a token and give it as the access token"
                    )));
                }
            },
            "encrypt" => {
                self.encrypt = match value.to_ascii_lowercase().as_str() {
                    "strict" => Encrypt::Strict,
                    "mandatory" => Encrypt::Mandatory,
                    "optional" => Encrypt::Optional,
                    _ if flag()? => Encrypt::Mandatory,
                    _ => Encrypt::Optional,
                }
            }
            "trustservercertificate" => self.trust_server_certificate = flag()?,
            "hostnameincertificate" => self.host_name_in_certificate = text(),
            "servercertificate" => self.server_certificate = text().map(PathBuf::from),
            "app" => self.application = text(),
            "wsid" => self.workstation = text(),
            "connection timeout" => {
                let seconds = value.parse().map_err(|_| unusable("a number of seconds"))?;
                self.timeout = Duration::from_secs(seconds);
            }
            "packet size" => {
                self.packet_size = value
                    .parse()
                    .ok()
                    .filter(|size| (512..=32_767).contains(size))
                    .ok_or_else(|| unusable("a number from 512 to 32767"))?;
            }
            "applicationintent" => {
                self.read_only = match value.to_ascii_lowercase().as_str() {
                    "readonly" => true,
                    "readwrite" => false,
                    _ => return Err(unusable("ReadOnly or ReadWrite")),
                }
            }
            "mars_connection" if flag()? => {
                return Err(Error::ConnectionString(
                    "'MARS_Connection=yes' is not supported".to_owned(),
                ));
            }
            _ => tracing::warn!(key, "this key of the connection string has no effect"),
        }
        Ok(())
    }

    /// How to log in. `Trusted_Connection=Yes` wins over a user, as it does in the drivers.
    ///
    /// # Errors
    /// [`Error::ConnectionString`] without any login.
    pub fn auth(&self) -> Result<Auth> {
        if self.trusted {
            return Ok(Auth::Integrated);
        }
        if let Some(token) = &self.access_token {
            return Ok(Auth::AccessToken(token.clone()));
        }
        match &self.user {
            Some(user) => Ok(Auth::SqlLogin {
                user: user.clone(),
                password: self.password.clone().unwrap_or_else(|| Secret::new("")),
            }),
            None => Err(Error::ConnectionString(
                "there is no login: give UID and PWD, Trusted_Connection=Yes, or an access token"
                    .to_owned(),
            )),
        }
    }

    /// The same connection with this login.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.trusted = false;
        self.user = None;
        self.password = None;
        self.access_token = None;
        match auth {
            Auth::SqlLogin { user, password } => {
                self.user = Some(user);
                self.password = Some(password);
            }
            Auth::Integrated => self.trusted = true,
            Auth::AccessToken(token) => self.access_token = Some(token),
        }
        self
    }

    /// The same connection to another database. The way to fill a placeholder in safely.
    #[must_use]
    pub fn with_database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The database to begin in; the login's default without one.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// How much is encrypted.
    #[must_use]
    pub fn encrypt(&self) -> Encrypt {
        self.encrypt
    }

    /// The time for connection, TLS and login together. Default: 15 s.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The packet size asked for, in bytes. Default: 32000.
    #[must_use]
    pub fn packet_size(&self) -> u16 {
        self.packet_size
    }

    /// Whether the server's certificate is taken without a check.
    #[must_use]
    pub fn trusts_server_certificate(&self) -> bool {
        self.trust_server_certificate
    }

    pub(crate) fn host_name_in_certificate(&self) -> Option<&str> {
        self.host_name_in_certificate.as_deref()
    }

    pub(crate) fn server_certificate(&self) -> Option<&PathBuf> {
        self.server_certificate.as_ref()
    }

    pub(crate) fn application(&self) -> &str {
        self.application.as_deref().unwrap_or("sqlml-remote")
    }

    pub(crate) fn workstation(&self) -> Option<&str> {
        self.workstation.as_deref()
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The connection string again; parsed, it gives an equal value.
    #[must_use]
    pub fn to_connection_string(&self, secrets: Secrets) -> String {
        let secret = |secret: &Secret| match secrets {
            Secrets::Include => secret.expose().to_owned(),
            Secrets::Mask => "***".to_owned(),
        };
        let yes = |set: bool| set.then(|| "Yes".to_owned());
        let encrypt = match self.encrypt {
            Encrypt::Mandatory => None,
            Encrypt::Optional => Some("Optional".to_owned()),
            Encrypt::Strict => Some("Strict".to_owned()),
        };
        let pairs = [
            ("Driver", self.driver.clone()),
            ("Server", Some(self.server.to_string())),
            ("Database", self.database.clone()),
            ("UID", self.user.clone()),
            ("PWD", self.password.as_ref().map(secret)),
            ("AccessToken", self.access_token.as_ref().map(secret)),
            ("Trusted_Connection", yes(self.trusted)),
            ("Encrypt", encrypt),
            ("TrustServerCertificate", yes(self.trust_server_certificate)),
            (
                "HostNameInCertificate",
                self.host_name_in_certificate.clone(),
            ),
            (
                "ServerCertificate",
                self.server_certificate
                    .as_ref()
                    .map(|path| path.display().to_string()),
            ),
            ("APP", self.application.clone()),
            ("WSID", self.workstation.clone()),
            (
                "Connection Timeout",
                (self.timeout != TIMEOUT).then(|| self.timeout.as_secs().to_string()),
            ),
            (
                "Packet Size",
                (self.packet_size != PACKET_SIZE).then(|| self.packet_size.to_string()),
            ),
            (
                "ApplicationIntent",
                self.read_only.then(|| "ReadOnly".to_owned()),
            ),
        ];
        let pairs = pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        pairs
            .map(|(key, value)| format!("{key}={};", grammar::quoted(&value)))
            .collect()
    }
}

impl std::str::FromStr for ConnectionString {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_connection_string(Secrets::Mask))
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionString({self})")
    }
}

/// The one name of a key; `None` for a key that nobody knows.
fn canonical(key: &str) -> Option<&'static str> {
    const ALIASES: &[(&str, &[&str])] = &[
        (
            "server",
            &["address", "addr", "network address", "data source"],
        ),
        ("driver", &[]),
        ("port", &[]),
        ("database", &["initial catalog"]),
        ("uid", &["user", "user id", "username"]),
        ("pwd", &["password"]),
        ("accesstoken", &["access token"]),
        ("trusted_connection", &["integrated security"]),
        ("authentication", &[]),
        ("encrypt", &[]),
        ("trustservercertificate", &["trust server certificate"]),
        ("hostnameincertificate", &["host name in certificate"]),
        ("servercertificate", &["server certificate"]),
        ("app", &["application name"]),
        ("wsid", &["workstation id"]),
        (
            "connection timeout",
            &["connect timeout", "logintimeout", "timeout"],
        ),
        ("packet size", &[]),
        ("applicationintent", &["application intent"]),
        ("mars_connection", &["multipleactiveresultsets"]),
        ("multisubnetfailover", &[]),
        ("regional", &[]),
        ("autotranslate", &[]),
        ("language", &[]),
        ("columnencryption", &[]),
        ("clientcharset", &[]),
        ("tds_version", &[]),
    ];
    let key = key.to_ascii_lowercase();
    let found = ALIASES
        .iter()
        .find(|(name, aliases)| *name == key || aliases.contains(&key.as_str()));
    found.map(|(name, _)| *name)
}
