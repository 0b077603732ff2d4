//! Query parameters, decoded once; names match in any letter case.

use percent_encoding::percent_decode_str;

/// The parameters of one request.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(query: Option<&str>) -> Self {
        let decode = |text: &str| {
            percent_decode_str(&text.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned()
        };
        let pairs = query.unwrap_or_default().split('&');
        Self(
            pairs
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The first value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query = Query::new(Some("UserStorage=true&dataTypeId=a%2520b&x=1&x=2&flag"));
        assert_eq!(query.get("userstorage"), Some("true"));
        assert_eq!(query.get("dataTypeId"), Some("a%20b"));
        assert_eq!(query.get("x"), Some("1"));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("y"), None);
    }
}
