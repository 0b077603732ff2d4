//! `string` and `char`. Culture-sensitive searches are ordinal here.

use super::Entry;
use crate::cs::{CsError, CsResult, Value, text};

const ORDINAL_IGNORE_CASE: [i32; 3] = [1, 3, 5];

pub(super) const ENTRIES: &[Entry] = &[
    ("int string.Length", |_, a| count(text::length(a[0].str()))),
    ("char string.this[int]", |_, a| {
        let units = text::units(a[0].str());
        let unit = usize::try_from(a[1].int())
            .ok()
            .and_then(|at| units.get(at));
        unit.map(|unit| Value::Char(*unit))
            .ok_or_else(CsError::index_out_of_range)
    }),
    ("string string.Substring(int)", |_, a| {
        let length = text::length(a[0].str());
        let start = usize::try_from(a[1].int()).map_err(|_| negative_start())?;
        let rest = length.checked_sub(start).ok_or_else(|| {
            CsError::out_of_range(
                "startIndex cannot be larger than length of string.",
                "startIndex",
            )
        })?;
        Ok(Value::string(text::slice(a[0].str(), start, rest)))
    }),
    ("string string.Substring(int, int)", |_, a| {
        let (start, count) = range(a[0].str(), a[1].int(), a[2].int())?;
        Ok(Value::string(text::slice(a[0].str(), start, count)))
    }),
    ("string string.Remove(int)", |_, a| {
        let length = i32::try_from(text::length(a[0].str())).unwrap_or(i32::MAX);
        if a[1].int() >= length {
            return Err(CsError::out_of_range(
                "startIndex must be less than length of string.",
                "startIndex",
            ));
        }
        let (start, _) = range(a[0].str(), a[1].int(), 0)?;
        Ok(Value::string(text::slice(a[0].str(), 0, start)))
    }),
    ("string string.Remove(int, int)", |_, a| {
        let (start, count) = range(a[0].str(), a[1].int(), a[2].int())?;
        let mut units = text::units(a[0].str());
        units.drain(start..start + count);
        Ok(Value::string(text::from_units(&units)))
    }),
    ("string string.Insert(int, string)", |_, a| {
        let value = a[2]
            .opt_str()
            .ok_or_else(|| CsError::null_argument("value"))?;
        let (start, _) = range(a[0].str(), a[1].int(), 0)?;
        let mut units = text::units(a[0].str());
        units.splice(start..start, value.encode_utf16());
        Ok(Value::string(text::from_units(&units)))
    }),
    ("string string.ToUpper()", |_, a| {
        Ok(Value::string(text::upper(a[0].str())))
    }),
    ("string string.ToLower()", |_, a| {
        Ok(Value::string(text::lower(a[0].str())))
    }),
    ("string string.ToUpperInvariant()", |_, a| {
        Ok(Value::string(text::upper(a[0].str())))
    }),
    ("string string.ToLowerInvariant()", |_, a| {
        Ok(Value::string(text::lower(a[0].str())))
    }),
    ("string string.Trim()", |_, a| {
        Ok(Value::string(a[0].str().trim_matches(text::is_white_space)))
    }),
    ("string string.Trim(params char[])", |_, a| {
        Ok(Value::string(a[0].str().trim_matches(one_of(&a[1]))))
    }),
    ("string string.TrimStart(params char[])", |_, a| {
        Ok(Value::string(a[0].str().trim_start_matches(one_of(&a[1]))))
    }),
    ("string string.TrimEnd(params char[])", |_, a| {
        Ok(Value::string(a[0].str().trim_end_matches(one_of(&a[1]))))
    }),
    ("string string.PadLeft(int)", |_, a| {
        pad(&a[0], a[1].int(), 0x20, true)
    }),
    ("string string.PadLeft(int, char)", |_, a| {
        pad(&a[0], a[1].int(), a[2].char(), true)
    }),
    ("string string.PadRight(int)", |_, a| {
        pad(&a[0], a[1].int(), 0x20, false)
    }),
    ("string string.PadRight(int, char)", |_, a| {
        pad(&a[0], a[1].int(), a[2].char(), false)
    }),
    ("string string.Replace(string, string)", |_, a| {
        let from = a[1]
            .opt_str()
            .ok_or_else(|| CsError::null_argument("oldValue"))?;
        if from.is_empty() {
            return Err(CsError::argument(
                "String cannot be of zero length.\r\nParameter name: oldValue",
            ));
        }
        Ok(Value::string(
            a[0].str().replace(from, a[2].opt_str().unwrap_or("")),
        ))
    }),
    ("string string.Replace(char, char)", |_, a| {
        let units: Vec<u16> = a[0]
            .str()
            .encode_utf16()
            .map(|u| if u == a[1].char() { a[2].char() } else { u })
            .collect();
        Ok(Value::string(text::from_units(&units)))
    }),
    ("bool string.Contains(string)", |_, a| {
        Ok(Value::Bool(a[0].str().contains(needle(&a[1])?)))
    }),
    ("bool string.StartsWith(string)", |_, a| {
        Ok(Value::Bool(a[0].str().starts_with(needle(&a[1])?)))
    }),
    ("bool string.EndsWith(string)", |_, a| {
        Ok(Value::Bool(a[0].str().ends_with(needle(&a[1])?)))
    }),
    (
        "bool string.StartsWith(string, StringComparison)",
        |_, a| {
            let (text, start) = folded_pair(a[0].str(), needle(&a[1])?, a[2].int());
            Ok(Value::Bool(text.starts_with(&start)))
        },
    ),
    ("bool string.EndsWith(string, StringComparison)", |_, a| {
        let (text, end) = folded_pair(a[0].str(), needle(&a[1])?, a[2].int());
        Ok(Value::Bool(text.ends_with(&end)))
    }),
    ("int string.IndexOf(string)", |_, a| {
        index_of(a[0].str(), needle(&a[1])?, 0)
    }),
    ("int string.IndexOf(string, int)", |_, a| {
        index_of(a[0].str(), needle(&a[1])?, a[2].int())
    }),
    ("int string.IndexOf(char)", |_, a| {
        index_of_unit(a[0].str(), a[1].char(), 0)
    }),
    ("int string.IndexOf(char, int)", |_, a| {
        index_of_unit(a[0].str(), a[1].char(), a[2].int())
    }),
    ("int string.IndexOf(string, StringComparison)", |_, a| {
        let (text, part) = folded_pair(a[0].str(), needle(&a[1])?, a[2].int());
        index_of(&text, &part, 0)
    }),
    ("int string.IndexOfAny(char[])", |_, a| {
        let wanted = char_set(&a[1]);
        let at = a[0].str().encode_utf16().position(|u| wanted.contains(&u));
        position(at)
    }),
    ("int string.LastIndexOf(string)", |_, a| {
        let text = a[0].str();
        position(
            text.rfind(needle(&a[1])?)
                .map(|byte| text::unit_of_byte(text, byte)),
        )
    }),
    ("int string.LastIndexOf(char)", |_, a| {
        let units = text::units(a[0].str());
        position(units.iter().rposition(|u| *u == a[1].char()))
    }),
    ("string[] string.Split(params char[])", |_, a| {
        split_chars(a[0].str(), &a[1], 0)
    }),
    (
        "string[] string.Split(char[], StringSplitOptions)",
        |_, a| split_chars(a[0].str(), &a[1], a[2].int()),
    ),
    ("string[] string.Split(char[], int)", |_, a| {
        let wanted = char_set(&a[1]);
        split(
            a[0].str(),
            |c| is_one_of(c, &wanted),
            usize::try_from(a[2].int()).map_err(|_| negative_count())?,
            0,
        )
    }),
    (
        "string[] string.Split(char[], int, StringSplitOptions)",
        |_, a| {
            let wanted = char_set(&a[1]);
            let limit = usize::try_from(a[2].int()).map_err(|_| negative_count())?;
            split(a[0].str(), |c| is_one_of(c, &wanted), limit, a[3].int())
        },
    ),
    (
        "string[] string.Split(string[], StringSplitOptions)",
        |_, a| Ok(split_strings(a[0].str(), &a[1], a[2].int())),
    ),
    ("char[] string.ToCharArray()", |_, a| {
        Ok(Value::List(a[0].items()))
    }),
    ("int string.CompareTo(string)", |_, a| {
        Ok(Value::Int(compare(&a[0], &a[1])))
    }),
    ("bool string.Equals(string)", |_, a| {
        Ok(Value::Bool(a[0] == a[1]))
    }),
    ("bool string.Equals(string, StringComparison)", |_, a| {
        Ok(Value::Bool(equals(&a[0], &a[1], a[2].int())))
    }),
    ("static bool string.Equals(string, string)", |_, a| {
        Ok(Value::Bool(a[0] == a[1]))
    }),
    (
        "static bool string.Equals(string, string, StringComparison)",
        |_, a| Ok(Value::Bool(equals(&a[0], &a[1], a[2].int()))),
    ),
    ("static int string.Compare(string, string)", |_, a| {
        Ok(Value::Int(compare(&a[0], &a[1])))
    }),
    ("static int string.Compare(string, string, bool)", |_, a| {
        Ok(Value::Int(compare(
            &folded(&a[0], a[2].bool()),
            &folded(&a[1], a[2].bool()),
        )))
    }),
    (
        "static int string.Compare(string, string, StringComparison)",
        |_, a| {
            let fold = ORDINAL_IGNORE_CASE.contains(&a[2].int());
            Ok(Value::Int(compare(
                &folded(&a[0], fold),
                &folded(&a[1], fold),
            )))
        },
    ),
    (
        "static int string.CompareOrdinal(string, string)",
        |_, a| Ok(Value::Int(compare(&a[0], &a[1]))),
    ),
    ("static bool string.IsNullOrEmpty(string)", |_, a| {
        Ok(Value::Bool(a[0].opt_str().is_none_or(str::is_empty)))
    }),
    ("static bool string.IsNullOrWhiteSpace(string)", |_, a| {
        Ok(Value::Bool(
            a[0].opt_str()
                .is_none_or(|t| t.chars().all(text::is_white_space)),
        ))
    }),
    ("static string string.Empty", |_, _| Ok(Value::string(""))),
    (
        "static string string.Join(string, params string[])",
        |_, a| join(&a[0], &a[1]),
    ),
    (
        "static string string.Join(string, IEnumerable<string>)",
        |_, a| join(&a[0], &a[1]),
    ),
    ("static string string.Concat(params string[])", |_, a| {
        join(&Value::Null, &a[0])
    }),
    (
        "static string string.Concat(IEnumerable<string>)",
        |_, a| join(&Value::Null, &a[0]),
    ),
    ("static string string.Copy(string)", |_, a| Ok(a[0].clone())),
    ("new string(char, int)", |_, a| {
        let count = usize::try_from(a[1].int()).map_err(|_| negative_count())?;
        Ok(Value::string(text::from_units(&vec![a[0].char(); count])))
    }),
    ("new string(char[])", |_, a| {
        let units: Vec<u16> = a[0].items().iter().map(Value::char).collect();
        Ok(Value::string(text::from_units(&units)))
    }),
    ("static bool char.IsDigit(char)", |_, a| {
        class(a, |c| c.is_ascii_digit())
    }),
    ("static bool char.IsLetter(char)", |_, a| {
        class(a, char::is_alphabetic)
    }),
    ("static bool char.IsLetterOrDigit(char)", |_, a| {
        class(a, char::is_alphanumeric)
    }),
    ("static bool char.IsNumber(char)", |_, a| {
        class(a, char::is_numeric)
    }),
    ("static bool char.IsWhiteSpace(char)", |_, a| {
        class(a, text::is_white_space)
    }),
    ("static bool char.IsUpper(char)", |_, a| {
        class(a, char::is_uppercase)
    }),
    ("static bool char.IsLower(char)", |_, a| {
        class(a, char::is_lowercase)
    }),
    ("static bool char.IsPunctuation(char)", |_, a| {
        class(a, |c| c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c))
    }),
    ("static char char.ToUpper(char)", |_, a| {
        Ok(map_char(&a[0], text::upper))
    }),
    ("static char char.ToLower(char)", |_, a| {
        Ok(map_char(&a[0], text::lower))
    }),
    ("static char char.ToUpperInvariant(char)", |_, a| {
        Ok(map_char(&a[0], text::upper))
    }),
    ("static char char.ToLowerInvariant(char)", |_, a| {
        Ok(map_char(&a[0], text::lower))
    }),
];

