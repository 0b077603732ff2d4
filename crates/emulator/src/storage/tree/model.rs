//! The records of the object tree, as they are stored.

use serde::{Deserialize, Serialize};

use super::leases::Lease;
use crate::state::FileId;
use crate::storage::conditions::Version;
use crate::storage::time::Ticks;

/// A blob container or file system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Container {
    /// Blobs are kept below this id, so that a container that is deleted and made again
    /// does not see the blobs of the old one.
    pub(crate) id: String,
    pub(crate) etag: u64,
    pub(crate) modified: Ticks,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metadata: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "PublicAccess::is_none")]
    pub(crate) public: PublicAccess,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policies: Vec<StoredPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<Lease>,
}

impl Container {
    /// What conditions look at.
    pub(crate) fn version(&self) -> Version {
        Version {
            etag: self.etag,
            modified: self.modified,
        }
    }
}

/// What may be read without a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PublicAccess {
    /// Nothing.
    #[default]
    None,
    /// Blobs.
    Blob,
    /// Blobs and their listing.
    Container,
}

impl PublicAccess {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// A stored access policy that a SAS can refer to by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPolicy {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) start: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) expiry: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) permissions: String,
}

/// The kinds of blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BlobType {
    #[default]
    #[serde(rename = "b")]
    Block,
    #[serde(rename = "a")]
    Append,
    #[serde(rename = "p")]
    Page,
}

impl BlobType {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Block => "BlockBlob",
            Self::Append => "AppendBlob",
            Self::Page => "PageBlob",
        }
    }
}

/// The headers that a reader gets back as the writer gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContentHeaders {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) content_type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) encoding: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) language: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) disposition: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) cache_control: String,
    /// Base64 of the MD5 of the whole content, if somebody computed it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) md5: String,
}

impl ContentHeaders {
    /// Takes over what `given` says; what it does not say stays.
    pub(crate) fn replace_given(&mut self, given: Self) {
        for (stored, given) in [
            (&mut self.content_type, given.content_type),
            (&mut self.encoding, given.encoding),
            (&mut self.language, given.language),
            (&mut self.disposition, given.disposition),
            (&mut self.cache_control, given.cache_control),
            (&mut self.md5, given.md5),
        ] {
            if !given.is_empty() {
                *stored = given;
            }
        }
    }
}

/// Owner, group and access control of a path in the data lake's view. They are kept and
/// shown; nothing is refused by them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) owner: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    /// Nine letters such as `rwxr-x---`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) permissions: String,
    /// Entries beside those of the permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entries: Vec<String>,
}

/// Where the bytes of an object are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// There are none.
    #[default]
    #[serde(rename = "e")]
    Empty,
    /// All in one body.
    #[serde(rename = "w")]
    Whole(Body),
    /// In several: the id of their list.
    #[serde(rename = "p")]
    Pieces(String),
}

impl Content {
    fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

/// One body of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// In the metadata store, under this id.
    #[serde(rename = "i")]
    Inline(String),
    /// In a file.
    #[serde(rename = "f")]
    File(FileId),
}

/// A part of an object: `length` bytes of a body from `from` on, which stand at `at`.
/// Between pieces there are zeros.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) at: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) from: u64,
    pub(crate) length: u64,
    pub(crate) body: Body,
    /// The block it was committed as, if it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) block: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// A blob.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Blob {
    #[serde(rename = "type")]
    pub(crate) kind: BlobType,
    pub(crate) etag: u64,
    pub(crate) created: Ticks,
    pub(crate) modified: Ticks,
    pub(crate) length: u64,
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub(crate) content: Content,
    pub(crate) headers: ContentHeaders,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metadata: Vec<(String, String)>,
    /// Set by name; unset means the account's default.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) tier: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copied: Option<Copied>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) access: Option<Access>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<Lease>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
}

impl Blob {
    /// What conditions look at.
    pub(crate) fn version(&self) -> Version {
        Version {
            etag: self.etag,
            modified: self.modified,
        }
    }
}

/// The copy that made a blob.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) id: String,
    /// The source as it was given, without its signature.
    pub(crate) source: String,
    pub(crate) at: Ticks,
}

/// A block that was put and not committed yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) length: u64,
    pub(crate) body: Body,
}
