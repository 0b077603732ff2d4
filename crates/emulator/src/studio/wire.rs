//! The JSON forms of the Studio API, member by member in the service's order.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::model::{Dataset, Experiment, Timestamp, User, Workspace};

/// .NET ticks at the start of 1970.
const TICKS_1970: i64 = 621_355_968_000_000_000;
/// What the service wrote for a time that is not set.
const UNSET: Timestamp = Timestamp(-62_135_596_800_000);

impl Timestamp {
    /// `/Date(ms)/`
    pub(super) fn date(self) -> String {
        format!("/Date({})/", self.0)
    }

    /// 100 ns units since the year 1.
    fn ticks(self) -> i64 {
        self.0.saturating_mul(10_000).saturating_add(TICKS_1970)
    }
}

/// Where bytes are: `BaseUri` + `Location` + `AccessCredential` is a URL.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Location {
    pub(super) base_uri: String,
    pub(super) size: u64,
    pub(super) name: String,
    pub(super) endpoint_type: &'static str,
    pub(super) credential_container: String,
    pub(super) access_credential: String,
    pub(super) location: String,
    pub(super) file_type: String,
    pub(super) is_auxiliary: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataSource {
    visualize_end_point: Location,
    schema_end_point: Location,
    schema_status: &'static str,
    id: String,
    data_type_id: String,
    name: String,
    description: Option<String>,
    family_id: String,
    resource_upload_id: Option<String>,
    source_origin: String,
    size: u64,
    created_date: String,
    owner: String,
    experiment_id: Option<String>,
    client_version: Option<String>,
    promoted_from: Option<String>,
    uploaded_from_filename: Option<String>,
    service_version: u32,
    is_latest: bool,
    category: Option<String>,
    download_location: Location,
    is_deprecated: bool,
    culture: &'static str,
    batch: u32,
    created_date_ticks: i64,
}

impl DataSource {
    /// `link` gives the location of a blob by its path.
    pub(super) fn new(
        dataset: &Dataset,
        is_latest: bool,
        link: impl Fn(&str, u64) -> Location,
    ) -> Self {
        let id = dataset.id();
        let size = dataset.content.length();
        Self {
            visualize_end_point: link(&format!("visualizations/{id}"), 0),
            schema_end_point: link(&format!("schemas/{id}"), 0),
            schema_status: schema_status(&dataset.data_type),
            download_location: link(&format!("uploadedresources/{id}"), size),
            id,
            data_type_id: dataset.data_type.clone(),
            name: dataset.name.clone(),
            description: dataset.description.clone(),
            family_id: dataset.family.clone(),
            resource_upload_id: dataset.upload.clone(),
            source_origin: dataset.source_origin.clone(),
            size,
            created_date: dataset.created.date(),
            owner: dataset.owner.clone(),
            experiment_id: dataset.experiment.clone(),
            client_version: None,
            promoted_from: dataset.promoted_from.clone(),
            uploaded_from_filename: dataset.uploaded_from.clone(),
            service_version: 0,
            is_latest,
            category: dataset.category.clone(),
            is_deprecated: false,
            culture: "en-us",
            batch: 0,
            created_date_ticks: dataset.created.ticks(),
        }
    }
}

fn schema_status(data_type: &str) -> &'static str {
    match data_type {
        "GenericCSV" | "GenericCSVNoHeader" | "GenericTSV" | "GenericTSVNoHeader" | "ARFF" => {
            "Complete"
        }
        _ => "NotSupported",
    }
}

