//! Where a setting comes from: flag, `AZML_*`, profile, and then whatever the service's
//! client does (its own file, its default).

use std::collections::BTreeMap;

use azml_core::env::{self, Environment};
use azml_core::transport::TransportOptions;

use crate::args::GlobalArgs;
use crate::failure::Result;
use crate::output::note;
use crate::profile::{Config, Profile, is_secret};

/// The settings of this call, but for a command's own flags, which come first.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Name of the profile that is used.
    pub(crate) profile: Option<String>,
    values: Environment,
    sources: BTreeMap<String, Source>,
}

/// Where a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A flag of the command line.
    Flag,
    /// An environment variable.
    Environment,
    /// The profile.
    Profile,
}

impl Settings {
    /// Reads the environment, and the profile that the flag names or that is in use.
    pub(crate) fn load(global: &GlobalArgs) -> Result<Self> {
        let config = Config::load()?;
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::resolve(&config, global, environment)
    }

    fn resolve(
        config: &Config,
        global: &GlobalArgs,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let name = global.profile.as_ref().or(config.current.as_ref());
        let empty = Profile::default();
        let profile = name.map_or(Ok(&empty), |name| config.get(name))?;

        let mut values = BTreeMap::new();
        let mut sources = BTreeMap::new();
        for (name, value) in profile.environment() {
            sources.insert(name.clone(), Source::Profile);
            values.insert(name, value.to_owned());
        }
        for (name, value) in environment {
            if name.starts_with("AZML_") {
                if value.is_empty() {
                    continue;
                }
                let found = sources.insert(name.clone(), Source::Environment);
                let differs = found.is_some() && values.get(&name) != Some(&value);
                if let (true, Some(profile)) = (differs, &global.profile) {
                    note(format_args!(
                        "note: {name} of the environment goes before profile `{profile}`"
                    ));
                }
            }
            values.insert(name, value);
        }
        if let Some(file) = &global.ca_file {
            values.insert(env::CA_BUNDLE.to_owned(), file.display().to_string());
            sources.insert(env::CA_BUNDLE.to_owned(), Source::Flag);
        }
        for (name, value) in &values {
            if name.starts_with("AZML_") && is_secret(name) {
                crate::logging::hide(value);
            }
        }
        Ok(Self {
            profile: name.cloned(),
            values: Environment::from_pairs(values),
            sources,
        })
    }

    /// The value of an `AZML_*` name, or of any environment variable.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.values.get(name)
    }

    /// Where the value of an `AZML_*` name was found.
    pub(crate) fn source(&self, name: &str) -> Option<Source> {
        self.sources.get(name).copied()
    }

    /// What the clients see as the environment.
    pub(crate) fn environment(&self) -> &Environment {
        &self.values
    }

    /// The `AZML_*` names that were found in `source`.
    pub(crate) fn found_in(&self, source: Source) -> Vec<(String, String)> {
        self.sources
            .iter()
            .filter(|(_, found)| **found == source)
            .filter_map(|(name, _)| Some((name.clone(), self.get(name)?)))
            .collect()
    }

    /// How connections are made.
    pub(crate) fn transport(&self) -> TransportOptions {
        TransportOptions::from_env(&self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let mut config = Config::default();
        for (name, endpoint) in [("work", "https://work"), ("home", "https://home")] {
            let pairs = [
                ("AZML_STUDIO_ENDPOINT", endpoint),
                ("AZML_STUDIO_WORKSPACE", name),
            ];
            config
                .profiles
                .insert(name.to_owned(), Profile::from_environment(pairs));
        }
        config.current = Some("work".to_owned());
        config
    }

    fn resolve(flag: Option<&str>, environment: &[(&str, &str)]) -> Settings {
        let global = GlobalArgs {
            profile: flag.map(str::to_owned),
            ..GlobalArgs::default()
        };
        let pairs = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::resolve(&config(), &global, pairs).unwrap()
    }

    #[test]
    fn environment_goes_before_profile_and_flag_chooses_it() {
        let settings = resolve(None, &[]);
        assert_eq!(
            settings.get("AZML_STUDIO_ENDPOINT").as_deref(),
            Some("https://work")
        );
        assert_eq!(
            settings.source("AZML_STUDIO_ENDPOINT"),
            Some(Source::Profile)
        );

        let settings = resolve(Some("home"), &[("AZML_STUDIO_WORKSPACE", "other")]);
        assert_eq!(
            settings.get("AZML_STUDIO_ENDPOINT").as_deref(),
            Some("https://home")
        );
        assert_eq!(
            settings.get("AZML_STUDIO_WORKSPACE").as_deref(),
            Some("other")
        );
        assert_eq!(
            settings.source("AZML_STUDIO_WORKSPACE"),
            Some(Source::Environment)
        );
    }

    #[test]
    fn an_empty_variable_does_not_hide_the_profile() {
        let settings = resolve(None, &[("AZML_STUDIO_WORKSPACE", "")]);
        assert_eq!(
            settings.get("AZML_STUDIO_WORKSPACE").as_deref(),
            Some("work")
        );
    }

    #[test]
    fn an_unknown_profile_is_named_with_those_there_are() {
        let global = GlobalArgs {
            profile: Some("nowhere".to_owned()),
            ..GlobalArgs::default()
        };
        let failure = Settings::resolve(&config(), &global, []).unwrap_err();
        let report = failure.report();
        assert!(
            report.contains("`nowhere`") && report.contains("home, work"),
            "{report}"
        );
    }
}
