//! The certificate authority of a data directory and its server certificate.
//! Serves no connection and knows no service.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use azml_core::clock::Clock;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{
    StartError,
    state::{self, DataDir, random_hex, write_private},
};

/// Names every server certificate is for.
const NAMES: [&str; 11] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "*.azuredatalakestore.localhost",
    "*.azuredatalakeanalytics.localhost",
    "*.blob.localhost",
    "*.file.localhost",
    "*.dfs.localhost",
    "*.database.localhost",
    "login.localhost",
    "management.localhost",
];
/// Clients refuse server certificates that live longer than 398 days.
const SERVER_DAYS: i64 = 397;
const AUTHORITY_DAYS: i64 = 3650;
const RENEW_DAYS: i64 = 30;

/// What is known of the certificates without parsing them.
#[derive(Serialize, Deserialize)]
struct Record {
    authority: String,
    #[serde(with = "time::serde::timestamp")]
    authority_begins: OffsetDateTime,
    #[serde(with = "time::serde::timestamp")]
    authority_ends: OffsetDateTime,
    #[serde(with = "time::serde::timestamp")]
    server_ends: OffsetDateTime,
    names: Vec<String>,
}

/// The certificates in use.
#[derive(Debug, Clone)]
pub(crate) struct Certificates {
    /// The PEM text of the authority, for clients.
    pub(crate) ca_pem: String,
    /// The file with that text.
    pub(crate) ca_path: PathBuf,
    /// For listeners; HTTP listeners set their protocols in a copy.
    pub(crate) server: Arc<ServerConfig>,
}

impl Certificates {
    /// Reads the certificates of `directory`, or makes those that are missing,
    /// about to expire, or not for all of `names`.
    pub(crate) fn load(
        directory: &DataDir,
        clock: &dyn Clock,
        names: &[String],
    ) -> Result<Self, StartError> {
        let files = Paths::new(directory.path());
        let mut wanted: Vec<String> = NAMES.map(str::to_owned).to_vec();
        wanted.extend(
            names
                .iter()
                .filter(|name| !NAMES.contains(&name.as_str()))
                .cloned(),
        );
        let now = clock.now();
        let soon = now + Duration::days(RENEW_DAYS);
        let record = files.record()?;
        let record = match record {
            Some(record) if record.authority_ends > soon => record,
            _ => make_authority(&files, now)?,
        };
        if record.server_ends <= soon || record.names != wanted {
            make_server(&files, record, wanted, now)?;
        }
        let read =
            |path: &Path| fs::read_to_string(path).map_err(state::Error::io("reading", path));
        Ok(Self {
            ca_pem: read(&files.ca)?,
            server: Arc::new(server_config(
                &read(&files.server)?,
                &read(&files.server_key)?,
            )?),
            ca_path: files.ca,
        })
    }
}

impl Certificates {
    /// The same certificate for TLS 1.2 alone. TDS wraps the handshake in packets of its own until it is done, and in
    /// TLS 1.3 clients do not agree on when that is: FreeTDS never flushes its last flight.
    pub(crate) fn server_tls12(&self) -> Result<Arc<ServerConfig>, StartError> {
        let config = ServerConfig::builder_with_provider(Arc::clone(self.server.crypto_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .map_err(failed)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.server.cert_resolver));
        Ok(Arc::new(config))
    }
}

struct Paths {
    ca: PathBuf,
    ca_key: PathBuf,
    server: PathBuf,
    server_key: PathBuf,
    record: PathBuf,
}

impl Paths {
    fn new(directory: &Path) -> Self {
        Self {
            ca: directory.join("ca.pem"),
            ca_key: directory.join("ca.key"),
            server: directory.join("server.pem"),
            server_key: directory.join("server.key"),
            record: directory.join("tls.json"),
        }
    }

