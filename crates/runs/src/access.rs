//! Which compute targets can get at the data of which datastores, and how; the tables of
//! the article "Access data in Azure storage services".

use std::fmt;

use crate::reference::AccessMode;

/// The kinds of compute targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compute {
    /// The machine that submits.
    Local,
    /// A managed cluster.
    AmlCompute,
    /// A virtual machine reached over SSH.
    VirtualMachine,
    /// An HDInsight cluster.
    HdInsight,
    /// Data transfer (Data Factory).
    DataTransfer,
    /// A Databricks workspace.
    Databricks,
    /// An Azure Batch account.
    Batch,
    /// A Data Lake Analytics account.
    DataLakeAnalytics,
}

impl Compute {
    const ALL: [Self; 8] = [
        Self::Local,
        Self::AmlCompute,
        Self::VirtualMachine,
        Self::HdInsight,
        Self::DataTransfer,
        Self::Databricks,
        Self::Batch,
        Self::DataLakeAnalytics,
    ];

    /// The kind that a workspace calls `name` in `computeType`, in any letter case.
    #[must_use]
    pub fn from_type(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "local" => Self::Local,
            "amlcompute" | "batchai" => Self::AmlCompute,
            "virtualmachine" | "remote" => Self::VirtualMachine,
            "hdinsight" => Self::HdInsight,
            "datafactory" | "datatransfer" => Self::DataTransfer,
            "databricks" => Self::Databricks,
            "azurebatch" | "batch" => Self::Batch,
            "datalakeanalytics" | "adla" => Self::DataLakeAnalytics,
            _ => return None,
        })
    }
}

impl fmt::Display for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local compute",
            Self::AmlCompute => "Azure Machine Learning compute",
            Self::VirtualMachine => "a virtual machine",
            Self::HdInsight => "HDInsight",
            Self::DataTransfer => "data transfer",
            Self::Databricks => "Databricks",
            Self::Batch => "Azure Batch",
            Self::DataLakeAnalytics => "Data Lake Analytics",
        })
    }
}

/// The kinds of datastores that the tables speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreKind {
    /// A blob container.
    Blob,
    /// A file share.
    File,
    /// A Data Lake Store (Gen1).
    DataLakeGen1,
    /// A file system of Data Lake Storage (Gen2).
    DataLakeGen2,
    /// A PostgreSQL database.
    PostgreSql,
    /// A SQL database.
    Sql,
    /// A MySQL database.
    MySql,
    /// The Databricks file system.
    Databricks,
}

impl StoreKind {
    /// The kind that a workspace calls `name` in `dataStoreType`.
    #[must_use]
    pub fn from_type(name: &str) -> Option<Self> {
        Some(match name {
            "AzureBlob" => Self::Blob,
            "AzureFile" => Self::File,
            "AzureDataLake" | "AzureDataLakeGen1" => Self::DataLakeGen1,
            "AzureDataLakeGen2" => Self::DataLakeGen2,
            "AzurePostgreSql" => Self::PostgreSql,
            "AzureSqlDatabase" => Self::Sql,
            "AzureMySql" => Self::MySql,
            "DBFS" => Self::Databricks,
            _ => return None,
        })
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blob => "blob",
            Self::File => "file share",
            Self::DataLakeGen1 => "Data Lake Store (Gen1)",
            Self::DataLakeGen2 => "Data Lake Storage (Gen2)",
            Self::PostgreSql => "PostgreSQL",
            Self::Sql => "SQL",
            Self::MySql => "MySQL",
            Self::Databricks => "Databricks file system",
        })
    }
}

/// A way of using data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// The data shows as a directory.
    Mount,
    /// The data is copied before the run.
    Download,
    /// The data is copied back after the run.
    Upload,
    /// Steps of a machine learning pipeline only.
    Pipeline,
}

impl From<AccessMode> for Method {
    fn from(mode: AccessMode) -> Self {
        match mode {
            AccessMode::Mount => Self::Mount,
            AccessMode::Download => Self::Download,
            AccessMode::Upload => Self::Upload,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mount => "mount",
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Pipeline => "pipelines",
        })
    }
}

/// Where which methods work. What is not listed does not work.
const MATRIX: &[(Compute, StoreKind, &[Method])] = {
    use Compute as C;
    use Method::{Download, Mount, Pipeline, Upload};
    use StoreKind as S;
    &[
        (C::Local, S::Blob, &[Download, Upload]),
        (C::Local, S::File, &[Download, Upload]),
        (C::AmlCompute, S::Blob, &[Mount, Download, Upload, Pipeline]),
        (C::AmlCompute, S::File, &[Mount, Download, Upload, Pipeline]),
        (C::VirtualMachine, S::Blob, &[Download, Upload]),
        (C::VirtualMachine, S::File, &[Download, Upload]),
        (C::HdInsight, S::Blob, &[Download, Upload]),
        (C::HdInsight, S::File, &[Download, Upload]),
        (C::DataTransfer, S::Blob, &[Pipeline]),
        (C::DataTransfer, S::DataLakeGen1, &[Pipeline]),
        (C::DataTransfer, S::DataLakeGen2, &[Pipeline]),
        (C::DataTransfer, S::PostgreSql, &[Pipeline]),
        (C::DataTransfer, S::Sql, &[Pipeline]),
        (C::DataTransfer, S::MySql, &[Pipeline]),
        (C::Databricks, S::Blob, &[Pipeline]),
        (C::Databricks, S::DataLakeGen1, &[Pipeline]),
        (C::Databricks, S::Databricks, &[Pipeline]),
        (C::Batch, S::Blob, &[Pipeline]),
        (C::DataLakeAnalytics, S::DataLakeGen1, &[Pipeline]),
    ]
};

