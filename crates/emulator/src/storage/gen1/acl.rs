//! POSIX access control lists: the text form, the rules of changing one, and what a new node inherits.
//! Says what an entry list is; whether it is enforced is the caller's.

use serde::{Deserialize, Serialize};

use super::error::{FsError, Result};

/// Permission of new files and directories without inherited entries.
pub(super) const DEFAULT_PERMISSION: u16 = 0o770;
/// Most entries of one list that the service takes.
const MAX_ENTRIES: usize = 32;

/// Whom an entry is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Who {
    Owner,
    User(String),
    OwningGroup,
    Group(String),
    Mask,
    Other,
}

/// One list: access entries, or the defaults of a directory. Ordered as the service reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entries(Vec<(Who, u8)>);

/// The access control of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Acl {
    access: Entries,
    default: Entries,
    pub(super) sticky: bool,
}

/// An entry of an ACL spec. `rights` is absent where entries are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpecEntry {
    default: bool,
    who: Who,
    rights: Option<u8>,
}

impl Acl {
    /// Base entries from an octal permission.
    pub(super) fn from_permission(permission: u16) -> Self {
        let mut acl = Self {
            access: Entries::default(),
            default: Entries::default(),
            sticky: false,
        };
        acl.set_permission(permission);
        acl
    }

    /// What a node made below a directory with this list gets.
    pub(super) fn inherited(&self, directory: bool, permission: Option<u16>) -> Self {
        let asked = permission.unwrap_or(DEFAULT_PERMISSION);
        if self.default.0.is_empty() {
            return Self::from_permission(asked);
        }
        Self {
            access: self.default.clone(),
            default: if directory {
                self.default.clone()
            } else {
                Entries::default()
            },
            sticky: false,
        }
    }

    /// Sets the base entries, or the mask where there is one, and the sticky bit.
    pub(super) fn set_permission(&mut self, permission: u16) {
        let digit = |shift: u16| u8::try_from((permission >> shift) & 7).unwrap_or(0);
        self.sticky = permission & 0o1000 != 0;
        self.access.put(Who::Owner, digit(6));
        let group = if self.access.get(&Who::Mask).is_some() {
            Who::Mask
        } else {
            Who::OwningGroup
        };
        self.access.put(group, digit(3));
        self.access.put(Who::Other, digit(0));
    }

    /// `770`; with a mask, the middle digit is the mask's.
    pub(super) fn permission(&self) -> String {
        let digit = |who: &Who| self.access.get(who).unwrap_or(0);
        let group = self
            .access
            .get(&Who::Mask)
            .unwrap_or_else(|| digit(&Who::OwningGroup));
        let sticky = if self.sticky { "1" } else { "" };
        format!(
            "{sticky}{}{group}{}",
            digit(&Who::Owner),
            digit(&Who::Other)
        )
    }

    /// Whether there are more than the three base entries.
    pub(super) fn is_extended(&self) -> bool {
        self.access.0.len() > 3 || !self.default.0.is_empty()
    }

    /// Entries in the service's order and text form.
    pub(super) fn entries(&self) -> Vec<String> {
        let access = self
            .access
            .0
            .iter()
            .map(|(who, rights)| format!("{}:{}", who.text(), show(*rights)));
        let default = self
            .default
            .0
            .iter()
            .map(|(who, rights)| format!("default:{}:{}", who.text(), show(*rights)));
        access.chain(default).collect()
    }

    /// SETACL: replaces the access entries, and the defaults if the spec names any.
    pub(super) fn replace(&mut self, spec: &[SpecEntry], directory: bool) -> Result<()> {
        let mut access = Entries::default();
        let mut default = Entries::default();
        fill(&mut access, &mut default, spec, directory)?;
        for who in [Who::Owner, Who::OwningGroup, Who::Other] {
            if access.get(&who).is_none() {
                return Err(FsError::argument(
                    "Invalid ACL: the user, group and other entries are required.",
                ));
            }
        }
        access.complete_mask(names_mask(spec, false));
        self.access = access;
        if spec.iter().any(|entry| entry.default) {
            self.set_default(default, names_mask(spec, true));
        }
        Ok(())
    }

