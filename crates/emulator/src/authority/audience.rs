//! Which resources a token can be asked for and which audiences each plane accepts.
//! Knows names only; nothing here looks at a signature.

/// A service surface that takes bearer tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Azure Resource Manager and the workspace services behind it.
    ResourceManager,
    /// Data Lake Analytics jobs and catalog, Data Lake Store Gen1 files.
    DataLake,
    /// Blob, file and dfs services of a storage account.
    Storage,
    /// SQL Server logins with a token.
    Sql,
}

const RESOURCE_MANAGER: &[&str] = &[
    "https://management.azure.com",
    "https://management.core.windows.net",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
];
const DATA_LAKE: &[&str] = &["https://datalake.azure.net"];
const STORAGE: &[&str] = &[
    "https://storage.azure.com",
    "e406a681-f3d4-42a8-90b6-c2b029497af1",
];
const SQL: &[&str] = &["https://database.windows.net"];
/// Asked for by clients that look themselves up; no plane here accepts them.
const DIRECTORY_GRAPH: &[&str] = &[
    "https://graph.windows.net",
    "https://graph.microsoft.com",
    "00000002-0000-0000-c000-000000000000",
    "00000003-0000-0000-c000-000000000000",
];

impl Plane {
    /// Whether a token for `audience` opens this plane.
    ///
    /// With `strict`, Data Lake takes only its own audience; the cloud, and the clients of the
    /// time, also passed the Resource Manager token to it.
    pub(crate) fn accepts(self, audience: &str, strict: bool) -> bool {
        let audience = without_slash(audience);
        let listed = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(audience));
        match self {
            Self::ResourceManager => listed(RESOURCE_MANAGER),
            Self::DataLake => listed(DATA_LAKE) || (!strict && listed(RESOURCE_MANAGER)),
            Self::Storage => listed(STORAGE) || is_storage_account(audience),
            Self::Sql => listed(SQL),
        }
    }
}

/// Whether the directory knows `resource`, so that a token for it may be issued.
pub(crate) fn is_known_resource(resource: &str) -> bool {
    let planes = [
        Plane::ResourceManager,
        Plane::DataLake,
        Plane::Storage,
        Plane::Sql,
    ];
    planes.iter().any(|plane| plane.accepts(resource, false))
        || DIRECTORY_GRAPH
            .iter()
            .any(|name| name.eq_ignore_ascii_case(without_slash(resource)))
}

fn without_slash(resource: &str) -> &str {
    resource.trim_end_matches('/')
}

fn is_storage_account(audience: &str) -> bool {
    let host = audience.to_ascii_lowercase();
    let Some(host) = host.strip_prefix("https://") else {
        return false;
    };
    [
        ".blob.core.windows.net",
        ".dfs.core.windows.net",
        ".file.core.windows.net",
    ]
    .iter()
    .filter_map(|suffix| host.strip_suffix(suffix))
    .any(|account| {
        (3..=24).contains(&account.len())
            && account
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}
