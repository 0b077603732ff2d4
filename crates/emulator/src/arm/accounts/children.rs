//! Resources below an account: firewall rules, policies, links.
//! Each kind says how its properties are read and shown; storing them is the account's.

use serde_json::{Map, Value, json};

use super::model::Child;
use crate::arm::error::ArmError;
use crate::arm::request::Body;

/// How the whole account shows one of its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InAccount {
    /// With id and type, as an answer of its own.
    Resource,
    /// Name and properties only.
    NameAndProperties,
}

/// Reads the properties of a child from a request, over those that are stored.
type ReadProperties =
    fn(&Body, Option<&Map<String, Value>>) -> Result<Map<String, Value>, ArmError>;

/// A type of child resource.
pub(crate) struct ChildKind {
    /// Its name in paths and in the account's properties, such as `firewallRules`.
    pub(crate) collection: &'static str,
    /// Reads `properties` of a request over those that are stored, if any.
    pub(crate) read: ReadProperties,
    /// The properties that callers may see.
    pub(crate) visible: fn(&Map<String, Value>) -> Map<String, Value>,
    /// How the account's own list shows it.
    pub(crate) in_account: InAccount,
    /// Whether deleting one that is not there is an error rather than 204.
    pub(crate) must_exist: bool,
}

impl std::fmt::Debug for ChildKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChildKind")
            .field("collection", &self.collection)
            .finish_non_exhaustive()
    }
}

impl ChildKind {
    /// Firewall rules are the same for every kind of account.
    pub(crate) const FIREWALL_RULES: Self = Self {
        collection: "firewallRules",
        read: read_firewall_rule,
        visible: all_visible,
        in_account: InAccount::Resource,
        must_exist: false,
    };

    /// Reads a list of an account's body, such as `{"name":..,"properties":{..}}` items.
    pub(super) fn read_list(&self, properties: &Body) -> Result<Option<Vec<Child>>, ArmError> {
        let Some(items) = properties.list(self.collection)? else {
            return Ok(None);
        };
        items
            .iter()
            .map(|item| {
                let name = item.required_string("name")?.to_owned();
                check_child_name(&name)?;
                let properties = (self.read)(&item.object("properties")?, None)?;
                Ok(Child { name, properties })
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// Shows every property.
pub(crate) fn all_visible(properties: &Map<String, Value>) -> Map<String, Value> {
    properties.clone()
}

fn read_firewall_rule(
    body: &Body,
    old: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, ArmError> {
    let mut properties = old.cloned().unwrap_or_default();
    for name in ["startIpAddress", "endIpAddress"] {
        let text = match body.string(name)? {
            Some(text) => text,
            None if properties.contains_key(name) => continue,
            None => return Err(ArmError::missing_parameter(name)),
        };
        let address: std::net::Ipv4Addr = text
            .parse()
            .map_err(|_| ArmError::invalid_value(name, "an IPv4 address is expected"))?;
        properties.insert(name.to_owned(), json!(address.to_string()));
    }
    let number = |name: &str| {
        properties
            .get(name)
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<std::net::Ipv4Addr>().ok())
    };
    if number("startIpAddress") > number("endIpAddress") {
        return Err(ArmError::invalid_value(
            "endIpAddress",
            "it is below startIpAddress",
        ));
    }
    Ok(properties)
}

/// Any name that can stand in a path.
pub(super) fn check_child_name(name: &str) -> Result<(), ArmError> {
    if name.trim().is_empty() || name.contains('/') || name.chars().count() > 128 {
        return Err(ArmError::invalid_value(
            "name",
            "1 to 128 characters without '/' are expected",
        ));
    }
    Ok(())
}
