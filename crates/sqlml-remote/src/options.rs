//! `RxOptions`: the options of a process by their names, with the defaults of the original.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{LazyLock, PoisonError, RwLock},
};

use azml_core::env::Environment;
use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    sample_data,
};

const SAMPLE_DATA: &str = "sampleDataDir";

/// The names with their values where nobody has set another.
static DEFAULTS: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    BTreeMap::from([
        ("CoefLabelStyle", json!("Revo")),
        ("DataPath", json!(["."])),
        ("DropMain", json!(true)),
        ("FileSystem", json!("native")),
        ("MemStatsDiff", json!(0)),
        ("MemStatsReset", json!(0)),
        ("NumCoresToUse", json!(4)),
        ("NumDigits", json!(7)),
        ("NumTasks", json!(1)),
        ("OutDataPath", json!(["."])),
        ("RngBufferSize", json!(1)),
        ("RowDisplayMax", json!(-1)),
        ("ShowTransformFn", json!(false)),
        ("UseSparseCube", json!(false)),
        ("XdfCompressionLevel", json!(1)),
        ("blocksPerRead", json!(1)),
        // A library says nothing of itself; programs that want to can ask for more.
        ("reportProgress", json!(0)),
        (SAMPLE_DATA, Value::Null),
        ("traceLevel", json!(0)),
        ("unitTestDataDir", Value::Null),
        ("unixPythonPath", json!("python3")),
    ])
});

static SET: RwLock<BTreeMap<&'static str, Value>> = RwLock::new(BTreeMap::new());

/// The options of this process.
#[derive(Clone, Copy, Debug)]
pub struct RxOptions;

impl RxOptions {
    fn known(name: &str) -> Option<(&'static str, &'static Value)> {
        // The page of the original has this one with a letter missing.
        let name = if name.eq_ignore_ascii_case("RngBfferSize") {
            "RngBufferSize"
        } else {
            name
        };
        DEFAULTS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(known, value)| (*known, value))
    }

    /// The value of an option, whose name may be in any case; `None` for an unknown one.
    ///
    /// `sampleDataDir` is a directory of the user with small data sets, which are written there when it is first asked for.
    ///
    /// # Errors
    /// [`Error::Io`] where the sample data cannot be written.
    pub fn get(name: &str) -> Result<Option<Value>> {
        let Some((name, default)) = Self::known(name) else {
            return Ok(None);
        };
        let set = SET.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = set.get(name) {
            return Ok(Some(value.clone()));
        }
        drop(set);
        if name != SAMPLE_DATA && name != "unitTestDataDir" {
            return Ok(Some(default.clone()));
        }
        let Some(directory) = cache(&Environment::process()) else {
            return Ok(None);
        };
        sample_data::write(&directory)?;
        Ok(Some(json!(directory)))
    }

    /// Sets an option.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an unknown one.
    pub fn set(name: &str, value: impl Into<Value>) -> Result<()> {
        let (name, _) = Self::known(name)
            .ok_or_else(|| Error::InvalidArgument(format!("there is no option '{name}'")))?;
        let mut set = SET.write().unwrap_or_else(PoisonError::into_inner);
        set.insert(name, value.into());
        Ok(())
    }
}

/// Where the sample data of this version lies.
fn cache(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = environment.get(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .or_else(|| absolute("LOCALAPPDATA"))?;
    Some(
        cache
            .join("azml")
            .join(concat!("sample-data-", env!("CARGO_PKG_VERSION"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sqlml P5: options by name, with their defaults.
    #[test]
    fn p5_options_have_defaults_and_can_be_set() {
        assert_eq!(RxOptions::get("NumDigits").unwrap(), Some(json!(7)));
        assert_eq!(RxOptions::get("numdigits").unwrap(), Some(json!(7)));
        assert_eq!(RxOptions::get("RngBfferSize").unwrap(), Some(json!(1)));
        assert_eq!(RxOptions::get("nosuch").unwrap(), None);
        assert!(RxOptions::set("nosuch", 1).is_err());
        RxOptions::set("TRACELEVEL", 3).unwrap();
        assert_eq!(RxOptions::get("traceLevel").unwrap(), Some(json!(3)));
    }

    #[test]
    fn sample_data_lies_in_the_users_cache() {
        let of = |pairs: &[(&str, &str)]| cache(&Environment::from_pairs(pairs.iter().copied()));
        let end = concat!("azml/sample-data-", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            of(&[("HOME", "/h")]),
            Some(PathBuf::from("/h/.cache").join(end))
        );
        let both = [("HOME", "/h"), ("XDG_CACHE_HOME", "/c")];
        assert_eq!(of(&both), Some(PathBuf::from("/c").join(end)));
        assert_eq!(of(&[("HOME", "relative")]), None);
        assert_eq!(of(&[]), None);
    }
}
