//! Every variable that leads a program to the emulator.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use azml_core::env;

use super::{Target, ca_bundle, home, subdirectory};
use crate::failure::{Failure, Result};
use crate::files;

/// Variables whose file replaces a program's trust store.
const REPLACE_STORE: [&str; 3] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"];
/// The variable whose file adds to the trust store of Node.js.
const NODE_EXTRA: &str = "NODE_EXTRA_CA_CERTS";
/// Hosts that no proxy can reach for us.
const NO_PROXY: &str = "localhost,.localhost,127.0.0.1,::1";
/// What Microsoft's own libraries call our names.
const AZURE_NAMES: [(&str, &str); 4] = [
    ("AZURE_AUTHORITY_HOST", "AZML_AAD_ENDPOINT"),
    ("AZURE_TENANT_ID", "AZML_TENANT_ID"),
    ("AZURE_CLIENT_ID", "AZML_CLIENT_ID"),
    ("AZURE_CLIENT_SECRET", "AZML_CLIENT_SECRET"),
];

/// The variables to set; files they name are made in `directory`. `get` looks up what the
/// user has set.
pub(super) fn all(
    target: &Target,
    directory: &Path,
    keep_home: bool,
    get: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<(String, OsString)>> {
    let mut variables: Vec<(String, OsString)> = target
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), value.into()))
        .collect();
    let mut set = |name: &str, value: OsString| variables.push((name.to_owned(), value));

    let ca = target.ca_path()?;
    let bundle = directory.join("ca-bundle.pem");
    ca_bundle::write(&bundle, &ca, &users_bundles(&get))?;
    for name in REPLACE_STORE {
        set(name, bundle.clone().into());
    }
    set(NODE_EXTRA, node_bundle(directory, &ca, &get)?);

    for name in ["NO_PROXY", "no_proxy"] {
        set(name, no_proxy(get(name)));
    }
    for (name, ours) in AZURE_NAMES {
        if let Some(value) = target.get(ours) {
            set(name, value.into());
        }
    }
    if let Some(arm) = target.get(env::ARM_ENDPOINT) {
        // azureml-core and the Azure CLI learn the cloud from its metadata, and keep what
        // they learnt in a directory that must not be the user's.
        let metadata = format!("{arm}/metadata/endpoints?api-version=2019-05-01");
        set("ARM_CLOUD_METADATA_URL", metadata.into());
        set("AZUREML_CURRENT_CLOUD", "AzureCloud".into());
        set("AZURE_CONFIG_DIR", subdirectory(directory, "azure")?.into());
    }
    if let Some(text) = connection_string(target) {
        set("AZURE_STORAGE_CONNECTION_STRING", text.into());
    }
    set("PYTHONPATH", python_path(directory, get("PYTHONPATH"))?);
    if !keep_home && let Some(studio) = studio(target) {
        let private = subdirectory(directory, "home")?;
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let real = get(name).map(PathBuf::from);
        home::fill(&private, real.as_deref(), &studio)?;
        set(name, private.into());
    }
    Ok(variables)
}

/// What the storage clients are given where they are not given an account and its key.
fn connection_string(target: &Target) -> Option<String> {
    let account = target.get(env::ACCOUNT)?;
    let key = target.get(env::ACCOUNT_KEY)?;
    let mut text = format!("DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};");
    for (name, ours) in [
        ("BlobEndpoint", env::BLOB_ENDPOINT),
        ("FileEndpoint", "AZML_FILE_ENDPOINT"),
    ] {
        if let Some(endpoint) = target.get(ours) {
            text.push_str(&format!("{name}={endpoint};"));
        }
    }
    Some(text)
}

/// The bundles that the user has named, each once.
fn users_bundles(get: &impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // The system's store already honours SSL_CERT_FILE.
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        let path = get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = path
            && !found.contains(&path)
        {
            found.push(path);
        }
    }
    found
}

/// Node.js takes one file: ours, or ours and the user's in one.
fn node_bundle(
    directory: &Path,
    ca: &Path,
    get: &impl Fn(&str) -> Option<OsString>,
) -> Result<OsString> {
    let Some(users) = get(NODE_EXTRA).filter(|path| !path.is_empty()) else {
        return Ok(ca.as_os_str().to_owned());
    };
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, error))
    };
    let both = format!("{}\n{}", read(ca)?, read(users.as_ref())?);
    let target = directory.join("node-extra.pem");
    files::write_public(&target, both.as_bytes())?;
    Ok(target.into())
}

