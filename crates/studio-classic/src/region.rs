//! The regions that had Studio (classic) and their hosts.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A region of Studio (classic). A token is valid only on the hosts of its workspace's region.
///
/// ```
/// use azml_studio_classic::Region;
///
/// let region: Region = "west europe".parse()?;
/// assert_eq!(region.endpoint(), "https://europewest.studioapi.azureml.net");
/// # Ok::<(), azml_studio_classic::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// South Central US, where every free workspace was.
    SouthCentralUs,
    /// West Europe.
    WestEurope,
    /// Southeast Asia.
    SoutheastAsia,
    /// Japan East.
    JapanEast,
    /// Germany Central, in the German cloud.
    GermanyCentral,
    /// West Central US.
    WestCentralUs,
}

impl Region {
    /// Every region.
    pub const ALL: [Self; 6] = [
        Self::SouthCentralUs,
        Self::WestEurope,
        Self::SoutheastAsia,
        Self::JapanEast,
        Self::GermanyCentral,
        Self::WestCentralUs,
    ];

    /// Display name, prefix of the hosts, top level domain.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SouthCentralUs => ("South Central US", "", "net"),
            Self::WestEurope => ("West Europe", "europewest.", "net"),
            Self::SoutheastAsia => ("Southeast Asia", "asiasoutheast.", "net"),
            Self::JapanEast => ("Japan East", "japaneast.", "net"),
            Self::GermanyCentral => ("Germany Central", "germanycentral.", "de"),
            Self::WestCentralUs => ("West Central US", "uswestcentral.", "net"),
        }
    }

    /// Address of the Studio API.
    pub fn endpoint(self) -> String {
        let (_, prefix, tld) = self.parts();
        format!("https://{prefix}studioapi.azureml.{tld}")
    }

    /// Address of the management API (web services).
    pub fn management_endpoint(self) -> String {
        let (_, prefix, tld) = self.parts();
        format!("https://{prefix}management.azureml.{tld}")
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.parts().0)
    }
}

impl FromStr for Region {
    type Err = Error;

    /// Reads the display name in any letter case; spaces may be missing.
    fn from_str(name: &str) -> Result<Self> {
        let fold = |text: &str| text.replace(' ', "").to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|region| fold(region.parts().0) == fold(name))
            .ok_or_else(|| Error::InvalidArgument {
                name: "region",
                reason: format!(
                    "`{name}` is none of {}",
                    Self::ALL.map(|region| region.to_string()).join(", ")
                ),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_every_region() {
        // studio 1.1
        let hosts: Vec<_> = Region::ALL
            .iter()
            .map(|region| (region.endpoint(), region.management_endpoint()))
            .collect();
        let expected = [
            (
                "https://studioapi.azureml.net",
                "https://management.azureml.net",
            ),
            (
                "https://europewest.studioapi.azureml.net",
                "https://europewest.management.azureml.net",
            ),
            (
                "https://asiasoutheast.studioapi.azureml.net",
                "https://asiasoutheast.management.azureml.net",
            ),
            (
                "https://japaneast.studioapi.azureml.net",
                "https://japaneast.management.azureml.net",
            ),
            (
                "https://germanycentral.studioapi.azureml.de",
                "https://germanycentral.management.azureml.de",
            ),
            (
                "https://uswestcentral.studioapi.azureml.net",
                "https://uswestcentral.management.azureml.net",
            ),
        ]
        .map(|(studio, management)| (studio.to_owned(), management.to_owned()));
        assert_eq!(hosts, expected);
    }

    #[test]
    fn names_in_any_case() {
        for region in Region::ALL {
            let name = region.to_string();
            assert_eq!(
                name.to_uppercase().parse::<Region>().expect("known"),
                region
            );
            assert_eq!(
                name.replace(' ', "").parse::<Region>().expect("known"),
                region
            );
        }
        assert!("Mars North".parse::<Region>().is_err());
    }
}