fn count(n: usize) -> CsResult<Value> {
    i32::try_from(n)
        .map(Value::Int)
        .map_err(|_| CsError::overflow("Arithmetic operation resulted in an overflow."))
}

fn position(at: Option<usize>) -> CsResult<Value> {
    at.map_or(Ok(Value::Int(-1)), count)
}

fn negative_start() -> CsError {
    CsError::out_of_range("StartIndex cannot be less than zero.", "startIndex")
}

fn negative_count() -> CsError {
    CsError::out_of_range("Count cannot be less than zero.", "count")
}

fn range(text: &str, start: i32, count: i32) -> CsResult<(usize, usize)> {
    let length = text::length(text);
    let start = usize::try_from(start).map_err(|_| negative_start())?;
    if start > length {
        return Err(CsError::out_of_range(
            "startIndex cannot be larger than length of string.",
            "startIndex",
        ));
    }
    let count = usize::try_from(count)
        .map_err(|_| CsError::out_of_range("Length cannot be less than zero.", "length"))?;
    if count > length - start {
        return Err(CsError::out_of_range(
            "Index and length must refer to a location within the string.",
            "length",
        ));
    }
    Ok((start, count))
}

fn needle(value: &Value) -> CsResult<&str> {
    value
        .opt_str()
        .ok_or_else(|| CsError::null_argument("value"))
}