fn no_proxy(users: Option<OsString>) -> OsString {
    match users.filter(|hosts| !hosts.is_empty()) {
        // A star already says it all, and only when it stands alone.
        Some(hosts) if hosts == "*" => hosts,
        Some(mut hosts) => {
            hosts.push(",");
            hosts.push(NO_PROXY);
            hosts
        }
        None => NO_PROXY.into(),
    }
}

/// Puts our sitecustomize in front of what the user has.
fn python_path(directory: &Path, users: Option<OsString>) -> Result<OsString> {
    let ours = subdirectory(directory, "python")?;
    files::write_public(
        &ours.join("sitecustomize.py"),
        include_bytes!("sitecustomize.py"),
    )?;
    // An empty entry would be the current directory.
    let users = users.filter(|path| !path.is_empty());
    let users = users.iter().flat_map(std::env::split_paths);
    std::env::join_paths(std::iter::once(ours).chain(users))
        .map_err(|error| Failure::new(format!("set PYTHONPATH: {error}")))
}

fn studio(target: &Target) -> Option<home::StudioSettings> {
    let get = |name| target.get(name).map(str::to_owned);
    Some(home::StudioSettings {
        workspace: get(env::STUDIO_WORKSPACE)?,
        token: get(env::STUDIO_TOKEN)?,
        endpoint: get(env::STUDIO_ENDPOINT)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(ca: &Path) -> Target {
        let pairs = [
            (env::CA_BUNDLE, ca.to_str().unwrap()),
            (env::STUDIO_WORKSPACE, "ws"),
            (env::STUDIO_TOKEN, "secret-token"),
            (env::STUDIO_ENDPOINT, "http://127.0.0.1:1"),
            ("AZML_AAD_ENDPOINT", "https://localhost:2"),
            (env::ACCOUNT, "dev"),
            (env::ACCOUNT_KEY, "a2V5"),
            (env::BLOB_ENDPOINT, "http://127.0.0.1:3/dev"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Target::new(pairs.into(), "a test".to_owned())
    }

    #[test]
    fn the_users_own_settings_are_kept_beside_ours() {
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("ca.pem");
        let theirs = directory.path().join("theirs.pem");
        std::fs::write(&ca, "OURS\n").unwrap();
        std::fs::write(&theirs, "THEIRS\n").unwrap();
        let work = subdirectory(directory.path(), "work").unwrap();
        let variables = all(&target(&ca), &work, false, |name| match name {
            "NO_PROXY" => Some("intranet".into()),
            "no_proxy" => Some("*".into()),
            "PYTHONPATH" => Some("/a:/b".into()),
            NODE_EXTRA | "REQUESTS_CA_BUNDLE" => Some(theirs.clone().into()),
            _ => None,
        })
        .unwrap();
        let get = |name: &str| {
            let found = variables.iter().rev().find(|(known, _)| known == name);
            found.map(|(_, value)| value.to_str().unwrap().to_owned())
        };
        assert_eq!(get("AZML_STUDIO_WORKSPACE").unwrap(), "ws");
        assert_eq!(get("AZURE_AUTHORITY_HOST").unwrap(), "https://localhost:2");
        assert_eq!(get("AZURE_TENANT_ID"), None);
        assert_eq!(
            get("AZURE_STORAGE_CONNECTION_STRING").unwrap(),
            "DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=a2V5;\
             BlobEndpoint=http://127.0.0.1:3/dev;"
        );
        assert_eq!(
            get("NO_PROXY").unwrap(),
            "intranet,localhost,.localhost,127.0.0.1,::1"
        );
        assert_eq!(get("no_proxy").unwrap(), "*");
        #[cfg(unix)]
        assert!(get("PYTHONPATH").unwrap().ends_with("/python:/a:/b"));
        for name in [
            "REQUESTS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            NODE_EXTRA,
        ] {
            let bundle = std::fs::read_to_string(get(name).unwrap()).unwrap();
            assert!(
                bundle.contains("OURS") && bundle.contains("THEIRS"),
                "{name}"
            );
        }
        let home = PathBuf::from(get(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).unwrap());
        let settings = std::fs::read_to_string(home.join(".azureml/settings.json")).unwrap();
        assert!(settings.contains("secret-token"), "{settings}");
    }

    #[test]
    fn home_stays_when_asked_or_not_needed() {
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("ca.pem");
        std::fs::write(&ca, "OURS\n").unwrap();
        let work = subdirectory(directory.path(), "work").unwrap();
        let variables = all(&target(&ca), &work, true, |_| None).unwrap();
        assert!(variables.iter().all(|(name, _)| name != "HOME"));
        let python = variables.iter().find(|(name, _)| name == "PYTHONPATH");
        assert_eq!(python.unwrap().1, work.join("python"));
    }
}
