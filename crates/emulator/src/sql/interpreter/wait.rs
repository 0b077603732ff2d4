//! WAITFOR DELAY.

use std::time::Duration;

use crate::sql::error::{Result, SqlError};

/// `hh:mm[:ss[.fff]]`, below a day.
pub(super) fn duration(text: &str) -> Result<Duration> {
    read(text.trim()).ok_or_else(|| {
        SqlError::new(
            148,
            15,
            format!("Incorrect time syntax in time string '{text}' used with WAITFOR."),
        )
    })
}

fn read(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let mut whole = |limit: u64| {
        parts
            .next()?
            .trim()
            .parse::<u64>()
            .ok()
            .filter(|part| *part < limit)
    };
    let (hours, minutes) = (whole(24)?, whole(60)?);
    let seconds = match parts.next() {
        Some(seconds) => seconds
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|part| (0.0..60.0).contains(part))?,
        None => 0.0,
    };
    let rest = Duration::try_from_secs_f64(seconds).ok()?;
    parts
        .next()
        .is_none()
        .then_some(Duration::from_secs(hours * 3600 + minutes * 60) + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_times_of_a_day() {
        for (text, millis) in [
            ("00:00:02", 2000),
            ("01:02", 3_720_000),
            ("00:00:00.250", 250),
        ] {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(millis));
        }
        for text in ["", "2", "24:00", "00:60", "00:00:61", "00:00:00:00", "a:b"] {
            assert_eq!(duration(text).unwrap_err().number, 148, "{text}");
        }
    }
}
