//! What the service keeps: workspaces, people, uploads, datasets, experiments.
//! These are the stored forms; how they look on the wire is in `wire`.

use serde::{Deserialize, Serialize};

use crate::state::FileId;

/// The workspace that all examples belong to.
pub(super) const GLOBAL_WORKSPACE: &str = "506153734175476c4f62416c57734963";

/// A workspace with its two tokens; each gives full access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Workspace {
    pub(super) id: String,
    pub(super) friendly_name: String,
    pub(super) description: String,
    pub(super) region: String,
    pub(super) owner_email: String,
    pub(super) created: Timestamp,
    pub(super) primary_token: String,
    pub(super) secondary_token: String,
}

/// A person of a workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) status: String,
}

/// Milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Timestamp(pub(super) i64);

/// Bytes as a sequence of stored bodies, so that blocks become a dataset
/// without being copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Content(pub(super) Vec<Segment>);

/// One stored body of a [`Content`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) file: FileId,
    pub(super) length: u64,
}

impl Content {
    /// The number of bytes.
    pub(super) fn length(&self) -> u64 {
        self.0.iter().map(|segment| segment.length).sum()
    }
}

/// An upload that no dataset was made of yet, or that can be used again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) data_type: String,
    pub(super) expires: Timestamp,
    /// What came with the request that began the upload.
    pub(super) body: Content,
    /// How many blocks there are to be, once the first one said so.
    pub(super) block_count: Option<u32>,
}

/// All versions of one dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Family {
    pub(super) id: String,
    /// Its place in the listing.
    pub(super) place: u64,
    /// The number of the newest version; numbers are never used twice.
    pub(super) latest: u32,
    pub(super) name: String,
}

/// One version of a dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Dataset {
    pub(super) workspace: String,
    pub(super) family: String,
    pub(super) version: u32,
    pub(super) name: String,
    pub(super) data_type: String,
    pub(super) description: Option<String>,
    pub(super) owner: String,
    pub(super) source_origin: String,
    pub(super) created: Timestamp,
    pub(super) upload: Option<String>,
    pub(super) uploaded_from: Option<String>,
    pub(super) experiment: Option<String>,
    pub(super) promoted_from: Option<String>,
    pub(super) category: Option<String>,
    pub(super) content: Content,
}

impl Dataset {
    /// The id on the wire.
    pub(super) fn id(&self) -> String {
        dataset_id(&self.workspace, &self.family, self.version)
    }
}

/// The id of a version of a dataset.
pub(super) fn dataset_id(workspace: &str, family: &str, version: u32) -> String {
    format!("{workspace}.{family}.v1-default-{version}")
}

/// How far an experiment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StatusCode {
    InDraft,
    Running,
    Finished,
    Failed,
}

impl StatusCode {
    /// Its spelling on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InDraft => "InDraft",
            Self::Running => "Running",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
        }
    }
}

/// An experiment with its graph and its last run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) workspace: String,
    /// Its place in the listing.
    pub(super) place: u64,
    pub(super) description: String,
    pub(super) summary: Option<String>,
    pub(super) category: Option<String>,
    pub(super) creator: String,
    pub(super) parent: Option<String>,
    pub(super) etag: String,
    pub(super) status: StatusCode,
    pub(super) status_detail: Option<String>,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// The run that [`Experiment::status`] is about.
    pub(super) run: Option<String>,
    pub(super) disable_nodes_update: bool,
    pub(super) graph: serde_json::Value,
    pub(super) web_service: serde_json::Value,
    /// The outputs of the last finished run.
    pub(super) outputs: Vec<Output>,
}

/// One output of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Output {
    pub(super) node: String,
    pub(super) port: String,
    /// The type that clients are told.
    pub(super) data_type: String,
    pub(super) content: Content,
}
