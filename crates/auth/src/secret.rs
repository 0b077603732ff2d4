//! The one type that long-lived secrets are kept in.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret that no `Debug` shows and whose memory is wiped when it is dropped.
///
/// There is no `Display` and no serialisation; [`Secret::expose`] is the one way to the value.
///
/// ```
/// let secret = azml_auth::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(REDACTED)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the value over. Copies that the caller still holds are the caller's to wipe.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the value has no characters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(REDACTED)")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&Secret> for azure_core::credentials::Secret {
    /// A short-lived copy for the call into an `azure_*` crate; that type is not wiped.
    fn from(secret: &Secret) -> Self {
        Self::new(secret.expose().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroizing_empties_the_value() {
        let mut secret = Secret::new("hunter2");
        secret.zeroize();
        assert!(secret.is_empty());
    }
}
