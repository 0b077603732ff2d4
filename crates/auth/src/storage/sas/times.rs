//! The ISO 8601 forms that a SAS may use for its times.

use time::{
    Date, OffsetDateTime, PrimitiveDateTime, Time, format_description::BorrowedFormatItem,
    format_description::well_known::Rfc3339, macros::format_description,
};

const DAY: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");
const MINUTE: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
const SECOND: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Reads `2024-05-01`, `2024-05-01T10:00Z`, `2024-05-01T10:00:00Z`, with or without a
/// fraction or an offset.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    let utc = |time: PrimitiveDateTime| time.assume_utc();
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .or_else(|| PrimitiveDateTime::parse(text, MINUTE).ok().map(utc))
        .or_else(|| {
            Date::parse(text, DAY)
                .ok()
                .map(|day| utc(day.with_time(Time::MIDNIGHT)))
        })
}

/// Writes a time to the second, the form that every version accepts.
pub(crate) fn format(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC)
        .format(SECOND)
        .expect("a UTC time has every field of the format")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn reads_every_form_and_writes_one() {
        let expected = datetime!(2024-05-01 10:00 UTC);
        for text in [
            "2024-05-01T10:00:00Z",
            "2024-05-01T10:00Z",
            "2024-05-01T10:00:00.0000000Z",
            "2024-05-01T12:00:00+02:00",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(parse("2024-05-01"), Some(datetime!(2024-05-01 0:00 UTC)));
        assert_eq!(parse("tomorrow"), None);
        assert_eq!(format(expected), "2024-05-01T10:00:00Z");
    }
}
