//! The Azure clouds and the addresses that differ between them.

use azure_core::http::Url;

use crate::{Error, ErrorKind, Result};

/// The addresses of one Azure cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cloud {
    /// The directory's token authority, for example `https://login.microsoftonline.com/`.
    pub authority: Url,
    /// Azure Resource Manager, for example `https://management.azure.com/`.
    pub resource_manager: Url,
    /// The resource that version 1 token requests name for Azure Resource Manager.
    pub resource_manager_audience: String,
    /// The suffix of storage hosts, for example `core.windows.net`.
    pub storage_suffix: String,
    /// The suffix of SQL Database hosts, for example `database.windows.net`.
    pub sql_suffix: String,
    /// The suffix of Data Lake Store (Gen1) hosts, where the cloud had them.
    pub data_lake_store_suffix: Option<String>,
    /// The suffix of Data Lake Analytics hosts, where the cloud had them.
    pub data_lake_analytics_suffix: Option<String>,
}

impl Cloud {
    /// The public cloud; the default.
    #[must_use]
    pub fn public() -> Self {
        let mut cloud = Self::from_parts(
            "https://login.microsoftonline.com",
            "https://management.azure.com",
            "https://management.core.windows.net/",
            "windows.net",
        );
        cloud.data_lake_store_suffix = Some("azuredatalakestore.net".into());
        cloud.data_lake_analytics_suffix = Some("azuredatalakeanalytics.net".into());
        cloud
    }

    /// The cloud operated in China.
    #[must_use]
    pub fn china() -> Self {
        Self::from_parts(
            "https://login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
            "https://management.core.chinacloudapi.cn/",
            "chinacloudapi.cn",
        )
    }

    /// The cloud of the US government.
    #[must_use]
    pub fn us_government() -> Self {
        Self::from_parts(
            "https://login.microsoftonline.us",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/",
            "usgovcloudapi.net",
        )
    }

    /// The cloud of this name: `public`, `china` or `usgov`, in any letter case.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "public" => Ok(Self::public()),
            "china" => Ok(Self::china()),
            "usgov" => Ok(Self::us_government()),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("there is no cloud named '{name}'"),
            )
            .with_hint("use public, china or usgov")),
        }
    }

    fn from_parts(authority: &str, arm: &str, arm_audience: &str, suffix: &str) -> Self {
        let parse =
            |url: &str| Url::parse(url).expect("the addresses of the clouds are valid URLs");
        Self {
            authority: parse(authority),
            resource_manager: parse(arm),
            resource_manager_audience: arm_audience.into(),
            storage_suffix: format!("core.{suffix}"),
            sql_suffix: format!("database.{suffix}"),
            data_lake_store_suffix: None,
            data_lake_analytics_suffix: None,
        }
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::public()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_others_are_refused() {
        assert_eq!(Cloud::from_name("UsGov").unwrap(), Cloud::us_government());
        assert_eq!(
            Cloud::from_name("public").unwrap().storage_suffix,
            "core.windows.net"
        );
        assert_eq!(Cloud::china().sql_suffix, "database.chinacloudapi.cn");
        let error = Cloud::from_name("germany").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}
