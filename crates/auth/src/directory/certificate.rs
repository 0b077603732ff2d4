//! An application's certificate and the assertions that it signs.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use azml_core::{Result, clock::Clock, endpoint};
use azure_core::{
    error::{Error as AzureError, ErrorKind as AzureErrorKind},
    http::{ClientMethodOptions, Url},
};
use azure_identity::ClientAssertion;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    CredentialOptions,
    certificate_file::{self, Contents, unusable},
};
use crate::Secret;

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
    /// [`InvalidArgument`](azml_core::ErrorKind::InvalidArgument) when key or certificate are missing, are not RSA, or do not belong together.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        certificate_file::from_pem(pem, None).map(Self::of)
    }

    /// Reads a file's content under a password, or without one: PKCS #12 (`.pfx`, `.p12`), or PEM as
    /// [`from_pem`](Self::from_pem) reads it whose key may be encrypted (PKCS #8).
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem), and for a wrong password.
    pub fn from_file(content: &[u8], password: Option<&Secret>) -> Result<Self> {
        certificate_file::read(content, password).map(Self::of)
    }

    fn of(contents: Contents) -> Self {
        Self {
            key: Arc::new(contents.key),
            chain: contents.chain,
            send_chain: false,
            algorithm: SignatureAlgorithm::default(),
        }
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
    use azml_core::ErrorKind;
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

    /// auth T7: files under a password hold the same certificate, whoever encrypted them and how.
    #[test]
    fn files_open_with_their_password_only() {
        let expected = Certificate::from_pem(PEM.as_bytes()).unwrap().thumbprint();
        let password = Secret::new("hunter2");
        let files: [(&str, &[u8]); 3] = [
            ("PBES2", include_bytes!("testdata/certificate.p12")),
            ("PBES1", include_bytes!("testdata/certificate-pbes1.p12")),
            ("PEM", include_bytes!("testdata/encrypted.pem")),
        ];
        for (kind, content) in files {
            let certificate = Certificate::from_file(content, Some(&password)).unwrap();
            assert_eq!(certificate.thumbprint(), expected, "{kind}");
            for wrong in [None, Some(Secret::new("hunter3"))] {
                let error = Certificate::from_file(content, wrong.as_ref()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                assert!(error.message().contains("password"), "{kind}: {error}");
                assert!(
                    !format!("{error:?}").contains("hunter"),
                    "{kind}: {error:?}"
                );
            }
        }
        let open = Certificate::from_file(PEM.as_bytes(), Some(&password)).unwrap();
        assert_eq!(open.thumbprint(), expected, "a password that is not needed");
        for junk in [
            &[0x30][..],
            &[0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03],
            b"junk",
        ] {
            assert!(Certificate::from_file(junk, None).is_err());
        }
    }

    /// The chain of a PKCS #12 file goes from the application's certificate up, in whatever order they lie.
    #[test]
    fn chains_are_put_in_order() {
        let password = Secret::new("hunter2");
        let content = include_bytes!("testdata/chain.p12");
        let certificate = Certificate::from_file(content, Some(&password)).unwrap();
        assert_eq!(certificate.chain.len(), 2);
        let audience = Url::parse("https://localhost:10011/t/oauth2/v2.0/token").unwrap();
        let assertion = certificate
            .send_chain(true)
            .assertion(&audience, "app", 1000)
            .unwrap();
        assert_eq!(part(&assertion, 0)["x5c"].as_array().unwrap().len(), 2);
    }
}
