//! Device codes: asked for by a program, confirmed by a person on a page, redeemed once for tokens.
//! Durable like everything that was acknowledged; knows no HTTP and issues no token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::error::TokenError;
use crate::config::DeviceCodes;
use crate::state::{self, Key, KeyRange, Read as _, Store, WriteTxn, random_bytes, random_hex};

/// Codes by the digest of the program's part.
const CODES: &str = "entra/device-codes";
/// The key above, by the person's part.
const USER_CODES: &str = "entra/user-codes";
/// How long an expired code is remembered, so that its program hears that it expired; in seconds.
const REMEMBERED: i64 = 24 * 3600;
/// What user codes are made of: nothing that is read for something else.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A code on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending {
    user_code: String,
    client_id: String,
    /// The resource or the scopes that were asked for with the code.
    asked: String,
    expires: i64,
    last_poll: Option<i64>,
    decision: Decision,
}

/// What the person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Decision {
    /// Nothing yet.
    Waiting,
    Confirmed,
    Declined,
}

/// Both parts of a new code.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) device_code: String,
    pub(super) user_code: String,
}

/// A refusal, or a failure of the emulator itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeviceError {
    #[error("refused")]
    Refused(TokenError),
    #[error(transparent)]
    State(#[from] state::Error),
}

impl DeviceError {
    /// The same refusal in the words of the first generation of endpoints.
    pub(super) fn in_v1(self) -> Self {
        match self {
            Self::Refused(error) => Self::Refused(error.in_v1()),
            error => error,
        }
    }
}

fn digest(device_code: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(device_code.as_bytes()))
}

/// The person's part as it is stored: people type in any letter case, with spaces and dashes.
fn spelled(user_code: &str) -> String {
    user_code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Makes a code for the application `client_id`.
pub(super) async fn begin(
    store: &Store,
    codes: &DeviceCodes,
    client_id: &str,
    asked: &str,
    now: OffsetDateTime,
) -> Result<Begun, state::Error> {
    let device_code = random_hex::<32>()?;
    let user_code: String = random_bytes::<9>()?
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    let now = now.unix_timestamp();
    let lifetime = i64::try_from(codes.lifetime.as_secs()).unwrap_or(i64::MAX / 2);
    let pending = Pending {
        user_code: user_code.clone(),
        client_id: client_id.to_owned(),
        asked: asked.to_owned(),
        expires: now.saturating_add(lifetime),
        last_poll: None,
        decision: Decision::Waiting,
    };
    let key = digest(&device_code);
    store
        .write(move |transaction| {
            forget_old(transaction, now)?;
            transaction.put_json(CODES, Key::of([&key]), &pending)?;
            transaction.put_json(USER_CODES, Key::of([&pending.user_code]), &key)?;
            Ok::<_, state::Error>(())
        })
        .await?;
    Ok(Begun {
        device_code,
        user_code,
    })
}

fn forget_old(transaction: &mut WriteTxn<'_>, now: i64) -> Result<(), state::Error> {
    let codes = transaction.scan(CODES, &KeyRange::all(), usize::MAX)?;
    for (key, value) in codes {
        let old = serde_json::from_slice::<Pending>(&value)
            .ok()
            .filter(|pending| pending.expires.saturating_add(REMEMBERED) < now);
        if let Some(pending) = old {
            transaction.remove(CODES, &key)?;
            transaction.remove(USER_CODES, Key::of([&pending.user_code]))?;
        }
    }
    Ok(())
}

/// Whether a person could decide about this code now.
pub(super) fn is_open(
    store: &Store,
    user_code: &str,
    now: OffsetDateTime,
) -> Result<bool, state::Error> {
    let user_code = spelled(user_code);
    store.read(|snapshot| {
        let key: Option<String> = snapshot.get_json(USER_CODES, Key::of([&user_code]))?;
        let pending: Option<Pending> = match key {
            Some(key) => snapshot.get_json(CODES, Key::of([&key]))?,
            None => None,
        };
        Ok(pending.is_some_and(|it| {
            it.decision == Decision::Waiting && it.expires > now.unix_timestamp()
        }))
    })
}

/// Records what the person said; `false` when there is no such code, or none that is still open.
pub(super) async fn decide(
    store: &Store,
    user_code: &str,
    decision: Decision,
    now: OffsetDateTime,
) -> Result<bool, state::Error> {
    let user_code = spelled(user_code);
    let now = now.unix_timestamp();
    store
        .write(move |transaction| {
            let Some(key) = transaction.get_json::<String>(USER_CODES, Key::of([&user_code]))?
            else {
                return Ok(false);
            };
            let key = Key::of([&key]);
            let Some(mut pending) = transaction.get_json::<Pending>(CODES, &key)? else {
                return Ok(false);
            };
            if pending.expires <= now || pending.decision != Decision::Waiting {
                return Ok(false);
            }
            pending.decision = decision;
            transaction.put_json(CODES, &key, &pending)?;
            Ok::<_, state::Error>(true)
        })
        .await
}

/// One look of the program: gives what it had asked for once the person has confirmed. A code is good for one time.
pub(super) async fn redeem(
    store: &Store,
    codes: &DeviceCodes,
    device_code: &str,
    client_id: &str,
    now: OffsetDateTime,
) -> Result<String, DeviceError> {
    let key = Key::of([&digest(device_code)]);
    let interval = i64::try_from(codes.interval.as_secs()).unwrap_or(i64::MAX);
    let (client_id, auto_approve) = (client_id.to_owned(), codes.auto_approve);
    let now = now.unix_timestamp();
    // Refusals are recorded too (when the program last asked), so they are an answer of the transaction.
    let answer = store
        .write(move |transaction| {
            let Some(mut pending) = transaction.get_json::<Pending>(CODES, &key)? else {
                return Ok(Err(TokenError::unknown_device_code()));
            };
            if !pending.client_id.eq_ignore_ascii_case(&client_id) {
                return Ok(Err(TokenError::unknown_device_code()));
            }
            if pending.expires <= now {
                return Ok(Err(TokenError::device_code_expired()));
            }
            match pending.decision {
                Decision::Confirmed => {
                    transaction.remove(CODES, &key)?;
                    transaction.remove(USER_CODES, Key::of([&pending.user_code]))?;
                    return Ok(Ok(pending.asked));
                }
                Decision::Declined => return Ok(Err(TokenError::sign_in_declined())),
                Decision::Waiting => {}
            }
            // Clocks of clients run a little differently: a second too early is in time.
            let early = pending
                .last_poll
                .is_some_and(|last| now - last < interval.saturating_sub(1));
            pending.last_poll = Some(now);
            if auto_approve {
                pending.decision = Decision::Confirmed;
            }
            transaction.put_json(CODES, &key, &pending)?;
            Ok::<_, state::Error>(Err(if early {
                TokenError::slow_down()
            } else {
                TokenError::authorization_pending()
            }))
        })
        .await?;
    answer.map_err(DeviceError::Refused)
}