/// The body that makes a dataset, of an upload or of an output.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewDataSource {
    pub(super) data_source: NewMetadata,
    pub(super) upload_id: Option<String>,
    pub(super) uploaded_from_file_name: Option<String>,
    pub(super) experiment_id: Option<String>,
    pub(super) module_node_id: Option<String>,
    pub(super) output_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewMetadata {
    pub(super) name: String,
    pub(super) data_type_id: String,
    pub(super) description: Option<String>,
    pub(super) family_id: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) source_origin: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ExperimentInfo {
    experiment_id: String,
    run_id: Option<String>,
    parent_experiment_id: Option<String>,
    original_experiment_documentation_link: Option<String>,
    summary: Option<String>,
    description: String,
    status: ExperimentStatus,
    etag: String,
    creator: String,
    is_archived: bool,
    job_id: Option<String>,
    version_id: Option<String>,
    category: Option<String>,
    tags: [String; 0],
    is_leaf: bool,
    disable_nodes_update: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_service: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExperimentStatus {
    status_code: &'static str,
    status_detail: Option<String>,
    creation_time: String,
    start_time: String,
    end_time: String,
    metadata: Option<String>,
}

impl ExperimentInfo {
    /// As in the listing.
    pub(super) fn summary(experiment: Experiment) -> Self {
        Self {
            run_id: experiment.run.clone(),
            job_id: experiment.run,
            parent_experiment_id: experiment.parent,
            original_experiment_documentation_link: None,
            summary: experiment.summary,
            description: experiment.description,
            status: ExperimentStatus {
                status_code: experiment.status.as_str(),
                status_detail: experiment.status_detail,
                creation_time: experiment.created.date(),
                start_time: experiment.started.unwrap_or(UNSET).date(),
                end_time: experiment.ended.unwrap_or(UNSET).date(),
                metadata: None,
            },
            version_id: Some(experiment.etag.clone()),
            etag: experiment.etag,
            creator: experiment.creator,
            is_archived: false,
            category: experiment.category,
            tags: [],
            is_leaf: true,
            disable_nodes_update: experiment.disable_nodes_update,
            experiment_id: experiment.id,
            graph: None,
            web_service: None,
        }
    }

    /// With graph and web service, as one experiment is answered.
    pub(super) fn whole(experiment: Experiment, graph: Value) -> Self {
        let web_service = Some(experiment.web_service.clone());
        Self {
            graph: Some(graph),
            web_service,
            ..Self::summary(experiment)
        }
    }
}

/// The body that saves or runs an experiment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SaveExperiment {
    pub(super) description: String,
    pub(super) summary: Option<String>,
    #[serde(default)]
    pub(super) is_draft: bool,
    pub(super) parent_experiment_id: Option<String>,
    #[serde(default)]
    pub(super) disable_node_update: bool,
    pub(super) category: Option<String>,
    pub(super) experiment_graph: Value,
    #[serde(default)]
    pub(super) web_service: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WorkspaceInfo {
    workspace_id: String,
    friendly_name: String,
    description: String,
    #[serde(rename = "HDInsightClusterConnectionString")]
    hdinsight_cluster_connection_string: &'static str,
    #[serde(rename = "HDInsightStorageConnectionString")]
    hdinsight_storage_connection_string: &'static str,
    #[serde(rename = "UseDefaultHDInsightSettings")]
    use_default_hdinsight_settings: bool,
    authorization_token: Tokens,
    migration_status: &'static str,
    owner_email: String,
    user_storage: &'static str,
    subscription_id: &'static str,
    subscription_name: &'static str,
    subscription_state: &'static str,
    region: String,
    workspace_status: &'static str,
    r#type: &'static str,
    created_time: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tokens {
    primary_token: String,
    secondary_token: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl From<Workspace> for WorkspaceInfo {
    fn from(workspace: Workspace) -> Self {
        Self {
            workspace_id: workspace.id,
            friendly_name: workspace.friendly_name,
            description: workspace.description,
            hdinsight_cluster_connection_string: "",
            hdinsight_storage_connection_string: "",
            use_default_hdinsight_settings: true,
            authorization_token: Tokens {
                primary_token: workspace.primary_token,
                secondary_token: workspace.secondary_token,
            },
            migration_status: "",
            owner_email: workspace.owner_email,
            user_storage: "",
            subscription_id: "",
            subscription_name: "",
            subscription_state: "",
            region: workspace.region,
            workspace_status: "Enabled",
            r#type: "Production",
            created_time: workspace.created.date(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserInfo {
    status: String,
    user: UserDetail,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserDetail {
    email: String,
    name: String,
    role: String,
    user_id: String,
}

impl From<User> for UserInfo {
    fn from(user: User) -> Self {
        Self {
            status: user.status,
            user: UserDetail {
                email: user.email,
                name: user.name,
                role: user.role,
                user_id: user.id,
            },
        }
    }
}

/// The body that invites people.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Invite {
    pub(super) role: String,
    #[serde(deserialize_with = "addresses")]
    pub(super) emails: Vec<String>,
}

/// One text with separators, or a list.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Emails {
        One(String),
        Many(Vec<String>),
    }
    let emails = match Emails::deserialize(deserializer)? {
        Emails::One(text) => text.split([',', ';']).map(str::to_owned).collect(),
        Emails::Many(list) => list,
    };
    Ok(emails
        .into_iter()
        .map(|email| email.trim().to_owned())
        .filter(|email| !email.is_empty())
        .collect())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Invited {
    pub(super) email: String,
    pub(super) failed: bool,
    pub(super) error_message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// studio S-032: the ticks of a date are exact to the millisecond.
    #[test]
    fn ticks_agree_with_the_date() {
        let created = Timestamp(1_418_444_668_177);
        assert_eq!(created.date(), "/Date(1418444668177)/");
        assert_eq!(created.ticks(), 635_540_414_681_770_000);
    }
}
