//! JSON with unquoted member names, as the PowerShell client writes it.

use serde::de::DeserializeOwned;

/// Reads JSON; where that fails, the same with its bare member names quoted.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(text)
        .or_else(|error| serde_json::from_slice(&quote_names(text)).map_err(|_| error))
}

fn quote_names(text: &[u8]) -> Vec<u8> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut quoted = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut in_string = false;
    while let Some((&byte, after)) = rest.split_first() {
        if in_string {
            quoted.push(byte);
            rest = after;
            match (byte, after.split_first()) {
                (b'\\', Some((&escaped, after))) => {
                    quoted.push(escaped);
                    rest = after;
                }
                (b'"', _) => in_string = false,
                _ => {}
            }
            continue;
        }
        let length = rest.iter().take_while(|byte| is_name(byte)).count();
        let (word, after_word) = rest.split_at(length);
        let is_member = length > 0 && after_word.trim_ascii_start().first() == Some(&b':');
        if is_member {
            quoted.push(b'"');
            quoted.extend(word);
            quoted.push(b'"');
            rest = after_word;
        } else if length > 0 {
            quoted.extend(word);
            rest = after_word;
        } else {
            in_string = byte == b'"';
            quoted.push(byte);
            rest = after;
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn bare_names_are_read() {
        let value: Value = parse(br#"{Role: "User", Emails:"a:b, \"{c: d}\"", n: null}"#).unwrap();
        assert_eq!(
            value,
            json!({"Role": "User", "Emails": "a:b, \"{c: d}\"", "n": null})
        );
        assert!(parse::<Value>(b"{Role: User}").is_err());
        assert!(parse::<Value>(b"{\"a\": \"\\").is_err());
    }
}
