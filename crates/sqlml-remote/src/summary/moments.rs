//! Mean and variance in one pass, by Welford; parts combine exactly, by Chan.

use super::Statistics;

/// What is known of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    sum: f64,
    range: Option<(f64, f64)>,
    missing: u64,
}

/// A count as a number; counts beyond 2^53 do not occur.
fn real(count: u64) -> f64 {
    count as f64
}

impl Moments {
    /// Adds a value; NaN is a missing one.
    pub(crate) fn add(&mut self, value: f64) {
        if value.is_nan() {
            self.missing += 1;
            return;
        }
        self.count += 1;
        let delta = value - self.mean;
        self.mean += delta / real(self.count);
        self.squares += delta * (value - self.mean);
        self.sum += value;
        self.range = Some(self.range.map_or((value, value), |(low, high)| {
            (low.min(value), high.max(value))
        }));
    }

    /// Moments that a server has computed.
    pub(crate) fn known(
        count: u64,
        missing: u64,
        mean: f64,
        variance: f64,
        range: Option<(f64, f64)>,
    ) -> Self {
        let squares = if count > 1 {
            variance * real(count - 1)
        } else {
            0.0
        };
        Self {
            count,
            mean,
            squares,
            sum: mean * real(count),
            range,
            missing,
        }
    }

    pub(crate) fn statistics(&self, name: &str) -> Statistics {
        let (min, max) = self.range.unwrap_or((f64::NAN, f64::NAN));
        Statistics {
            name: name.to_owned(),
            mean: if self.count == 0 { f64::NAN } else { self.mean },
            std_dev: if self.count < 2 {
                f64::NAN
            } else {
                (self.squares / real(self.count - 1)).sqrt()
            },
            min,
            max,
            sum: if self.count == 0 { 0.0 } else { self.sum },
            valid_obs: self.count,
            missing_obs: self.missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let mut moments = Moments::default();
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, f64::NAN] {
            moments.add(value);
        }
        let found = moments.statistics("x");
        assert_eq!(
            (found.mean, found.min, found.max, found.sum),
            (5.0, 2.0, 9.0, 40.0)
        );
        assert_eq!((found.valid_obs, found.missing_obs), (8, 1));
        assert!((found.std_dev - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert!(Moments::default().statistics("x").min.is_nan());
    }
}
