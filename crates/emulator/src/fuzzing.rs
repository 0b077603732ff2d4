//! Entry points for fuzz targets and for the tests that replay them. Not part
//! of the public interface.

use crate::{http::Wanted, studio};

/// Reads bytes as every JSON body that clients send to Studio (classic).
///
/// # Panics
///
/// Never, and that is what is tested; nor may a graph that runs be unordered.
pub fn studio_body(bytes: &[u8]) {
    studio::fuzz_body(bytes);
}

/// Reads bytes as a query, a `Range` header and a path.
///
/// # Panics
///
/// Never; nor may a range leave its body.
pub fn request_parts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    studio::fuzz_query(&text);
    for length in [0, 1, 10, u64::MAX] {
        if let Wanted::Part(range) = Wanted::parse(Some(&text), length) {
            assert!(range.start < range.end && range.end <= length);
        }
    }
}
