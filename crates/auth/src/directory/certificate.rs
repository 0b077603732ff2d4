//! An application's certificate and the assertions that it signs.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use azml_core::{Error, ErrorKind, Result, clock::Clock, endpoint};
use azure_core::{
    error::{Error as AzureError, ErrorKind as AzureErrorKind},
    http::{ClientMethodOptions, Url},
};
use azure_identity::ClientAssertion;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::json;
use uuid::Uuid;

use super::CredentialOptions;

/// Seconds that an assertion can be used.
const LIFETIME: i64 = 600;

/// How an assertion is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSA with PKCS #1 padding: understood everywhere.
    #[default]
    Rs256,
    /// RSA with PSS padding.
    Ps256,
}

impl SignatureAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Rs256 => &RSA_PKCS1_SHA256,
            Self::Ps256 => &RSA_PSS_SHA256,
        }
    }
}

/// An RSA certificate with its private key.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<RsaKeyPair>,
    /// The application's own certificate first.
    chain: Vec<Vec<u8>>,
    send_chain: bool,
    algorithm: SignatureAlgorithm,
}

/// The key stays out.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("certificates", &self.chain.len())
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a PEM file's content: one private key, and the certificate with those that signed it, in this order. The
    /// key is PKCS #8 or PKCS #1, and not encrypted.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] when key or certificate are missing, are not RSA, or do not belong together.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => {
                return Err(unusable(
                    "it holds no private key that is RSA and not encrypted",
                ));
            }
        };
        let key = key.map_err(|_| unusable("its private key is not RSA"))?;
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
        Ok(Self {
            key: Arc::new(key),
            chain,
            send_chain: false,
            algorithm: SignatureAlgorithm::default(),
        })
    }

    /// Sends the whole chain along, for applications that trust a name and its issuer instead of one certificate.
    #[must_use]
    pub fn send_chain(mut self, send: bool) -> Self {
        self.send_chain = send;
        self
    }

    /// Signs in another way than [`SignatureAlgorithm::Rs256`].
    #[must_use]
    pub fn algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The SHA-1 digest of the certificate, by which directories list it, in hexadecimal.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let digest = self.digest(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }

    fn digest(&self, algorithm: &'static digest::Algorithm) -> digest::Digest {
        let own = self
            .chain
            .first()
            .expect("a certificate is made with a chain");
        digest::digest(algorithm, own)
    }

    /// A signed statement to `audience` that the bearer is the application `client_id`.
    fn assertion(&self, audience: &Url, client_id: &str, now: i64) -> Result<String> {
        let encoded = |algorithm| URL_SAFE_NO_PAD.encode(self.digest(algorithm));
        let mut header = json!({
            "alg": self.algorithm.name(),
            "typ": "JWT",
            "x5t": encoded(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            "x5t#S256": encoded(&digest::SHA256),
        });
        if self.send_chain {
            let chain: Vec<String> = self.chain.iter().map(|it| STANDARD.encode(it)).collect();
            header["x5c"] = json!(chain);
        }
        let payload = json!({
            "aud": audience.as_str(),
            "iss": client_id,
            "sub": client_id,
            "jti": Uuid::new_v4().to_string(),
            "nbf": now,
            "exp": now + LIFETIME,
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(payload.to_string())
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                self.algorithm.encoding(),
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| unusable("its private key cannot sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Whether the certificate holds the public half of the key, as its encoding stands in every RSA certificate.
fn holds_key(certificate: &[u8], key: &RsaKeyPair) -> bool {
    use aws_lc_rs::signature::KeyPair as _;
    let public = key.public_key().as_ref();
    certificate
        .windows(public.len())
        .any(|window| window == public)
}

fn unusable(why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("the certificate is not usable: {why}"),
    )
    .with_hint("give a PEM file with an RSA key (PKCS #8) and its certificate")
}

/// Makes a fresh assertion for each request.
#[derive(Debug)]
pub(super) struct CertificateAssertion {
    certificate: Certificate,
    audience: Url,
    client_id: String,
    clock: Arc<dyn Clock>,
}

impl CertificateAssertion {
    pub(super) fn new(
        tenant: &str,
        client_id: &str,
        certificate: Certificate,
        options: &CredentialOptions,
    ) -> Result<Self> {
        let path = [tenant, "oauth2", "v2.0", "token"];
        Ok(Self {
            certificate,
            audience: endpoint::join(&options.authority_host, &path)?,
            client_id: client_id.to_owned(),
            clock: Arc::clone(&options.clock),
        })
    }
}

#[async_trait]
impl ClientAssertion for CertificateAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let now = self.clock.now().unix_timestamp();
        self.certificate
            .assertion(&self.audience, &self.client_id, now)
            .map_err(|error| AzureError::new(AzureErrorKind::Credential, error))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    };
    use serde_json::Value;

    use super::*;

    const PEM: &str = include_str!("testdata/certificate.pem");

    fn part(assertion: &str, at: usize) -> Value {
        let part = assertion.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    /// auth T7: header, claims and signature of both algorithms.
    #[test]
    fn assertions_are_signed_by_the_certificates_key() {
        let audience = Url::parse("https://localhost:10011/t/oauth2/v2.0/token").unwrap();
        let cases: [(SignatureAlgorithm, &'static dyn VerificationAlgorithm); 2] = [
            (SignatureAlgorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
            (SignatureAlgorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
        ];
        for (algorithm, verification) in cases {
            let certificate = Certificate::from_pem(PEM.as_bytes())
                .unwrap()
                .algorithm(algorithm);
            let assertion = certificate.assertion(&audience, "app", 1000).unwrap();
            let header = part(&assertion, 0);
            assert_eq!(header["alg"], algorithm.name());
            let thumbprint = URL_SAFE_NO_PAD
                .decode(header["x5t"].as_str().unwrap())
                .unwrap();
            let hexadecimal: String = thumbprint.iter().map(|it| format!("{it:02X}")).collect();
            assert_eq!(hexadecimal, certificate.thumbprint());
            assert_eq!(header.get("x5c"), None);
            let claims = part(&assertion, 1);
            assert_eq!(claims["aud"], audience.as_str());
            assert_eq!(
                (&claims["iss"], &claims["sub"], &claims["exp"]),
                (&json!("app"), &json!("app"), &json!(1600))
            );
            let (signed, signature) = assertion.rsplit_once('.').unwrap();
            let public = certificate.key.public_key().as_ref().to_vec();
            UnparsedPublicKey::new(verification, public)
                .verify(
                    signed.as_bytes(),
                    &URL_SAFE_NO_PAD.decode(signature).unwrap(),
                )
                .unwrap();
        }
        let chain = Certificate::from_pem(PEM.as_bytes())
            .unwrap()
            .send_chain(true);
        let assertion = chain.assertion(&audience, "app", 1000).unwrap();
        assert_eq!(part(&assertion, 0)["x5c"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn unusable_files_are_refused_and_show_nothing() {
        let (key, certificate) = PEM.split_once("-----BEGIN CERTIFICATE-----").unwrap();
        let certificate = format!("-----BEGIN CERTIFICATE-----{certificate}");
        let other = include_str!("testdata/other.pem");
        for pem in ["", "x", key, &certificate, &format!("{key}{other}")] {
            let error = Certificate::from_pem(pem.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(!format!("{error:?}").contains("MII"), "{error:?}");
        }
        let shown = format!("{:?}", Certificate::from_pem(PEM.as_bytes()).unwrap());
        assert_eq!(shown, "Certificate { certificates: 1, .. }");
    }
}