fn char_set(value: &Value) -> Vec<u16> {
    value.items().iter().map(Value::char).collect()
}

/// No characters at all mean white space.
fn one_of(value: &Value) -> impl Fn(char) -> bool + Copy + use<'_> {
    move |c| {
        let Value::List(items) = value else {
            return text::is_white_space(c);
        };
        if items.is_empty() {
            return text::is_white_space(c);
        }
        items
            .iter()
            .any(|item| u32::from(item.char()) == u32::from(c))
    }
}

fn is_one_of(c: char, wanted: &[u16]) -> bool {
    if wanted.is_empty() {
        return text::is_white_space(c);
    }
    wanted.iter().any(|unit| u32::from(*unit) == u32::from(c))
}

fn pad(value: &Value, width: i32, unit: u16, left: bool) -> CsResult<Value> {
    let width = usize::try_from(width)
        .map_err(|_| CsError::out_of_range("Non-negative number required.", "totalWidth"))?;
    let missing = width.saturating_sub(text::length(value.str()));
    let filler = text::from_units(&vec![unit; missing]);
    Ok(Value::string(if left {
        filler + value.str()
    } else {
        value.str().to_owned() + &filler
    }))
}

fn index_of(text: &str, part: &str, start: i32) -> CsResult<Value> {
    let from = usize::try_from(start)
        .ok()
        .and_then(|start| text::byte_of_unit(text, start))
        .ok_or_else(|| CsError::out_of_range("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex"))?;
    position(
        text[from..]
            .find(part)
            .map(|at| text::unit_of_byte(text, from + at)),
    )
}

