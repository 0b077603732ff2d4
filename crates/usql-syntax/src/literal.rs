//! What the text of a literal token means, by the rules of C#.

use crate::ast::{IntegerSuffix, Literal, RealSuffix};

/// Why a literal's text has no value, in the words of the C# compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadLiteral(pub(crate) &'static str);

/// The value of a number token.
pub(crate) fn number(text: &str) -> Result<Literal, BadLiteral> {
    let lower = text.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix("0x") {
        let digits = hex.trim_end_matches(['u', 'l']);
        let suffix = integer_suffix(&hex[digits.len()..])?;
        if digits.is_empty() {
            return Err(BadLiteral("C# error CS1013: Invalid number"));
        }
        let value = u64::from_str_radix(digits, 16).map_err(|_| TOO_LARGE)?;
        return Ok(Literal::Integer { value, suffix });
    }
    let digits = lower.trim_end_matches(['u', 'l', 'f', 'd', 'm']);
    let suffix = &lower[digits.len()..];
    let real = match suffix {
        "f" => Some(RealSuffix::Float),
        "d" => Some(RealSuffix::Double),
        "m" => Some(RealSuffix::Decimal),
        "" if digits.contains(['.', 'e']) => Some(RealSuffix::Double),
        _ => None,
    };
    if let Some(suffix) = real {
        return Ok(Literal::Real {
            digits: digits.to_owned(),
            suffix,
        });
    }
    if digits.contains(['.', 'e']) {
        return Err(BadLiteral("C# error CS1013: Invalid number"));
    }
    let suffix = integer_suffix(suffix)?;
    let value = digits.parse().map_err(|_| TOO_LARGE)?;
    Ok(Literal::Integer { value, suffix })
}

const TOO_LARGE: BadLiteral = BadLiteral("C# error CS1021: Integral constant is too large");

fn integer_suffix(text: &str) -> Result<IntegerSuffix, BadLiteral> {
    match text {
        "" => Ok(IntegerSuffix::None),
        "u" => Ok(IntegerSuffix::U),
        "l" => Ok(IntegerSuffix::L),
        "ul" | "lu" => Ok(IntegerSuffix::UL),
        _ => Err(BadLiteral("C# error CS1013: Invalid number")),
    }
}

/// The value of a `"…"` token as UTF-16 units.
pub(crate) fn string(text: &str) -> Result<Vec<u16>, BadLiteral> {
    unescape(inside(text, 1, 1))
}

/// The value of a `@"…"` token.
pub(crate) fn verbatim_string(text: &str) -> String {
    inside(text, 2, 1).replace("\"\"", "\"")
}

/// The value of a `'c'` token: exactly one UTF-16 unit.
pub(crate) fn character(text: &str) -> Result<u16, BadLiteral> {
    let body = inside(text, 1, 1);
    match unescape(body)?.as_slice() {
        [unit] => Ok(*unit),
        [] => Err(BadLiteral("C# error CS1011: Empty character literal")),
        _ => Err(BadLiteral(
            "C# error CS1012: Too many characters in character literal",
        )),
    }
}

/// The name in `[…]`.
pub(crate) fn quoted_name(text: &str) -> String {
    inside(text, 1, 1).replace("]]", "]")
}

fn inside(text: &str, before: usize, after: usize) -> &str {
    text.get(before..text.len().saturating_sub(after))
        .unwrap_or_default()
}

/// UTF-16 units as text; a lone surrogate becomes U+FFFD, and the second
/// value says that this happened.
pub(crate) fn text(units: &[u16]) -> (String, bool) {
    let mut lossy = false;
    let text = char::decode_utf16(units.iter().copied())
        .map(|c| {
            c.unwrap_or_else(|_| {
                lossy = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    (text, lossy)
}

/// Resolves the escapes of C#.
pub(crate) fn unescape(body: &str) -> Result<Vec<u16>, BadLiteral> {
    const BAD: BadLiteral = BadLiteral("C# error CS1009: Unrecognized escape sequence");
    let mut units = Vec::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        let unit = match rest.next().ok_or(BAD)? {
            '\'' => 0x27,
            '"' => 0x22,
            '\\' => 0x5C,
            '0' => 0,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => hex(&mut rest, 1, 4)
                .and_then(|n| u16::try_from(n).ok())
                .ok_or(BAD)?,
            'u' => hex(&mut rest, 4, 4)
                .and_then(|n| u16::try_from(n).ok())
                .ok_or(BAD)?,
            'U' => {
                let c = hex(&mut rest, 8, 8).and_then(char::from_u32).ok_or(BAD)?;
                units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                continue;
            }
            _ => return Err(BAD),
        };
        units.push(unit);
    }
    Ok(units)
}

/// Takes `least` to `most` hex digits.
fn hex(rest: &mut std::str::Chars<'_>, least: usize, most: usize) -> Option<u32> {
    let text = rest.as_str();
    let count = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_hexdigit)
        .count();
    if count < least {
        return None;
    }
    let value = u32::from_str_radix(&text[..count], 16).ok()?;
    *rest = text[count..].chars();
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let units = string(r#""\x41Z\u0043\U0001F600\t\\\"""#).expect("a literal");
        assert_eq!(text(&units), ("AZC😀\t\\\"".to_owned(), false));
        assert_eq!(
            text(&string(r#""\uD83D\uDE00""#).expect("a literal")),
            ("😀".to_owned(), false)
        );
        assert_eq!(
            text(&string(r#""\uD83D""#).expect("a literal")),
            ("\u{FFFD}".to_owned(), true)
        );
        assert!(string(r#""\q""#).is_err());
        assert!(string(r#""\u12""#).is_err());
    }

    #[test]
    fn characters_are_one_unit() {
        assert_eq!(character(r"'\x41'"), Ok(0x41));
        assert!(character("'😀'").is_err());
        assert_eq!(character("'''"), Ok(0x27));
    }

    #[test]
    fn numbers() {
        let int = |value, suffix| Ok(Literal::Integer { value, suffix });
        let real = |digits: &str, suffix| {
            Ok(Literal::Real {
                digits: digits.to_owned(),
                suffix,
            })
        };
        assert_eq!(number("01"), int(1, IntegerSuffix::None));
        assert_eq!(number("0xFFul"), int(255, IntegerSuffix::UL));
        assert_eq!(number("7LU"), int(7, IntegerSuffix::UL));
        assert_eq!(number("1.5"), real("1.5", RealSuffix::Double));
        assert_eq!(number("1E2M"), real("1e2", RealSuffix::Decimal));
        assert_eq!(number("3f"), real("3", RealSuffix::Float));
        assert!(number("99999999999999999999").is_err());
        assert!(number("1.5L").is_err());
        assert!(number("0x").is_err());
        assert!(number("1fd").is_err());
    }
}
