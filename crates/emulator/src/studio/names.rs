//! Which names a dataset may have.

use super::refusal::Refusal;

const LONGEST: usize = 260;
const FORBIDDEN: &[char] = &['<', '>', '*', '%', '&', ':', '\\', '?', '/', '|', '"'];

/// Refuses an empty, overlong or forbidden name.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() {
        return Err(Refusal::bad_request("The dataset name is empty."));
    }
    if name.chars().any(|c| FORBIDDEN.contains(&c) || c < ' ') {
        return Err(Refusal::bad_request(
            "The dataset name contains forbidden characters: none of < > * % & : \\ ? / | \" \
             and no control character may occur in it.",
        ));
    }
    if name.chars().count() > LONGEST {
        return Err(Refusal::bad_request(format!(
            "The dataset name is longer than {LONGEST} characters."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// studio S-074, S-075
    #[test]
    fn names_of_the_service_are_accepted() {
        for name in [
            "dataset-test-upload-2015-11-17--22-12-47",
            "Automobile price data (Raw)",
            "Flight_On_Time_Performance_July_October_2013.csv",
            "naïve 数据 + #1 'x', y",
            &"n".repeat(260),
        ] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in ["", " \t", "a:b", "a/b", "a\"b", "a\nb", &"n".repeat(261)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