fn index_of_unit(text: &str, unit: u16, start: i32) -> CsResult<Value> {
    let units = text::units(text);
    let start = usize::try_from(start)
        .ok()
        .filter(|start| *start <= units.len())
        .ok_or_else(|| CsError::out_of_range("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex"))?;
    position(
        units[start..]
            .iter()
            .position(|u| *u == unit)
            .map(|at| start + at),
    )
}

fn split_chars(text: &str, separators: &Value, options: i32) -> CsResult<Value> {
    let wanted = char_set(separators);
    split(text, |c| is_one_of(c, &wanted), usize::MAX, options)
}

fn split(
    text: &str,
    is_separator: impl Fn(char) -> bool,
    limit: usize,
    options: i32,
) -> CsResult<Value> {
    let skip_empty = options == 1;
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = text;
    if limit == 0 {
        return Ok(Value::list([]));
    }
    while parts.len() + 1 < limit {
        let Some((at, c)) = rest.char_indices().find(|(_, c)| is_separator(*c)) else {
            break;
        };
        if !(skip_empty && at == 0) {
            parts.push(&rest[..at]);
        }
        rest = &rest[at + c.len_utf8()..];
    }
    if skip_empty && limit != usize::MAX {
        rest = rest.trim_start_matches(&is_separator);
    }
    if !(skip_empty && rest.is_empty()) {
        parts.push(rest);
    }
    Ok(Value::list(parts.into_iter().map(Value::string)))
}

