//! Storage account keys: decoding, signing, checking. Keys are wiped when dropped
//! and never shown.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::canonical::{HeaderOrder, SignableRequest};
use super::error::StorageAuthError;

/// A storage account's key (or a user delegation key) in its decoded form.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountKey(Zeroizing<Vec<u8>>);

impl AccountKey {
    /// Decodes a key from the base64 text that the portal and the service show.
    ///
    /// # Errors
    /// [`StorageAuthError::MalformedKey`] when the text is empty or not base64. The
    /// text itself is not repeated in the error.
    pub fn from_base64(text: &str) -> Result<Self, StorageAuthError> {
        match STANDARD.decode(text.trim()) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(Zeroizing::new(bytes))),
            _ => Err(StorageAuthError::MalformedKey),
        }
    }

    /// The key as base64 text.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(&*self.0))
    }

    /// Base64 of the HMAC-SHA256 over the UTF-8 bytes of `text`.
    pub fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.mac(text).finalize().into_bytes())
    }

    /// Whether `signature` (base64) is the one of `text`. Takes the same time for
    /// every wrong signature.
    pub fn verify(&self, text: &str, signature: &str) -> bool {
        STANDARD
            .decode(signature)
            .is_ok_and(|bytes| self.mac(text).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(text.as_bytes());
        mac
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey(***)")
    }
}

/// An account name with its key: what the Shared Key scheme and account or service
/// SAS need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedKey {
    account: String,
    key: AccountKey,
}

impl SharedKey {
    /// Pairs an account with its key.
    pub fn new(account: impl Into<String>, key: AccountKey) -> Self {
        Self {
            account: account.into(),
            key,
        }
    }

    /// The account name.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The account key.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }

    /// Value of the `Authorization` header for `request`, in the service's header order.
    pub fn authorization(&self, request: &SignableRequest<'_>) -> String {
        let text = request.string_to_sign(&self.account, HeaderOrder::Service);
        format!("SharedKey {}:{}", self.account, self.key.sign(&text))
    }

    /// Whether `signature` (the part after the colon) fits `request`.
    ///
    /// Clients do not agree on how they sort dashes, nor on whether the path is signed
    /// encoded or decoded; each of these forms is accepted, as the service does.
    pub fn verify(&self, request: &SignableRequest<'_>, signature: &str) -> bool {
        let decoded = percent_encoding::percent_decode_str(request.path).decode_utf8_lossy();
        [request.path, &decoded].iter().any(|path| {
            let request = SignableRequest { path, ..*request };
            [HeaderOrder::Bytes, HeaderOrder::Service]
                .iter()
                .any(|order| {
                    self.key
                        .verify(&request.string_to_sign(&self.account, *order), signature)
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_rfc_4231() {
        // RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?".
        let key = AccountKey::from_base64("SmVmZQ==").unwrap();
        let signature = key.sign("what do ya want for nothing?");
        assert_eq!(
            signature,
            STANDARD.encode([
                0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
                0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
                0x64, 0xec, 0x38, 0x43,
            ])
        );
        assert!(key.verify("what do ya want for nothing?", &signature));
        assert!(!key.verify("what do ya want for nothing", &signature));
        assert!(!key.verify("what do ya want for nothing?", "not base64!"));
    }

    #[test]
    fn refuses_what_is_not_a_key_without_repeating_it() {
        for text in ["", "   ", "not*base64", "abc"] {
            let error = AccountKey::from_base64(text).unwrap_err();
            assert!(!error.to_string().contains("not*base64"));
        }
    }

    #[test]
    fn debug_hides_the_key() {
        let key = SharedKey::new("acct", AccountKey::from_base64("U2VjcmV0IQ==").unwrap());
        let text = format!("{key:?}");
        assert!(text.contains("acct"), "{text}");
        assert!(
            !text.contains("U2VjcmV0") && !text.contains("Secret!"),
            "{text}"
        );
    }
}
