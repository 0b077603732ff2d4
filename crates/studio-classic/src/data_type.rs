//! Ids of dataset types, as the service spells them.
//!
//! Knows which types can become frames and which file extension the web page used; how a type is
//! parsed is the business of `formats`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The type id of a dataset (`DataTypeId` on the wire).
///
/// Ids are compared exactly, upper and lower case included. An id this crate does not know is kept
/// as [`Other`](Self::Other), so every dataset of a workspace can be listed and downloaded.
///
/// ```
/// use azml_studio_classic::DataTypeId;
///
/// let id: DataTypeId = "GenericCSV".into();
/// assert_eq!(id, DataTypeId::GenericCsv);
/// assert_eq!(DataTypeId::from("genericcsv").as_str(), "genericcsv");
/// assert!(!DataTypeId::from("genericcsv").is_frame_readable());
/// ```
#[derive(Debug, Clone, Eq)]
#[non_exhaustive]
pub enum DataTypeId {
    /// `PlainText`: lines of text, one column without a name.
    PlainText,
    /// `GenericCSV`: comma separated, with a header row.
    GenericCsv,
    /// `GenericCSVNoHeader`: comma separated, no header row.
    GenericCsvNoHeader,
    /// `GenericTSV`: tab separated, with a header row.
    GenericTsv,
    /// `GenericTSVNoHeader`: tab separated, no header row.
    GenericTsvNoHeader,
    /// `ARFF`: attribute-relation file format.
    Arff,
    /// `Zip`: an archive, read as bytes only.
    Zip,
    /// `RData`: saved R objects, read as bytes only.
    RData,
    /// `Dataset`: the service's internal data table, opaque.
    Dataset,
    /// `SvmLight`: sparse vectors, read as bytes only.
    SvmLight,
    /// `iLearnerDotNet`: a trained model, opaque.
    ILearnerDotNet,
    /// `iTransformDotNet`: a saved transformation, opaque.
    ITransformDotNet,
    /// Any other id, kept as it came.
    Other(String),
}

impl DataTypeId {
    const KNOWN: [Self; 12] = [
        Self::PlainText,
        Self::GenericCsv,
        Self::GenericCsvNoHeader,
        Self::GenericTsv,
        Self::GenericTsvNoHeader,
        Self::Arff,
        Self::Zip,
        Self::RData,
        Self::Dataset,
        Self::SvmLight,
        Self::ILearnerDotNet,
        Self::ITransformDotNet,
    ];

    /// The id as the service spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::PlainText => "PlainText",
            Self::GenericCsv => "GenericCSV",
            Self::GenericCsvNoHeader => "GenericCSVNoHeader",
            Self::GenericTsv => "GenericTSV",
            Self::GenericTsvNoHeader => "GenericTSVNoHeader",
            Self::Arff => "ARFF",
            Self::Zip => "Zip",
            Self::RData => "RData",
            Self::Dataset => "Dataset",
            Self::SvmLight => "SvmLight",
            Self::ILearnerDotNet => "iLearnerDotNet",
            Self::ITransformDotNet => "iTransformDotNet",
            Self::Other(id) => id,
        }
    }

    /// Whether data of this type can be read into a frame: the four delimited types and plain
    /// text; ARFF only with the feature `arff`.
    pub fn is_frame_readable(&self) -> bool {
        self.is_frame_writable() || (cfg!(feature = "arff") && *self == Self::Arff)
    }

    /// Whether a frame can be written as this type: the four delimited types and plain text.
    pub fn is_frame_writable(&self) -> bool {
        matches!(
            self,
            Self::PlainText
                | Self::GenericCsv
                | Self::GenericCsvNoHeader
                | Self::GenericTsv
                | Self::GenericTsvNoHeader
        )
    }

    /// The file extension by which the web page's upload chose this type, with its leading dot;
    /// none for types that could not be uploaded there.
    pub fn file_extension(&self) -> Option<&'static str> {
        Some(match self {
            Self::PlainText => ".txt",
            Self::GenericCsv => ".csv",
            Self::GenericCsvNoHeader => ".nh.csv",
            Self::GenericTsv => ".tsv",
            Self::GenericTsvNoHeader => ".nh.tsv",
            Self::Arff => ".arff",
            Self::Zip => ".zip",
            Self::RData => ".RData",
            _ => return None,
        })
    }

    /// The type the web page's upload chose for a file name: its longest known extension, in any
    /// letter case.
    ///
    /// ```
    /// use azml_studio_classic::DataTypeId;
    ///
    /// assert_eq!(DataTypeId::for_file_name("iris.nh.csv"), Some(DataTypeId::GenericCsvNoHeader));
    /// assert_eq!(DataTypeId::for_file_name("iris.parquet"), None);
    /// ```
    pub fn for_file_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::KNOWN
            .into_iter()
            .filter_map(|id| Some((id.file_extension()?.to_ascii_lowercase(), id)))
            .filter(|(extension, _)| name.ends_with(extension.as_str()))
            .max_by_key(|(extension, _)| extension.len())
            .map(|(_, id)| id)
    }
}

/// Ids are equal when their spelling is, so `Other("Zip")` equals `Zip`.
impl PartialEq for DataTypeId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Hash for DataTypeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for DataTypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsRef<str> for DataTypeId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for DataTypeId {
    fn from(id: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| known.as_str() == id)
            .unwrap_or_else(|| Self::Other(id.to_owned()))
    }
}

impl From<String> for DataTypeId {
    fn from(id: String) -> Self {
        Self::from(id.as_str())
    }
}

impl FromStr for DataTypeId {
    type Err = std::convert::Infallible;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(id))
    }
}

impl Serialize for DataTypeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DataTypeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // studio 3.1: ids, exact case
    #[test]
    fn every_known_id_round_trips() {
        for id in DataTypeId::KNOWN {
            let parsed = DataTypeId::from(id.as_str());
            assert!(!matches!(parsed, DataTypeId::Other(_)), "{id}");
            assert_eq!(parsed, id);
        }
    }

    #[test]
    fn case_matters_and_unknown_ids_stay() {
        let id = DataTypeId::from("GENERICCSV");
        assert_eq!(id, DataTypeId::Other("GENERICCSV".into()));
        assert_ne!(id, DataTypeId::GenericCsv);
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""GENERICCSV""#);
        assert_eq!(
            serde_json::from_str::<DataTypeId>(r#""GenericTSV""#).unwrap(),
            DataTypeId::GenericTsv
        );
    }

    #[test]
    fn frames_are_for_five_types() {
        let writable: Vec<_> = DataTypeId::KNOWN
            .into_iter()
            .filter(DataTypeId::is_frame_writable)
            .map(|id| id.to_string())
            .collect();
        assert_eq!(
            writable,
            [
                "PlainText",
                "GenericCSV",
                "GenericCSVNoHeader",
                "GenericTSV",
                "GenericTSVNoHeader"
            ]
        );
        assert_eq!(DataTypeId::Arff.is_frame_readable(), cfg!(feature = "arff"));
        assert!(!DataTypeId::Dataset.is_frame_readable());
    }

    #[test]
    fn file_names_choose_the_longest_extension() {
        let of = |name| DataTypeId::for_file_name(name);
        assert_eq!(of("a.csv"), Some(DataTypeId::GenericCsv));
        assert_eq!(of("a.nh.CSV"), Some(DataTypeId::GenericCsvNoHeader));
        assert_eq!(of("a.nh.tsv"), Some(DataTypeId::GenericTsvNoHeader));
        assert_eq!(of("a.rdata"), Some(DataTypeId::RData));
        assert_eq!(of("a"), None);
    }
}
