//! The RSA key that signs the emulator's tokens, and its public form.
//! Signs and checks bytes; what a token says is decided in `token`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Why a signing key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("could not generate the token-signing key")]
    Generate(#[source] rcgen::Error),
    #[error("the stored token-signing key is unreadable")]
    Read(#[source] jsonwebtoken::errors::Error),
    #[error("the stored token-signing key is not an RSA key")]
    NotRsa,
}

/// RSA 2048 key pair with its key id.
pub(crate) struct SigningKey {
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    pub(super) id: String,
    modulus: String,
    exponent: String,
    pem: zeroize::Zeroizing<String>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// One public key as validators read it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PublishedKey {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: String,
    x5t: String,
    n: String,
    e: String,
}

impl SigningKey {
    /// Makes a new key. Takes CPU time: call it from a blocking thread.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let pair =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
                .map_err(KeyError::Generate)?;
        Self::from_pem(pair.serialize_pem())
    }

    /// Reads a key that [`SigningKey::pem`] gave.
    pub(crate) fn from_pem(pem: String) -> Result<Self, KeyError> {
        let pem = zeroize::Zeroizing::new(pem);
        let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(KeyError::Read)?;
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).map_err(KeyError::Read)?;
        let decoding = DecodingKey::from_jwk(&jwk).map_err(KeyError::Read)?;
        let AlgorithmParameters::RSA(public) = jwk.algorithm else {
            return Err(KeyError::NotRsa);
        };
        // Any stable name of the key will do; clients only compare it.
        let digest = Sha256::digest(public.n.as_bytes());
        let id = URL_SAFE_NO_PAD.encode(digest.get(..20).unwrap_or_default());
        Ok(Self {
            encoding,
            decoding,
            id,
            modulus: public.n,
            exponent: public.e,
            pem,
        })
    }

    /// PKCS #8 form for storage. Secret.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The public half for the keys document.
    pub(crate) fn published(&self) -> PublishedKey {
        PublishedKey {
            kty: "RSA",
            usage: "sig",
            alg: "RS256",
            kid: self.id.clone(),
            x5t: self.id.clone(),
            n: self.modulus.clone(),
            e: self.exponent.clone(),
        }
    }
}
