//! Users and secrets that exist only to be refused: one for each refusal that a directory needs more than an emulator
//! has for. Programs can rehearse with them what they do then.

use super::error::TokenError;

/// A secret of the development application that has expired.
pub(super) const EXPIRED_SECRET: &str = "azml-emulator-expired-secret";

/// The refusal that awaits the user of this name, in the domain of the development user and with its password.
pub(super) fn refusal(name: &str) -> Option<TokenError> {
    Some(match name.to_ascii_lowercase().as_str() {
        "mfa" => TokenError::second_factor_needed(),
        "mfa-setup" => TokenError::second_factor_enrolment_needed(),
        "consent" => TokenError::consent_missing(),
        "busy" => TokenError::unavailable(),
        "throttled" => TokenError::throttled(),
        _ => return None,
    })
}
