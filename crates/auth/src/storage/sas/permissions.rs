//! The permission letters of shared access signatures.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of SAS permissions (the `sp` field).
///
/// ```
/// use azml_auth::storage::SasPermissions;
///
/// let permissions = SasPermissions::READ | SasPermissions::LIST;
/// assert_eq!(permissions.to_string(), "rl");
/// assert!("racwdl".parse::<SasPermissions>()?.contains(permissions));
/// # Ok::<(), azml_auth::storage::StorageAuthError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SasPermissions(u32);

/// Every letter in the order in which the service wants them written for blobs,
/// containers and shares; the letters that only an account SAS has come last.
const LETTERS: [(char, SasPermissions); 16] = [
    ('r', SasPermissions::READ),
    ('a', SasPermissions::ADD),
    ('c', SasPermissions::CREATE),
    ('w', SasPermissions::WRITE),
    ('d', SasPermissions::DELETE),
    ('x', SasPermissions::DELETE_VERSION),
    ('y', SasPermissions::PERMANENT_DELETE),
    ('l', SasPermissions::LIST),
    ('t', SasPermissions::TAGS),
    ('f', SasPermissions::FILTER),
    ('m', SasPermissions::MOVE),
    ('e', SasPermissions::EXECUTE),
    ('o', SasPermissions::OWNERSHIP),
    ('p', SasPermissions::PERMISSIONS),
    ('i', SasPermissions::IMMUTABILITY),
    ('u', SasPermissions::UPDATE),
];

/// The order of an account SAS.
const ACCOUNT_ORDER: &str = "rwdxylacuptfi";

impl SasPermissions {
    /// `r`: read content, properties, metadata.
    pub const READ: Self = Self(1);
    /// `a`: append to a blob, add a queue message.
    pub const ADD: Self = Self(1 << 1);
    /// `c`: create what does not exist yet.
    pub const CREATE: Self = Self(1 << 2);
    /// `w`: create or replace content, properties, metadata.
    pub const WRITE: Self = Self(1 << 3);
    /// `d`: delete.
    pub const DELETE: Self = Self(1 << 4);
    /// `x`: delete a version.
    pub const DELETE_VERSION: Self = Self(1 << 5);
    /// `y`: delete for good.
    pub const PERMANENT_DELETE: Self = Self(1 << 6);
    /// `l`: list.
    pub const LIST: Self = Self(1 << 7);
    /// `t`: read and write tags.
    pub const TAGS: Self = Self(1 << 8);
    /// `f`: find blobs by tags.
    pub const FILTER: Self = Self(1 << 9);
    /// `m`: move or rename.
    pub const MOVE: Self = Self(1 << 10);
    /// `e`: get properties and access control of a path, traverse directories.
    pub const EXECUTE: Self = Self(1 << 11);
    /// `o`: change owner or group.
    pub const OWNERSHIP: Self = Self(1 << 12);
    /// `p`: change access control; in an account SAS, process queue messages.
    pub const PERMISSIONS: Self = Self(1 << 13);
    /// `i`: set an immutability policy or legal hold.
    pub const IMMUTABILITY: Self = Self(1 << 14);
    /// `u`: update queue messages and table entities.
    pub const UPDATE: Self = Self(1 << 15);

    /// Whether every permission of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether at least one permission of `other` is in this set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters in the order of an account SAS.
    pub fn to_account_string(self) -> String {
        ACCOUNT_ORDER
            .chars()
            .filter(|letter| {
                LETTERS
                    .iter()
                    .any(|(candidate, bit)| candidate == letter && self.contains(*bit))
            })
            .collect()
    }
}

impl std::str::FromStr for SasPermissions {
    type Err = super::StorageAuthError;

    /// Reads the letters in any order.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut set = Self::default();
        for letter in text.chars() {
            let (_, bit) = LETTERS
                .iter()
                .find(|(candidate, _)| *candidate == letter)
                .ok_or_else(|| {
                    super::StorageAuthError::MalformedSas(format!(
                        "'{}' in sp is not a permission",
                        letter.escape_default()
                    ))
                })?;
            set |= *bit;
        }
        Ok(set)
    }
}

impl fmt::Display for SasPermissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, bit) in LETTERS {
            if self.contains(bit) {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SasPermissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SasPermissions({self})")
    }
}

impl BitOr for SasPermissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for SasPermissions {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_round_trip_in_service_order() {
        let all: SasPermissions = "fiupyxtoemldwcar".parse().unwrap();
        assert_eq!(all.to_string(), "racwdxyltfmeopiu");
        assert_eq!(all.to_account_string(), "rwdxylacuptfi");
        assert_eq!("".parse::<SasPermissions>().unwrap().to_string(), "");
    }

    #[test]
    fn an_unknown_letter_is_refused() {
        assert!("rz".parse::<SasPermissions>().is_err());
    }
}
