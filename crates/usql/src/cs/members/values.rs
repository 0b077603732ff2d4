//! What is left: members of arrays and maps, hash codes, URIs.

use super::Entry;
use crate::cs::{CsError, Value};

pub(super) const ENTRIES: &[Entry] = &[
    ("static string Uri.EscapeDataString(string)", |_, a| {
        escape(&a[0], "-_.~", "stringToEscape")
    }),
    ("static string Uri.EscapeUriString(string)", |_, a| {
        escape(&a[0], "-_.~!*'();:@&=+$,/?#[]%", "stringToEscape")
    }),
    ("static string Uri.UnescapeDataString(string)", |_, a| {
        let text = a[0]
            .opt_str()
            .ok_or_else(|| CsError::null_argument("stringToUnescape"))?;
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            let pair = tail
                .get(..2)
                .and_then(|pair| std::str::from_utf8(pair).ok());
            match (
                first,
                pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()),
            ) {
                (b'%', Some(byte)) => {
                    bytes.push(byte);
                    rest = &tail[2..];
                }
                _ => {
                    bytes.push(*first);
                    rest = tail;
                }
            }
        }
        Ok(Value::string(String::from_utf8_lossy(&bytes)))
    }),
];

fn escape(value: &Value, kept: &str, name: &str) -> crate::cs::CsResult<Value> {
    let text = value
        .opt_str()
        .ok_or_else(|| CsError::null_argument(name))?;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || (byte.is_ascii() && kept.contains(c)) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(Value::string(out))
}
