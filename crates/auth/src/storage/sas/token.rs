//! A signed SAS as a credential: text that is kept secret and put into URLs.

use std::fmt;

use azure_core::http::Url;
use zeroize::Zeroizing;

use super::{SasFields, StorageAuthError};

/// A shared access signature, without the leading question mark.
///
/// `Debug` does not show it; [`SasToken::expose`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct SasToken(Zeroizing<String>);

impl SasToken {
    /// Takes a SAS as the portal and the tools print it; one leading `?` is dropped.
    ///
    /// # Errors
    /// [`StorageAuthError::MalformedSas`] when there is no signature in it or a field
    /// occurs twice.
    pub fn new(text: &str) -> Result<Self, StorageAuthError> {
        let text = text.trim();
        let text = text.strip_prefix('?').unwrap_or(text);
        if SasFields::parse(text)?.is_none() {
            return Err(StorageAuthError::MalformedSas("sig is missing".into()));
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    pub(super) fn signed(fields: &SasFields, signature: &str) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.pairs());
        query.append_pair("sig", signature);
        // A space would read as a plus sign on the other side.
        Self(Zeroizing::new(query.finish().replace('+', "%20")))
    }

    /// The query text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The fields of the token, without its signature.
    pub fn fields(&self) -> SasFields {
        SasFields::parse(&self.0)
            .ok()
            .flatten()
            .map(|(fields, _)| fields)
            .expect("checked when the token was made")
    }

    /// Adds the token to the query of `url` unless it carries a signature already.
    pub fn apply_to(&self, url: &mut Url) {
        if url.query_pairs().any(|(name, _)| name == "sig") {
            return;
        }
        let query = match url.query() {
            None | Some("") => self.0.to_string(),
            Some(query) => format!("{query}&{}", *self.0),
        };
        url.set_query(Some(&query));
    }
}

impl fmt::Debug for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SasToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "?sv=2021-10-04&sr=c&sp=rl&se=2030-01-01&sig=a%2Bb%3D";

    #[test]
    fn takes_a_token_with_or_without_the_question_mark() {
        let token = SasToken::new(TEXT).unwrap();
        assert_eq!(token.expose(), &TEXT[1..]);
        assert_eq!(token, SasToken::new(&TEXT[1..]).unwrap());
        assert_eq!(token.fields().get("sr"), "c");
        assert_eq!(token.fields().get("sig"), "");
        assert!(!format!("{token:?}").contains("2021"));
    }

    #[test]
    fn refuses_what_is_no_sas() {
        for text in ["", "?", "sv=2021-10-04&sr=c", "sig=x", "sv=a&sv=b&sig=x"] {
            assert!(SasToken::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_added_to_a_url_once() {
        let token = SasToken::new(TEXT).unwrap();
        let mut url: Url = "https://a.blob.core.windows.net/c?comp=list"
            .parse()
            .unwrap();
        token.apply_to(&mut url);
        let once = url.to_string();
        assert!(once.ends_with("?comp=list&sv=2021-10-04&sr=c&sp=rl&se=2030-01-01&sig=a%2Bb%3D"));
        token.apply_to(&mut url);
        assert_eq!(url.to_string(), once);
    }
}
