//! Development credentials: documented and fixed on loopback, replaceable by
//! configuration, generated where they would be public.

use std::{collections::BTreeMap, fmt, sync::Arc};

use subtle::ConstantTimeEq;

use crate::{
    StartError,
    config::Config,
    state::{Error, Secrets},
};

/// A credential with a documented value.
pub(crate) struct Development {
    /// Its name in the configuration.
    pub(crate) name: &'static str,
    /// The documented value.
    pub(crate) value: &'static str,
    /// Makes another of the same form.
    pub(crate) generate: fn() -> Result<String, Error>,
    /// Whether it lets its holder run code on this machine, where that is allowed.
    pub(crate) runs_code: bool,
}

/// The credentials of one emulator.
#[derive(Clone)]
pub(crate) struct Identities {
    configured: Arc<BTreeMap<String, String>>,
    loopback: bool,
    allow_scripts: bool,
    bind: String,
    secrets: Secrets,
}

impl Identities {
    pub(crate) fn new(config: &Config, secrets: Secrets) -> Self {
        Self {
            configured: Arc::new(config.identities.clone()),
            loopback: config.bind.is_loopback(),
            allow_scripts: config.allow_scripts,
            bind: config.bind.to_string(),
            secrets,
        }
    }

    /// The value of a credential: as configured, else as documented, else
    /// generated once for this data directory.
    pub(crate) fn get(&self, identity: &Development) -> Result<String, StartError> {
        if let Some(value) = self.configured.get(identity.name) {
            if self.is_refused(identity, value) {
                return Err(StartError::PublicIdentity {
                    name: identity.name.to_owned(),
                    bind: self.bind.clone(),
                });
            }
            return Ok(value.clone());
        }
        if self.is_documented(identity) {
            return Ok(identity.value.to_owned());
        }
        Ok(self
            .secrets
            .get_or_create(identity.name, identity.generate)?)
    }

    /// The value that the configuration gives to `name`, if any.
    pub(crate) fn configured(&self, name: &str) -> Option<&str> {
        self.configured.get(name).map(String::as_str)
    }

    /// The configured values whose names begin with `prefix`, by the rest of the name.
    pub(crate) fn configured_below(&self, prefix: &str) -> Vec<(&str, &str)> {
        self.configured
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
            .collect()
    }

    /// Whether `value` is the documented one although that is not allowed here.
    pub(crate) fn is_refused(&self, identity: &Development, value: &str) -> bool {
        !self.is_documented(identity) && value == identity.value
    }

    fn is_documented(&self, identity: &Development) -> bool {
        self.loopback && !(identity.runs_code && self.allow_scripts)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities")
            .field("loopback", &self.loopback)
            .field("allow_scripts", &self.allow_scripts)
            .finish_non_exhaustive()
    }
}

/// Compares a presented secret in a time that does not depend on where it differs.
pub(crate) fn same_secret(presented: &str, expected: &str) -> bool {
    bool::from(presented.as_bytes().ct_eq(expected.as_bytes()))
}
