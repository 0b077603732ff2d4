//! The env file: one `NAME='value'` per line, fit for `set -a; . FILE`.

use crate::failure::{Failure, Result};

/// A value in single quotes as the shell reads them.
#[cfg(any(test, feature = "engine"))]
pub(crate) fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// The names and values of a file that [`render`] wrote.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let bad = || {
            let at = text.len() - rest.len();
            let line = text[..at].matches('\n').count() + 1;
            Failure::new(format!("line {line} is not NAME='value'"))
                .hint("give a file that `azml emulator start --env-file` wrote")
        };
        let (name, after) = rest.split_once("='").ok_or_else(bad)?;
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(valid) {
            return Err(bad());
        }
        let (value, after) = value(after).ok_or_else(bad)?;
        pairs.push((name.to_owned(), value));
        rest = after;
    }
    Ok(pairs)
}

/// The value up to its closing quote, and what follows.
fn value(mut text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    loop {
        let (part, after) = text.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix(r"\''") {
            Some(after) => {
                value.push('\'');
                text = after;
            }
            None if after.is_empty() || after.starts_with(['\n', '\r']) => {
                return Some((value, after));
            }
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let text = concat!(
            "AZML_A='plain'\n",
            r"AZML_B='it'\''s a '\''quoted'\'' $HOME `x` \ value'",
            "\nAZML_C=''\n\nAZML_D='two\nlines'\n",
            r"AZML_E=''\'''",
        );
        let expected = [
            ("AZML_A", "plain"),
            ("AZML_B", r"it's a 'quoted' $HOME `x` \ value"),
            ("AZML_C", ""),
            ("AZML_D", "two\nlines"),
            ("AZML_E", "'"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(text).unwrap(), expected);
        for (_, value) in expected {
            let line = format!("X={}", quote(&value));
            assert_eq!(parse(&line).unwrap()[0].1, value);
        }
    }

    #[test]
    fn other_files_are_refused_by_line() {
        for (text, line) in [
            ("A='1'\nB=2\n", "line 2"),
            ("A='1' B='2'\n", "line 1"),
            ("A='1'\n\n# note\nB='open", "line 3"),
        ] {
            let report = parse(text).unwrap_err().report();
            assert!(report.contains(line), "{text}: {report}");
        }
    }
}
