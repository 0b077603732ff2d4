//! Times of stored objects: 100-nanosecond ticks since 1601, which is what the file and
//! data lake services show and what entity tags are made of.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime, macros::datetime};

const EPOCH: OffsetDateTime = datetime!(1601-01-01 0:00 UTC);

/// A time to 100 nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct Ticks(pub(crate) u64);

impl Ticks {
    /// The ticks of `time`; times before 1601 count as zero.
    pub(crate) fn of(time: OffsetDateTime) -> Self {
        let ticks = (time - EPOCH).whole_nanoseconds() / 100;
        Self(u64::try_from(ticks).unwrap_or_default())
    }

    /// The time of the ticks.
    pub(crate) fn time(self) -> OffsetDateTime {
        let seconds = i64::try_from(self.0 / 10_000_000).unwrap_or(i64::MAX);
        let rest = i64::try_from(self.0 % 10_000_000).unwrap_or_default() * 100;
        EPOCH
            .checked_add(Duration::new(seconds, 0))
            .map_or(EPOCH, |time| time + Duration::nanoseconds(rest))
    }

    /// RFC 1123 text, to the second.
    pub(crate) fn http_date(self) -> String {
        azml_auth::storage::http_date(self.time())
    }

    /// ISO 8601 with seven digits, as snapshots and file times are written.
    pub(crate) fn iso(self) -> String {
        let time = self.time();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            self.0 % 10_000_000
        )
    }

    /// The time without its fraction of a second: what conditional dates compare with.
    pub(crate) fn whole_seconds(self) -> Self {
        Self(self.0 - self.0 % 10_000_000)
    }
}

/// Reads an ISO 8601 time with up to seven digits of a second.
pub(crate) fn parse_iso(text: &str) -> Option<Ticks> {
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .ok()
        .map(Ticks::of)
}

/// Reads the date of a conditional header, in one of the three forms of HTTP.
pub(crate) fn parse_http_date(text: &str) -> Option<Ticks> {
    httpdate::parse_http_date(text)
        .ok()
        .map(|time| Ticks::of(OffsetDateTime::from(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_file_times() {
        // The Unix epoch as a FILETIME.
        let epoch = Ticks::of(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(epoch.0, 116_444_736_000_000_000);
        assert_eq!(epoch.time(), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(epoch.http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(Ticks(epoch.0 + 12).iso(), "1970-01-01T00:00:00.0000012Z");
        assert_eq!(Ticks(epoch.0 + 12).whole_seconds(), epoch);
        assert_eq!(
            parse_iso("1970-01-01T00:00:00.0000012Z"),
            Some(Ticks(epoch.0 + 12))
        );
    }

    #[test]
    fn dates_of_conditional_headers_are_read() {
        let expected = Ticks::of(datetime!(2015-06-26 23:39:12 UTC));
        for text in [
            "Fri, 26 Jun 2015 23:39:12 GMT",
            "Friday, 26-Jun-15 23:39:12 GMT",
            "Fri Jun 26 23:39:12 2015",
        ] {
            assert_eq!(parse_http_date(text), Some(expected), "{text}");
        }
        assert_eq!(parse_http_date("yesterday"), None);
    }
}
