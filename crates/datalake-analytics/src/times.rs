//! Date-times as these services write them: any number of fractional digits, with an offset or without, and a time
//! of the year 1 for one that is not set.

use serde::{Deserialize, Deserializer};
use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339,
    macros::format_description,
};

/// Reads a time that may be missing, null or unset.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match text {
        None => Ok(None),
        Some(text) => parse(&text)
            .map(|time| (time.year() > 1).then_some(time))
            .ok_or_else(|| serde::de::Error::custom(format!("'{text}' is not a date-time"))),
    }
}

fn parse(text: &str) -> Option<OffsetDateTime> {
    let plain = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]"
    );
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        PrimitiveDateTime::parse(text, &plain)
            .ok()
            .map(PrimitiveDateTime::assume_utc)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_form_is_read() {
        for text in [
            "2019-10-21T14:04:33.8537285Z",
            "2020-08-27T03:20:33.0945484+00:00",
            "2020-08-27T03:20:33+02:00",
            "0001-01-01T00:00:00",
            "2020-08-27T03:20:33.1",
        ] {
            assert!(parse(text).is_some(), "{text}");
        }
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn the_year_one_is_no_time() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(deserialize_with = "optional")]
            at: Option<OffsetDateTime>,
        }
        let read = |text: &str| serde_json::from_str::<Holder>(text).map(|holder| holder.at);
        assert_eq!(read(r#"{"at":"0001-01-01T00:00:00+00:00"}"#).unwrap(), None);
        assert_eq!(read(r#"{"at":null}"#).unwrap(), None);
        assert!(read(r#"{"at":"x"}"#).is_err());
    }
}