    /// MODIFYACLENTRIES: adds entries and changes those that are there.
    pub(super) fn modify(&mut self, spec: &[SpecEntry], directory: bool) -> Result<()> {
        let mut access = self.access.clone();
        let mut default = self.default.clone();
        fill(&mut access, &mut default, spec, directory)?;
        access.complete_mask(names_mask(spec, false));
        self.access = access;
        self.set_default(default, names_mask(spec, true));
        Ok(())
    }

    /// REMOVEACLENTRIES: drops named entries; the base entries stay.
    pub(super) fn remove(&mut self, spec: &[SpecEntry]) -> Result<()> {
        for entry in spec {
            let list = if entry.default {
                &mut self.default
            } else {
                &mut self.access
            };
            let base = matches!(entry.who, Who::Owner | Who::OwningGroup | Who::Other);
            if base && !entry.default {
                return Err(FsError::argument(format!(
                    "Invalid ACL: the entry '{}' cannot be removed.",
                    entry.who.text()
                )));
            }
            list.0.retain(|(who, _)| *who != entry.who);
        }
        self.access.complete_mask(false);
        let default = std::mem::take(&mut self.default);
        self.set_default(default, false);
        Ok(())
    }

    /// REMOVEACL: leaves the base entries only.
    pub(super) fn strip(&mut self) {
        self.access
            .0
            .retain(|(who, _)| matches!(who, Who::Owner | Who::OwningGroup | Who::Other));
        self.default = Entries::default();
    }

    /// REMOVEDEFAULTACL
    pub(super) fn strip_default(&mut self) {
        self.default = Entries::default();
    }

    /// The rights that a caller has: the owner's, else a named user's, else the most that one of the
    /// groups has, else everyone else's; the mask cuts all but the owner's and everyone else's.
    pub(super) fn rights(&self, owner: &str, group: &str, caller: &str, groups: &[String]) -> u8 {
        if caller == owner {
            return self.access.get(&Who::Owner).unwrap_or(0);
        }
        let mask = self.access.get(&Who::Mask).unwrap_or(7);
        if let Some(rights) = self.access.get(&Who::User(caller.to_owned())) {
            return rights & mask;
        }
        let member = |id: &str| id == caller || groups.iter().any(|it| it == id);
        let mut found = None;
        for (who, rights) in &self.access.0 {
            let applies = match who {
                Who::OwningGroup => member(group),
                Who::Group(id) => member(id),
                _ => false,
            };
            if applies {
                found = Some(found.unwrap_or(0) | (rights & mask));
            }
        }
        found.unwrap_or_else(|| self.access.get(&Who::Other).unwrap_or(0))
    }

    /// Defaults always have base entries: missing ones are those of the access list.
    fn set_default(&mut self, mut default: Entries, mask_given: bool) {
        if !default.0.is_empty() {
            for who in [Who::Owner, Who::OwningGroup, Who::Other] {
                if default.get(&who).is_none() {
                    let rights = self.access.get(&who).unwrap_or(0);
                    default.put(who, rights);
                }
            }
            default.complete_mask(mask_given);
        }
        self.default = default;
    }
}

impl Entries {
    fn get(&self, who: &Who) -> Option<u8> {
        self.0
            .iter()
            .find(|(it, _)| it == who)
            .map(|(_, rights)| *rights)
    }

    fn put(&mut self, who: Who, rights: u8) {
        match self.0.iter_mut().find(|(it, _)| *it == who) {
            Some(entry) => entry.1 = rights,
            None => {
                self.0.push((who, rights));
                self.0.sort();
            }
        }
    }

