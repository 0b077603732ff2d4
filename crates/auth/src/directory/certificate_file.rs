//! What certificate files hold: PEM and PKCS #12, open or under a password. Signs nothing.

use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use azml_core::{Error, ErrorKind, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p12_keystore::{Pkcs12Archive, error::Error as Pkcs12Error};
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

use crate::Secret;

const ENCRYPTED_BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// An RSA key and its certificates.
pub(super) struct Contents {
    pub(super) key: RsaKeyPair,
    /// In DER form; that of the key first.
    pub(super) chain: Vec<Vec<u8>>,
}

/// Reads either form; the password is for the key in it.
pub(super) fn read(data: &[u8], password: Option<&Secret>) -> Result<Contents> {
    // PKCS #12 is binary: it begins with the tag of a sequence.
    if data.first() == Some(&0x30) {
        return from_pkcs12(data, password);
    }
    from_pem(data, password)
}

/// Reads a PEM file: a key in PKCS #8 or PKCS #1, and the certificate with those that signed it, in this order.
pub(super) fn from_pem(pem: &[u8], password: Option<&Secret>) -> Result<Contents> {
    let key = match (encrypted_key(pem), password) {
        (Some(encrypted), Some(password)) => decrypt(&encrypted?, password)?,
        (Some(_), None) => {
            return Err(unusable(
                "its private key is encrypted: a password is needed",
            ));
        }
        (None, _) => open_key(pem)?,
    };
    let chain: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|it| it.as_ref().to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| unusable("a certificate of it cannot be read"))?;
    let own = chain
        .first()
        .ok_or_else(|| unusable("it holds no certificate"))?;
    if !holds_key(own, &key) {
        return Err(unusable(
            "its first certificate does not belong to its private key",
        ));
    }
    Ok(Contents { key, chain })
}

fn open_key(pem: &[u8]) -> Result<RsaKeyPair> {
    let key = match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(unusable("it holds no private key that is RSA")),
    };
    key.map_err(|_| unusable("its private key is not RSA"))
}

/// The bytes of the file's encrypted key, if it has one.
fn encrypted_key(pem: &[u8]) -> Option<Result<Vec<u8>>> {
    let text = String::from_utf8_lossy(pem);
    let (_, rest) = text.split_once(ENCRYPTED_BEGIN)?;
    let (body, _) = rest.split_once(ENCRYPTED_END)?;
    let body: String = body.split_ascii_whitespace().collect();
    let decoded = STANDARD.decode(body);
    Some(decoded.map_err(|_| unusable("its private key cannot be read")))
}

fn decrypt(encrypted: &[u8], password: &Secret) -> Result<RsaKeyPair> {
    let info = EncryptedPrivateKeyInfoRef::try_from(encrypted)
        .map_err(|_| unusable("its private key cannot be read"))?;
    let key = info
        .decrypt(password.expose())
        .map_err(|_| unusable("its private key does not open: the password is wrong"))?;
    RsaKeyPair::from_pkcs8(key.as_bytes()).map_err(|_| unusable("its private key is not RSA"))
}

/// Reads a PKCS #12 file (`.pfx`, `.p12`); one without a password has the empty one.
fn from_pkcs12(data: &[u8], password: Option<&Secret>) -> Result<Contents> {
    let password = password.map_or("", Secret::expose);
    let archive = Pkcs12Archive::from_pkcs12(data, password).map_err(|error| match error {
        Pkcs12Error::MacError(_) | Pkcs12Error::Pkcs5Error(_) | Pkcs12Error::UnpadError => {
            unusable("it does not open: the password is wrong or missing")
        }
        _ => unusable("it is neither PEM nor PKCS #12 of a known kind"),
    })?;
    let keys: Vec<RsaKeyPair> = archive
        .keys
        .iter()
        .filter_map(|bag| {
            let der = Zeroizing::new(bag.key.as_der().to_vec());
            RsaKeyPair::from_pkcs8(&der).ok()
        })
        .collect();
    if keys.is_empty() {
        return Err(unusable("it holds no private key that is RSA"));
    }
    let found = keys.into_iter().find_map(|key| {
        let own = archive
            .certs
            .iter()
            .find(|bag| holds_key(bag.cert.as_der(), &key))?;
        Some((key, &own.cert))
    });
    let (key, own) =
        found.ok_or_else(|| unusable("it holds no certificate that belongs to its private key"))?;
    let mut chain = vec![own];
    // Each certificate is followed by that of its issuer.
    while let Some(issuer) = archive.certs.iter().map(|bag| &bag.cert).find(|it| {
        let last = chain.last().map(|last| last.issuer());
        last == Some(it.subject()) && !chain.contains(it)
    }) {
        chain.push(issuer);
    }
    let chain = chain.iter().map(|it| it.as_der().to_vec()).collect();
    Ok(Contents { key, chain })
}

/// Whether the certificate holds the public half of the key, as its encoding stands in every RSA certificate.
fn holds_key(certificate: &[u8], key: &RsaKeyPair) -> bool {
    let public = key.public_key().as_ref();
    certificate
        .windows(public.len())
        .any(|window| window == public)
}

pub(super) fn unusable(why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("the certificate is not usable: {why}"),
    )
    .with_hint("give a PEM or PKCS #12 file with an RSA key and its certificate")
}
