//! Certificates of applications, and the assertions that their keys sign.
//! Says who signed; what a proven application gets is decided in `grant`.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

use super::error::TokenError;
use crate::state::{self, Key, KeyRange, Read as _, Store};

/// Certificates by client id and SHA-1 digest.
const CERTIFICATES: &str = "entra/certificates";
/// Clock differences that are forgiven, and the longest life of an assertion; in seconds.
const LEEWAY: f64 = 300.0;
const LONGEST_LIFE: f64 = 24.0 * 3600.0;
/// The shortest key in bytes.
const SHORTEST_KEY: usize = 256;

/// Base64 without caring for padding: clients differ.
const fn lenient(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    GeneralPurpose::new(
        alphabet,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    )
}
const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);

/// A certificate that assertions may be signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Registered {
    /// SHA-1 and SHA-256 digests of the certificate, base64url without padding.
    sha1: String,
    sha256: String,
    /// The public key, base64url.
    modulus: String,
    exponent: String,
}

/// Why a certificate was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the body is not a certificate in PEM form")]
    NotPem,
    #[error("the certificate has no RSA key")]
    NotRsa,
    #[error("the certificate's key is shorter than 2048 bits")]
    TooShort,
}

impl Registered {
    /// Reads the first certificate of a PEM text.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, Unusable> {
        let pem = Pem::iter_from_buffer(pem)
            .filter_map(Result::ok)
            .find(|part| part.label == "CERTIFICATE")
            .ok_or(Unusable::NotPem)?;
        let certificate = pem.parse_x509().map_err(|_| Unusable::NotPem)?;
        let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() else {
            return Err(Unusable::NotRsa);
        };
        // A leading zero says that the number is positive.
        let number = |bytes: &[u8]| {
            let from = bytes.iter().take_while(|byte| **byte == 0).count();
            bytes.get(from..).unwrap_or_default().to_vec()
        };
        let modulus = number(key.modulus);
        if modulus.len() < SHORTEST_KEY {
            return Err(Unusable::TooShort);
        }
        let digest = |algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &pem.contents));
        Ok(Self {
            sha1: digest(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            sha256: digest(&digest::SHA256),
            modulus: URL_SAFE_NO_PAD.encode(modulus),
            exponent: URL_SAFE_NO_PAD.encode(number(key.exponent)),
        })
    }

    /// Its SHA-1 digest, as directories list certificates.
    pub(super) fn thumbprint(&self) -> &str {
        &self.sha1
    }

    fn is_named(&self, thumbprint: &str) -> bool {
        let same = |digest: &str| {
            let wanted = URL_SAFE_NO_PAD.decode(digest).ok();
            let named = URL_SAFE
                .decode(thumbprint)
                .or_else(|_| STANDARD.decode(thumbprint));
            wanted.is_some() && wanted == named.ok()
        };
        same(&self.sha1) || same(&self.sha256)
    }
}

/// Lets an application sign in with a certificate. Registering it again changes nothing.
pub(super) async fn register(
    store: &Store,
    client_id: &str,
    certificate: Registered,
) -> Result<(), state::Error> {
    let key = Key::of([&client_id.to_ascii_lowercase(), &certificate.sha1]);
    store
        .write(move |transaction| transaction.put_json(CERTIFICATES, key, &certificate))
        .await
}

/// The certificates of an application.
pub(super) fn of_application(
    store: &Store,
    client_id: &str,
) -> Result<Vec<Registered>, state::Error> {
    let range = KeyRange::prefix(Key::of([client_id.to_ascii_lowercase()]));
    store.read(|snapshot| snapshot.scan_json(CERTIFICATES, &range))
}

/// Checks that an assertion was signed for one of `audiences` with one of the application's certificates.
pub(super) fn check_assertion(
    assertion: &str,
    client_id: &str,
    certificates: &[Registered],
    audiences: &[String],
    now: OffsetDateTime,
) -> Result<(), TokenError> {
    let malformed = || TokenError::bad_assertion("The assertion is not a signed token.");
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| malformed())?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::PS256) {
        return Err(TokenError::bad_assertion(
            "Its algorithm is neither RS256 nor PS256.",
        ));
    }
    let names = [&header.x5t_s256, &header.x5t, &header.kid];
    let certificate = certificates
        .iter()
        .find(|it| {
            names
                .iter()
                .any(|name| name.as_deref().is_some_and(|name| it.is_named(name)))
        })
        .ok_or_else(|| {
            TokenError::bad_assertion(&format!(
                "The key of the assertion is not registered on the application '{client_id}'."
            ))
        })?;
    let key = DecodingKey::from_rsa_components(&certificate.modulus, &certificate.exponent)
        .map_err(|_| malformed())?;
    let mut validation = Validation::new(header.alg);
    // Claims are checked below: their numbers may have fractions, and the clock is the emulator's.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Value>(assertion, &key, &validation)
        .map_err(|_| TokenError::bad_assertion("The signature of the assertion is wrong."))?
        .claims;
    check_claims(&claims, client_id, audiences, now)
}

fn check_claims(
    claims: &Value,
    client_id: &str,
    audiences: &[String],
    now: OffsetDateTime,
) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if !text("iss").eq_ignore_ascii_case(client_id) || !text("sub").eq_ignore_ascii_case(client_id)
    {
        return Err(TokenError::bad_assertion(
            "Its issuer and its subject must both be the client id.",
        ));
    }
    let audience = text("aud").trim_end_matches('/');
    if !audiences
        .iter()
        .any(|known| known.eq_ignore_ascii_case(audience))
    {
        return Err(TokenError::bad_assertion(
            "Its audience is not this token endpoint.",
        ));
    }
    let now = (now - OffsetDateTime::UNIX_EPOCH).as_seconds_f64();
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    match number("exp") {
        Some(expires) if expires + LEEWAY < now => Err(TokenError::assertion_expired()),
        Some(expires) if expires > now + LONGEST_LIFE + LEEWAY => {
            Err(TokenError::bad_assertion("Its life is longer than a day."))
        }
        Some(_) if number("nbf").is_some_and(|from| from > now + LEEWAY) => {
            Err(TokenError::bad_assertion("It is not valid yet."))
        }
        Some(_) => Ok(()),
        None => Err(TokenError::bad_assertion(
            "It does not say when it expires.",
        )),
    }
}
