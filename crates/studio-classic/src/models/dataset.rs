//! A dataset's metadata and the bodies that create one.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{date, null_default, open_enum::open_enum};

open_enum! {
    /// How far the service is with inferring a dataset's schema.
    SchemaStatus {
        /// Inference has not begun.
        NotStarted = "NotStarted",
        /// Inference is queued.
        Pending = "Pending",
        /// Inference is running.
        Running = "Running",
        /// The schema is known.
        Complete = "Complete",
        /// The data does not have the form its type promises.
        Failed = "Failed",
        /// Data of this type has no schema.
        NotSupported = "NotSupported",
    }
}

impl SchemaStatus {
    /// Whether the status no longer changes.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::NotSupported)
    }
}

/// Where a file of the service lies: a blob and the signature that opens it.
///
/// The signature is a secret. It is left out of `Debug`; only
/// [`access_credential`](Self::access_credential) and [`url`](Self::url) give it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Location {
    #[serde(deserialize_with = "null_default")]
    base_uri: String,
    #[serde(deserialize_with = "null_default")]
    size: u64,
    #[serde(deserialize_with = "null_default")]
    name: String,
    #[serde(deserialize_with = "null_default")]
    endpoint_type: String,
    #[serde(deserialize_with = "null_default")]
    credential_container: String,
    #[serde(deserialize_with = "null_default")]
    access_credential: String,
    #[serde(deserialize_with = "null_default")]
    location: String,
    #[serde(deserialize_with = "null_default")]
    file_type: String,
    #[serde(deserialize_with = "null_default")]
    is_auxiliary: bool,
}

impl Location {
    /// Base of the address, ending with a slash.
    pub fn base_uri(&self) -> &str {
        &self.base_uri
    }

    /// Size in bytes as the service states it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Name of the location; often empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kind of storage, such as `AzureBlobContainer`.
    pub fn endpoint_type(&self) -> &str {
        &self.endpoint_type
    }

    /// Container that the credential opens; often empty.
    pub fn credential_container(&self) -> &str {
        &self.credential_container
    }

    /// The shared access signature as a query string, question mark included. A secret.
    pub fn access_credential(&self) -> &str {
        &self.access_credential
    }

    /// Path of the blob below [`base_uri`](Self::base_uri), without a leading slash.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// File type; often empty.
    pub fn file_type(&self) -> &str {
        &self.file_type
    }

    /// Whether the file only accompanies another.
    pub fn is_auxiliary(&self) -> bool {
        self.is_auxiliary
    }

    /// The full address: base, path and signature one after the other. A secret, since whoever
    /// has it can read the data until the signature expires.
    pub fn url(&self) -> String {
        format!(
            "{}{}{}",
            self.base_uri, self.location, self.access_credential
        )
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Location")
            .field("base_uri", &self.base_uri)
            .field("location", &self.location)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Programming language of a dataset's contents, where the service states one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Language {
    /// Name of the language.
    #[serde(deserialize_with = "null_default")]
    pub language: String,
    /// Version of the language.
    #[serde(deserialize_with = "null_default")]
    pub version: String,
}

/// `DataSource` of the protocol, as listed and fetched.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DataSource {
    pub(crate) visualize_end_point: Option<Location>,
    pub(crate) schema_end_point: Option<Location>,
    pub(crate) download_location: Option<Location>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) schema_status: SchemaStatus,
    #[serde(deserialize_with = "null_default")]
    pub(crate) id: String,
    #[serde(deserialize_with = "null_default")]
    pub(crate) data_type_id: String,
    #[serde(deserialize_with = "null_default")]
    pub(crate) name: String,
    #[serde(deserialize_with = "null_default")]
    pub(crate) description: String,
    #[serde(deserialize_with = "null_default")]
    pub(crate) family_id: String,
    pub(crate) resource_upload_id: Option<String>,
    pub(crate) source_origin: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) size: u64,
    #[serde(deserialize_with = "date::optional")]
    pub(crate) created_date: Option<OffsetDateTime>,
    pub(crate) created_date_ticks: Option<i64>,
    pub(crate) owner: Option<String>,
    pub(crate) experiment_id: Option<String>,
    pub(crate) client_version: Option<String>,
    pub(crate) promoted_from: Option<String>,
    pub(crate) uploaded_from_filename: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) service_version: i64,
    #[serde(deserialize_with = "null_default")]
    pub(crate) is_latest: bool,
    pub(crate) category: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) is_deprecated: bool,
    pub(crate) culture: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) batch: i64,
    pub(crate) language: Option<Language>,
}

/// Body that makes a dataset of an upload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NewDataset<'a> {
    pub(crate) data_source: NewDataSource<'a>,
    pub(crate) upload_id: &'a str,
    pub(crate) uploaded_from_file_name: &'a str,
    pub(crate) client_poll: bool,
}

/// Body that makes a dataset of an experiment's output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PromotedDataset<'a> {
    pub(crate) experiment_id: &'a str,
    pub(crate) module_node_id: &'a str,
    pub(crate) output_name: &'a str,
    pub(crate) data_source: NewDataSource<'a>,
}

/// The metadata a caller may choose.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NewDataSource<'a> {
    pub(crate) name: &'a str,
    pub(crate) data_type_id: &'a str,
    pub(crate) description: &'a str,
    /// `None` begins a new family.
    pub(crate) family_id: Option<&'a str>,
    pub(crate) owner: &'a str,
    pub(crate) source_origin: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_unknown_and_null_members_are_tolerated() {
        // studio S-035
        let dataset: DataSource = serde_json::from_str(
            r#"{"Id": "w.f.v1-default-1", "Novelty": {"deep": [1]}, "Description": null,
                "Size": null, "SchemaStatus": "Sleeping", "DataTypeId": "Novel"}"#,
        )
        .expect("tolerant");
        assert_eq!(dataset.id, "w.f.v1-default-1");
        assert_eq!(dataset.description, "");
        assert_eq!(dataset.size, 0);
        assert_eq!(
            dataset.schema_status,
            SchemaStatus::Other("Sleeping".into())
        );
        assert!(!dataset.schema_status.is_final());
        assert_eq!(dataset.data_type_id, "Novel");
        assert!(dataset.download_location.is_none());
        assert!(dataset.created_date.is_none());
    }

    #[test]
    fn url_is_plain_concatenation() {
        // studio S-034
        let location: Location = serde_json::from_str(
            r#"{"BaseUri": "http://h/c/", "Location": "a b", "AccessCredential": "?sig=x%2By"}"#,
        )
        .expect("a location");
        assert_eq!(location.url(), "http://h/c/a b?sig=x%2By");
        assert!(!format!("{location:?}").contains("sig"));
    }

    #[test]
    fn create_body_has_the_spelling_of_the_protocol() {
        // studio 1.5: `UploadedFromFileName` here, `UploadedFromFilename` in answers
        let body = serde_json::to_value(NewDataset {
            data_source: NewDataSource {
                name: "n",
                data_type_id: "GenericCSV",
                description: "d",
                family_id: None,
                owner: "o",
                source_origin: "FromResourceUpload",
            },
            upload_id: "u",
            uploaded_from_file_name: "",
            client_poll: true,
        })
        .expect("serialises");
        assert_eq!(
            body,
            serde_json::json!({
                "DataSource": {"Name": "n", "DataTypeId": "GenericCSV", "Description": "d",
                    "FamilyId": null, "Owner": "o", "SourceOrigin": "FromResourceUpload"},
                "UploadId": "u", "UploadedFromFileName": "", "ClientPoll": true
            })
        );
    }
}
