//! Strings as .NET sees them: positions and lengths count UTF-16 units. Text
//! is stored as UTF-8; ASCII text, which is almost all text, takes a short way.

/// `s.Length`.
pub(crate) fn length(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// The UTF-16 units of a text.
pub(crate) fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Units as text; a surrogate without its pair becomes U+FFFD.
pub(crate) fn from_units(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

/// The byte at which the unit `at` begins; `None` past the end. A position in
/// the middle of a pair counts as the pair's start.
pub(crate) fn byte_of_unit(text: &str, at: usize) -> Option<usize> {
    if text.is_ascii() {
        return (at <= text.len()).then_some(at);
    }
    let mut unit = 0;
    for (byte, c) in text.char_indices() {
        if unit + c.len_utf16() > at {
            return Some(byte);
        }
        unit += c.len_utf16();
    }
    (unit == at).then_some(text.len())
}

/// The unit that begins at a byte.
pub(crate) fn unit_of_byte(text: &str, byte: usize) -> usize {
    length(&text[..byte])
}

/// `s.Substring(start, count)`, already checked to lie inside.
pub(crate) fn slice(text: &str, start: usize, count: usize) -> String {
    if text.is_ascii() {
        return text[start..start + count].to_owned();
    }
    from_units(&units(text)[start..start + count])
}

/// Simple case mapping: one unit for one unit, so `ß` stays.
pub(crate) fn upper(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(|c| single(c, c.to_uppercase())).collect()
}

/// Simple case mapping to lower case.
pub(crate) fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(|c| single(c, c.to_lowercase())).collect()
}

/// The mapped character when it is one character, else the original.
fn single(original: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(c), None) => c,
        _ => original,
    }
}

/// White space as `char.IsWhiteSpace` knows it.
pub(crate) fn is_white_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{180E}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_units() {
        assert_eq!(length("😀"), 2); // U-SQL 065
        assert_eq!(byte_of_unit("a😀b", 3), Some(5));
        assert_eq!(byte_of_unit("a😀b", 5), None);
        assert_eq!(byte_of_unit("ab", 2), Some(2));
        assert_eq!(slice("a😀b", 1, 2), "😀");
        assert_eq!(slice("a😀b", 1, 1), "\u{FFFD}");
        assert_eq!(unit_of_byte("a😀b", 5), 3);
    }

    #[test]
    fn case_mapping_is_one_to_one() {
        assert_eq!(upper("straße é"), "STRAßE É");
        assert_eq!(lower("İX"), "İx");
    }
}