fn split_strings(text: &str, separators: &Value, options: i32) -> Value {
    let separators = separators.items();
    let separators: Vec<&str> = separators
        .iter()
        .filter_map(Value::opt_str)
        .filter(|s| !s.is_empty())
        .collect();
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < text.len() {
        let found = if separators.is_empty() {
            text[at..]
                .chars()
                .next()
                .filter(|c| text::is_white_space(*c))
                .map(char::len_utf8)
        } else {
            separators
                .iter()
                .find(|s| text[at..].starts_with(**s))
                .map(|s| s.len())
        };
        if let Some(length) = found {
            parts.push(&text[start..at]);
            at += length;
            start = at;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    parts.push(&text[start..]);
    Value::list(
        parts
            .into_iter()
            .filter(|p| options != 1 || !p.is_empty())
            .map(Value::string),
    )
}

fn compare(a: &Value, b: &Value) -> i32 {
    match crate::cs::ops::compare(a, b) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    }
}

fn folded(value: &Value, fold: bool) -> Value {
    match value {
        Value::String(text) if fold => Value::string(text::upper(text)),
        other => other.clone(),
    }
}

fn folded_pair(a: &str, b: &str, comparison: i32) -> (String, String) {
    if ORDINAL_IGNORE_CASE.contains(&comparison) {
        (text::upper(a), text::upper(b))
    } else {
        (a.to_owned(), b.to_owned())
    }
}

fn equals(a: &Value, b: &Value, comparison: i32) -> bool {
    let fold = ORDINAL_IGNORE_CASE.contains(&comparison);
    folded(a, fold) == folded(b, fold)
}

fn join(separator: &Value, items: &Value) -> CsResult<Value> {
    if items.is_null() {
        return Err(CsError::null_argument("values"));
    }
    let separator = separator.opt_str().unwrap_or("");
    let mut text = String::new();
    for (n, item) in items.items().iter().enumerate() {
        if n > 0 {
            text.push_str(separator);
        }
        text.push_str(item.opt_str().unwrap_or(""));
    }
    Ok(Value::string(text))
}

fn class(a: &[Value], test: impl Fn(char) -> bool) -> CsResult<Value> {
    Ok(Value::Bool(
        char::from_u32(u32::from(a[0].char())).is_some_and(test),
    ))
}

fn map_char(value: &Value, map: fn(&str) -> String) -> Value {
    let mapped = map(&text::from_units(&[value.char()]));
    mapped
        .encode_utf16()
        .next()
        .map_or_else(|| value.clone(), Value::Char)
}

#[cfg(test)]
mod tests {
    use super::super::{Context, find};
    use super::*;

    fn call(owner: &str, name: &str, args: &[Value]) -> Result<Value, &'static str> {
        let member = find(owner, name)
            .find(|m| {
                let receiver = usize::from(
                    !m.0.signature.starts_with("static") && !m.0.signature.starts_with("new"),
                );
                m.0.params.len() + receiver == args.len()
            })
            .expect("a member");
        (member.0.compute)(&Context { now: 0 }, args).map_err(|e| e.exception)
    }

    fn s(text: &str) -> Value {
        Value::string(text)
    }

    fn chars(text: &str) -> Value {
        Value::List(s(text).items())
    }

    fn strings(items: &[&str]) -> Value {
        Value::list(items.iter().map(|i| s(i)))
    }

    /// U-SQL 063, 064, 065.
    #[test]
    fn positions() {
        assert_eq!(
            call(
                "string",
                "Substring",
                &[s("abcde"), Value::Int(1), Value::Int(3)]
            ),
            Ok(s("bcd"))
        );
        assert_eq!(
            call("string", "Substring", &[s("ab"), Value::Int(3)]),
            Err("System.ArgumentOutOfRangeException")
        );
        assert_eq!(
            call("string", "Substring", &[s("ab"), Value::Int(2)]),
            Ok(s(""))
        );
        assert_eq!(
            call("string", "IndexOf", &[s("abc"), s("z")]),
            Ok(Value::Int(-1))
        );
        assert_eq!(
            call("string", "IndexOf", &[s("abc"), s("")]),
            Ok(Value::Int(0))
        );
        assert_eq!(
            call("string", "IndexOf", &[s("😀b"), s("b")]),
            Ok(Value::Int(2))
        );
        assert_eq!(
            call("string", "LastIndexOf", &[s("aba"), s("a")]),
            Ok(Value::Int(2))
        );
        assert_eq!(
            call("string", "this", &[s("abc"), Value::Int(3)]),
            Err("System.IndexOutOfRangeException")
        );
        assert_eq!(
            call(
                "string",
                "PadLeft",
                &[s("7"), Value::Int(3), Value::Char(0x30)]
            ),
            Ok(s("007"))
        );
        assert_eq!(
            call(
                "string",
                "Remove",
                &[s("abcd"), Value::Int(1), Value::Int(2)]
            ),
            Ok(s("ad"))
        );
        assert_eq!(
            call("string", "Insert", &[s("ad"), Value::Int(1), s("bc")]),
            Ok(s("abcd"))
        );
    }

    #[test]
    fn splitting() {
        assert_eq!(
            call("string", "Split", &[s("a,b,,c"), chars(",")]),
            Ok(strings(&["a", "b", "", "c"]))
        );
        assert_eq!(
            call("string", "Split", &[s(""), chars(",")]),
            Ok(strings(&[""]))
        );
        assert_eq!(
            call("string", "Split", &[s("a b\tc"), chars("")]),
            Ok(strings(&["a", "b", "c"]))
        );
        let split = |args: &[Value]| {
            let member = find("string", "Split")
                .find(|m| m.0.signature == "string[] string.Split(char[], int, StringSplitOptions)")
                .expect("a member");
            (member.0.compute)(&Context { now: 0 }, args)
        };
        assert_eq!(
            split(&[s(",a,,b,c"), chars(","), Value::Int(2), Value::Enum(1)]),
            Ok(strings(&["a", "b,c"]))
        );
        assert_eq!(
            split_strings("a--b-c", &strings(&["--"]), 0),
            strings(&["a", "b-c"])
        );
    }

    #[test]
    fn case_and_blanks() {
        assert_eq!(call("string", "Trim", &[s(" x\u{A0}")]), Ok(s("x")));
        assert_eq!(
            call("string", "TrimEnd", &[s("x..!"), chars("!.")]),
            Ok(s("x"))
        );
        assert_eq!(
            call("string", "IsNullOrWhiteSpace", &[s(" \t")]),
            Ok(Value::Bool(true))
        );
        assert_eq!(
            call(
                "string",
                "Join",
                &[s("+"), Value::list([s("a"), Value::Null, s("b")])]
            ),
            Ok(s("a++b"))
        );
        assert_eq!(
            call("string", "Replace", &[s("aXbX"), s("X"), Value::Null]),
            Ok(s("ab"))
        );
        assert_eq!(
            call("string", "Contains", &[s("a"), Value::Null]),
            Err("System.ArgumentNullException")
        );
        assert_eq!(
            call("char", "IsDigit", &[Value::Char(0x37)]),
            Ok(Value::Bool(true))
        );
    }
}