    /// What was made before; an unreadable record counts as nothing made.
    fn record(&self) -> Result<Option<Record>, state::Error> {
        match fs::read(&self.record) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(state::Error::io("reading", &self.record)(error)),
        }
    }

    fn write_record(&self, record: &Record) -> Result<(), StartError> {
        let text = serde_json::to_vec(record).map_err(failed)?;
        Ok(write_private(&self.record, &text)?)
    }
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Tls {
        reason: error.to_string(),
    }
}

fn make_authority(files: &Paths, now: OffsetDateTime) -> Result<Record, StartError> {
    let record = Record {
        // Two directories have different authorities, by name too.
        authority: format!("azml emulator CA {}", random_hex::<4>()?),
        authority_begins: now - Duration::days(1),
        authority_ends: now + Duration::days(AUTHORITY_DAYS),
        server_ends: OffsetDateTime::UNIX_EPOCH,
        names: Vec::new(),
    };
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = authority(&record).self_signed(&key).map_err(failed)?;
    write_private(&files.ca_key, key.serialize_pem().as_bytes())?;
    write_private(&files.ca, certificate.pem().as_bytes())?;
    files.write_record(&record)?;
    Ok(record)
}

fn authority(record: &Record) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, record.authority.as_str());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = record.authority_begins;
    params.not_after = record.authority_ends;
    params
}

fn make_server(
    files: &Paths,
    mut record: Record,
    names: Vec<String>,
    now: OffsetDateTime,
) -> Result<(), StartError> {
    let ca_key =
        fs::read_to_string(&files.ca_key).map_err(state::Error::io("reading", &files.ca_key))?;
    let issuer = Issuer::new(
        authority(&record),
        KeyPair::from_pem(&ca_key).map_err(failed)?,
    );
    let mut params = CertificateParams::new(names.clone()).map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    // OpenSSL takes a certificate whose subject is its issuer for self-signed.
    params
        .distinguished_name
        .push(DnType::CommonName, "azml emulator server");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - Duration::days(1);
    params.not_after = (now + Duration::days(SERVER_DAYS)).min(record.authority_ends);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
    write_private(&files.server_key, key.serialize_pem().as_bytes())?;
    write_private(&files.server, certificate.pem().as_bytes())?;
    record.server_ends = params.not_after;
    record.names = names;
    files.write_record(&record)
}

fn server_config(chain: &str, key: &str) -> Result<ServerConfig, StartError> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(failed)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use azml_core::clock::ManualClock;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn pems(certificates: &Certificates) -> (String, String) {
        let server = certificates.ca_path.with_file_name("server.pem");
        (
            certificates.ca_pem.clone(),
            fs::read_to_string(server).unwrap(),
        )
    }

    /// auth section 9: made once, renewed when less than 30 days remain.
    #[test]
    fn certificates_are_kept_and_renewed_in_time() {
        let directory = DataDir::temporary().unwrap();
        let clock = ManualClock::new(time::macros::datetime!(2026-01-01 0:00 UTC));
        let load = |names: &[String]| pems(&Certificates::load(&directory, &clock, names).unwrap());
        let first = load(&[]);
        clock.advance(DAY * 360);
        assert_eq!(load(&[]), first);
        clock.advance(DAY * 10);
        let renewed = load(&[]);
        assert_eq!(renewed.0, first.0, "clients keep trusting the authority");
        assert_ne!(renewed.1, first.1);
        let named = load(&["build.example".to_owned()]);
        assert_eq!(named.0, first.0);
        assert_ne!(named.1, renewed.1);
        clock.advance(DAY * 3600);
        let anew = load(&[]);
        assert_ne!(anew.0, first.0);
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = DataDir::temporary().unwrap();
        let clock = ManualClock::new(OffsetDateTime::UNIX_EPOCH);
        let certificates = Certificates::load(&directory, &clock, &[]).unwrap();
        for name in ["ca.key", "server.key"] {
            let path = certificates.ca_path.with_file_name(name);
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