    /// A list with named entries has a mask: as given, else the union of what it cuts.
    fn complete_mask(&mut self, given: bool) {
        let named = self
            .0
            .iter()
            .any(|(who, _)| matches!(who, Who::User(_) | Who::Group(_)));
        if given {
            return;
        }
        if !named {
            self.0.retain(|(who, _)| *who != Who::Mask);
            return;
        }
        let union = self
            .0
            .iter()
            .filter(|(who, _)| matches!(who, Who::User(_) | Who::Group(_) | Who::OwningGroup))
            .fold(0, |union, (_, rights)| union | rights);
        self.put(Who::Mask, union);
    }
}

impl Who {
    fn text(&self) -> String {
        match self {
            Self::Owner => "user:".to_owned(),
            Self::User(id) => format!("user:{id}"),
            Self::OwningGroup => "group:".to_owned(),
            Self::Group(id) => format!("group:{id}"),
            Self::Mask => "mask:".to_owned(),
            Self::Other => "other:".to_owned(),
        }
    }
}

fn fill(
    access: &mut Entries,
    default: &mut Entries,
    spec: &[SpecEntry],
    directory: bool,
) -> Result<()> {
    for entry in spec {
        let rights = entry.rights.ok_or_else(|| {
            FsError::argument(format!(
                "Invalid ACL: the entry '{}' has no permission.",
                entry.who.text()
            ))
        })?;
        if !entry.default {
            access.put(entry.who.clone(), rights);
        } else if directory {
            default.put(entry.who.clone(), rights);
        } else {
            return Err(FsError::argument(
                "Invalid ACL: only directories have default entries.",
            ));
        }
    }
    if access.0.len() > MAX_ENTRIES || default.0.len() > MAX_ENTRIES {
        return Err(FsError::argument(format!(
            "Invalid ACL: there are more than {MAX_ENTRIES} entries."
        )));
    }
    Ok(())
}

fn names_mask(spec: &[SpecEntry], default: bool) -> bool {
    spec.iter()
        .any(|entry| entry.default == default && entry.who == Who::Mask)
}

/// Reads `[default:]user|group|other|mask:[id]:rwx`, comma-separated.
pub(super) fn parse_spec(text: &str) -> Result<Vec<SpecEntry>> {
    let entries: Vec<SpecEntry> = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(parse_entry)
        .collect::<Result<_>>()?;
    if entries.is_empty() {
        return Err(FsError::argument("Invalid ACL: aclspec is empty."));
    }
    Ok(entries)
}

fn parse_entry(text: &str) -> Result<SpecEntry> {
    let refuse = || FsError::argument(format!("Invalid ACL: '{text}' is not an entry."));
    let mut parts: Vec<&str> = text.split(':').collect();
    let default = parts.first() == Some(&"default");
    if default {
        parts.remove(0);
    }
    let (kind, id, rights) = match parts.as_slice() {
        [kind] => (*kind, "", None),
        [kind, id] => (*kind, *id, None),
        [kind, id, rights] => (*kind, *id, Some(parse_rights(rights).ok_or_else(refuse)?)),
        _ => return Err(refuse()),
    };
    let who = match (kind, id) {
        ("user", "") => Who::Owner,
        ("user", id) => Who::User(id.to_owned()),
        ("group", "") => Who::OwningGroup,
        ("group", id) => Who::Group(id.to_owned()),
        ("mask", "") => Who::Mask,
        ("other", "") => Who::Other,
        _ => return Err(refuse()),
    };
    Ok(SpecEntry {
        default,
        who,
        rights,
    })
}

/// `r-x`
pub(super) fn parse_rights(text: &str) -> Option<u8> {
    let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
    let mut rights = 0;
    for (byte, (letter, bit)) in bytes.into_iter().zip([(b'r', 4), (b'w', 2), (b'x', 1)]) {
        if byte == letter {
            rights |= bit;
        } else if byte != b'-' {
            return None;
        }
    }
    Some(rights)
}

fn show(rights: u8) -> String {
    [(4, 'r'), (2, 'w'), (1, 'x')]
        .iter()
        .map(|(bit, letter)| if rights & bit != 0 { *letter } else { '-' })
        .collect()
}

