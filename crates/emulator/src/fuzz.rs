//! What must hold for any input of a client: the targets in `fuzz/` and the
//! tests that replay them.

use crate::{http::Wanted, studio};

/// Reads bytes as every JSON body that clients send to Studio (classic). A
/// graph that may run is in order, and no member of one is lost.
///
/// # Panics
///
/// When this does not hold.
pub fn studio_body(bytes: &[u8]) {
    studio::fuzz_body(bytes);
}

/// Reads bytes as a query and as a `Range` header. No range leaves its body.
///
/// # Panics
///
/// When this does not hold.
pub fn request_parts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    studio::fuzz_query(&text);
    for length in [0, 1, 10, u64::MAX] {
        if let Wanted::Part(range) = Wanted::parse(Some(&text), length) {
            assert!(range.start < range.end && range.end <= length);
        }
    }
}

#[cfg(test)]
mod tests {
    use azml_fuzz_replay::replay;

    #[test]
    fn studio_bodies_are_read_or_refused() {
        let dictionary: [&[u8]; 16] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b":",
            b",",
            b"null",
            b"-1",
            b"1e400",
            b"\\u0000",
            b"\"n-1:Results dataset\"",
            b"\"Split Data\"",
            b"\"Random seed\"",
            b"\"OutputPortsInternal\":",
            b"Role:",
        ];
        replay("emulator_studio_body", &dictionary, super::studio_body);
    }

    #[test]
    fn request_parts_are_read_or_ignored() {
        let dictionary: [&[u8]; 8] = [
            b"&",
            b"=",
            b"%",
            b"%zz",
            b"+",
            b"bytes=",
            b"-",
            b"18446744073709551615",
        ];
        replay("emulator_request_parts", &dictionary, super::request_parts);
    }
}
