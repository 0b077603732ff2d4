//! Dates of the service: `/Date(1418444668177)/`, Unix milliseconds in UTC.

use serde::{Deserialize, Deserializer};
use time::{Duration, OffsetDateTime};

/// Reads `/Date(ms)/`; an offset such as `+0000` after the digits changes nothing, the digits are
/// UTC. `None` for anything else, for dates out of range and for negative ones, which the service
/// writes where nothing is set.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let digits = inner
        .find(|c: char| !c.is_ascii_digit())
        .map_or(inner, |end| match inner.as_bytes()[end] {
            b'+' | b'-' => &inner[..end],
            _ => "",
        });
    let milliseconds: i64 = digits.parse().ok()?;
    OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(milliseconds))
}

/// Reads an optional date member; what is not a date is read as absent, so that one odd entry
/// does not hide a whole listing.
pub(super) fn optional<'de, D>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(parse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn milliseconds_are_utc() {
        // studio S-031, D-04
        assert_eq!(
            parse("/Date(1418444668177)/"),
            Some(datetime!(2014-12-13 04:24:28.177 UTC))
        );
        assert_eq!(
            parse("/Date(1418444668177-0800)/"),
            Some(datetime!(2014-12-13 04:24:28.177 UTC))
        );
        assert_eq!(
            parse("/Date(1418444668177+0100)/"),
            Some(datetime!(2014-12-13 04:24:28.177 UTC))
        );
    }

    #[test]
    fn unset_and_odd_dates_are_absent() {
        for text in [
            "/Date(-62135596800000)/",
            "/Date()/",
            "/Date(12x)/",
            "/Date(99999999999999999999)/",
            "/Date(9223372036854775807)/",
            "2014-12-13T04:24:28Z",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
