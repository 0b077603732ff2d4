//! What is left: members of arrays and maps, hash codes, URIs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Entry;
use crate::cs::{CsError, CsResult, Value};

/// What `EscapeDataString` encodes.
const DATA: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What `EscapeUriString` encodes.
const URI: &AsciiSet = &DATA
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b';')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b'#')
    .remove(b'[')
    .remove(b']')
    .remove(b'%');

/// A number of at least 0 and below 1 that follows from bytes: FNV-1a, then SplitMix64's mixer.
fn uniform(bytes: impl IntoIterator<Item = u8>, seed: i64) -> Value {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().into_iter().chain(bytes) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let numerator = (hash >> 11) as f64;
    Value::Double(numerator / 9_007_199_254_740_992.0)
}

pub(super) const ENTRIES: &[Entry] = &[
    // What SAMPLE decides by; no script writes these names.
    ("static double __Sample.Row(long, long)", |_, a| {
        Ok(uniform(a[0].long().to_le_bytes(), a[1].long()))
    }),
    ("static double __Sample.Key(string, long)", |_, a| {
        Ok(uniform(a[0].str().bytes(), a[1].long()))
    }),
    ("static string Uri.EscapeDataString(string)", |_, a| {
        escape(&a[0], DATA, "stringToEscape")
    }),
    ("static string Uri.EscapeUriString(string)", |_, a| {
        escape(&a[0], URI, "stringToEscape")
    }),
    ("static string Uri.UnescapeDataString(string)", |_, a| {
        let text = a[0]
            .opt_str()
            .ok_or_else(|| CsError::null_argument("stringToUnescape"))?;
        Ok(Value::string(percent_decode_str(text).decode_utf8_lossy()))
    }),
];

fn escape(value: &Value, encoded: &'static AsciiSet, name: &str) -> CsResult<Value> {
    let text = value
        .opt_str()
        .ok_or_else(|| CsError::null_argument(name))?;
    Ok(Value::string(
        utf8_percent_encode(text, encoded).to_string(),
    ))
}