/// The methods that work for a datastore of this kind on this compute target.
#[must_use]
pub fn methods(compute: Compute, store: StoreKind) -> &'static [Method] {
    MATRIX
        .iter()
        .find(|(c, s, _)| (*c, *s) == (compute, store))
        .map_or(&[], |(_, _, methods)| methods)
}

/// The compute targets on which the method works for a datastore of this kind.
pub fn computes(store: StoreKind, method: Method) -> impl Iterator<Item = Compute> {
    Compute::ALL
        .into_iter()
        .filter(move |compute| methods(*compute, store).contains(&method))
}

/// A way of using data that does not work; the text says what would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsupported {
    /// The compute target.
    pub compute: Compute,
    /// The kind of the datastore.
    pub store: StoreKind,
    /// What was asked for.
    pub method: Method,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            compute,
            store,
            method,
        } = self;
        write!(
            f,
            "'{method}' does not work for a {store} datastore on {compute}; "
        )?;
        let methods = list(methods(*compute, *store).iter());
        let computes = list(computes(*store, *method));
        match (methods, computes) {
            (Some(methods), _) => write!(f, "what works there: {methods}"),
            (None, Some(computes)) => write!(f, "it works on {computes}"),
            (None, None) => f.write_str("copy the data to a blob or file share datastore"),
        }
    }
}

impl std::error::Error for Unsupported {}

fn list(items: impl Iterator<Item = impl fmt::Display>) -> Option<String> {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(", "))
}

/// Checks one use of data.
///
/// # Errors
/// [`Unsupported`].
pub fn check(compute: Compute, store: StoreKind, method: Method) -> Result<(), Unsupported> {
    if methods(compute, store).contains(&method) {
        return Ok(());
    }
    Err(Unsupported {
        compute,
        store,
        method,
    })
}

/// Where a model is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scoring {
    /// Predictions for whole data sets.
    BatchPrediction,
    /// A web service.
    WebService,
    /// A module of IoT Edge.
    IotEdge,
}

/// Whether datastores can be used for scoring. Where they cannot, storage is used with its
/// own client.
#[must_use]
pub fn scoring(scoring: Scoring) -> bool {
    match scoring {
        Scoring::BatchPrediction => true,
        Scoring::WebService | Scoring::IotEdge => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of section 4.1 of the protocol notes, row by row; M mount, D download,
    /// U upload, P pipelines. Columns: blob, file, Gen1, Gen2, PostgreSQL, SQL.
    #[test]
    fn the_article_s_table() {
        let table = [
            (Compute::Local, ["DU", "DU", "", "", "", ""]),
            (Compute::AmlCompute, ["MDUP", "MDUP", "", "", "", ""]),
            (Compute::VirtualMachine, ["DU", "DU", "", "", "", ""]),
            (Compute::HdInsight, ["DU", "DU", "", "", "", ""]),
            (Compute::DataTransfer, ["P", "", "P", "P", "P", "P"]),
            (Compute::Databricks, ["P", "", "P", "", "", ""]),
            (Compute::Batch, ["P", "", "", "", "", ""]),
            (Compute::DataLakeAnalytics, ["", "", "P", "", "", ""]),
        ];
        let columns = [
            StoreKind::Blob,
            StoreKind::File,
            StoreKind::DataLakeGen1,
            StoreKind::DataLakeGen2,
            StoreKind::PostgreSql,
            StoreKind::Sql,
        ];
        for (compute, row) in table {
            for (store, cell) in columns.iter().zip(row) {
                let letters: String = methods(compute, *store)
                    .iter()
                    .map(|method| match method {
                        Method::Mount => 'M',
                        Method::Download => 'D',
                        Method::Upload => 'U',
                        Method::Pipeline => 'P',
                    })
                    .collect();
                assert_eq!(letters, cell, "{compute} {store}");
            }
        }
    }

    #[test]
    fn refusals_say_what_would_work() {
        let text = |compute, store, method| check(compute, store, method).unwrap_err().to_string();
        assert_eq!(
            text(Compute::Local, StoreKind::Blob, Method::Mount),
            "'mount' does not work for a blob datastore on local compute; what works there: download, upload"
        );
        assert_eq!(
            text(Compute::Batch, StoreKind::File, Method::Download),
            "'download' does not work for a file share datastore on Azure Batch; it works on local compute, Azure Machine Learning compute, a virtual machine, HDInsight"
        );
        assert!(
            text(Compute::Local, StoreKind::Sql, Method::Mount).contains("copy the data"),
            "nothing mounts a database"
        );
        assert!(check(Compute::AmlCompute, StoreKind::File, Method::Mount).is_ok());
    }

    #[test]
    fn names_of_workspaces_are_known() {
        assert_eq!(Compute::from_type("AmlCompute"), Some(Compute::AmlCompute));
        assert_eq!(Compute::from_type("HDInsight"), Some(Compute::HdInsight));
        assert_eq!(Compute::from_type("AKS"), None);
        assert_eq!(StoreKind::from_type("AzureBlob"), Some(StoreKind::Blob));
        assert_eq!(StoreKind::from_type("Hdfs"), None);
        assert!(scoring(Scoring::BatchPrediction));
        assert!(!scoring(Scoring::WebService) && !scoring(Scoring::IotEdge));
    }
}