/// An octal permission such as `750` or `1777`.
pub(super) fn parse_permission(text: &str) -> Result<u16> {
    u16::from_str_radix(text, 8)
        .ok()
        .filter(|it| *it <= 0o1777 && !text.starts_with('+'))
        .ok_or_else(|| {
            FsError::argument(format!(
                "Invalid permission '{text}': three or four octal digits are expected."
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(permission: u16, change: impl FnOnce(&mut Acl) -> Result<()>) -> Vec<String> {
        let mut acl = Acl::from_permission(permission);
        change(&mut acl).unwrap();
        acl.entries()
    }

    /// gen1 F6: entries in order, the mask is the union of what it cuts.
    #[test]
    fn a_named_user_brings_a_mask() {
        let spec = parse_spec("other::r--,user:bob:rwx,group::r-x,user::rwx").unwrap();
        let entries = changed(0o770, |acl| acl.replace(&spec, false));
        assert_eq!(
            entries,
            [
                "user::rwx",
                "user:bob:rwx",
                "group::r-x",
                "mask::rwx",
                "other::r--"
            ]
        );
        let mut acl = Acl::from_permission(0o750);
        acl.modify(&parse_spec("user:bob:--x,mask::r-x").unwrap(), false)
            .unwrap();
        assert_eq!(acl.permission(), "750");
        assert!(acl.is_extended());
        acl.remove(&parse_spec("user:bob").unwrap()).unwrap();
        assert_eq!(acl.entries(), ["user::rwx", "group::r-x", "other::---"]);
    }

    /// gen1 F15
    #[test]
    fn bad_specs_are_refused() {
        for text in [
            "",
            "user",
            "user::rwz",
            "user::rwxr",
            "admin::rwx",
            "other:bob:r--",
            "a:b:c:d:e",
        ] {
            let parsed = parse_spec(text);
            assert!(
                parsed.is_err()
                    || parsed
                        .is_ok_and(|spec| Acl::from_permission(0).modify(&spec, true).is_err()),
                "{text}"
            );
        }
        let mut acl = Acl::from_permission(0o770);
        assert!(
            acl.replace(&parse_spec("user::rwx,group::rwx").unwrap(), false)
                .is_err()
        );
        assert!(
            acl.modify(&parse_spec("default:user:bob:rwx").unwrap(), false)
                .is_err()
        );
        assert!(acl.remove(&parse_spec("user:").unwrap()).is_err());
        assert_eq!(
            acl.entries().len(),
            3,
            "a refused change leaves nothing behind"
        );
        for text in ["", "8", "2000", "-7", "+7"] {
            assert!(parse_permission(text).is_err(), "{text}");
        }
    }

    /// gen1 F16
    #[test]
    fn defaults_are_inherited() {
        let mut parent = Acl::from_permission(0o770);
        parent
            .modify(&parse_spec("default:user:bob:r-x").unwrap(), true)
            .unwrap();
        let file = parent.inherited(false, None);
        assert_eq!(
            file.entries(),
            [
                "user::rwx",
                "user:bob:r-x",
                "group::rwx",
                "mask::rwx",
                "other::---"
            ]
        );
        let directory = parent.inherited(true, None);
        assert_eq!(directory.entries().len(), 10);
        parent.strip_default();
        assert_eq!(parent.inherited(true, Some(0o700)).permission(), "700");
    }

    #[test]
    fn the_mask_cuts_named_entries_and_groups() {
        let mut acl = Acl::from_permission(0o740);
        acl.modify(
            &parse_spec("user:bob:rwx,group:staff:rw-,mask::r--").unwrap(),
            false,
        )
        .unwrap();
        let groups = ["staff".to_owned()];
        assert_eq!(acl.rights("ann", "g", "ann", &[]), 7);
        assert_eq!(acl.rights("ann", "g", "bob", &[]), 4);
        assert_eq!(acl.rights("ann", "g", "eve", &groups), 4);
        assert_eq!(acl.rights("ann", "g", "eve", &[]), 0);
    }
}
