//! What may depend on what, as `cargo tree` sees it: the layers of ARCHITECTURE.md, and what a
//! feature of the facade may bring in.

use std::collections::BTreeSet;
use std::process::Command;

/// Client crates, and the features of the facade that bring them in.
const SERVICES: &[&str] = &[
    "datalake-analytics",
    "datastore",
    "sqlml-remote",
    "studio-classic",
];

/// The one service that links OpenSSL, and what comes with it.
const WITH_OPENSSL: &str = "sqlml-remote";
const OPENSSL: &[&str] = &["openssl", "openssl-sys", "native-tls"];

/// Packages of engines and servers, which no client needs.
const HEAVY: &[&str] = &["axum", "azml-emulator", "datafusion", "redb"];

/// The packages that a package links, itself included.
fn tree(package: &str, arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "cargo tree of {package}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).expect("package names are UTF-8");
    names
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn found<'a>(tree: &BTreeSet<String>, names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.retain(|name| tree.contains(*name));
    names
}

fn packages(services: &[&str]) -> Vec<String> {
    services.iter().map(|name| format!("azml-{name}")).collect()
}

#[test]
fn the_facade_brings_in_every_service_by_default_but_no_engine_and_no_server() {
    let tree = tree("azml", &[]);
    for package in packages(SERVICES) {
        assert!(tree.contains(&package), "{package} is missing");
    }
    assert_eq!(found(&tree, HEAVY), [""; 0]);
}

#[test]
fn the_facade_without_features_holds_no_service() {
    let tree = tree("azml", &["--no-default-features"]);
    for package in packages(SERVICES) {
        assert!(!tree.contains(&package), "{package}");
    }
    assert!(tree.contains("azml-core") && tree.contains("azml-auth"));
}

#[test]
fn a_feature_of_the_facade_brings_in_its_service_alone() {
    for service in SERVICES {
        let tree = tree("azml", &["--no-default-features", "--features", service]);
        let mut services = packages(SERVICES);
        services.retain(|package| tree.contains(package));
        assert_eq!(services, [format!("azml-{service}")]);
        assert_eq!(found(&tree, HEAVY), [""; 0], "{service}");
        assert_eq!(
            found(&tree, OPENSSL).is_empty(),
            *service != WITH_OPENSSL,
            "{service}"
        );
    }
}

#[test]
fn services_depend_on_no_sibling_and_on_no_server() {
    for package in packages(SERVICES) {
        let tree = tree(&package, &["--all-features"]);
        let mut services = packages(SERVICES);
        services.retain(|other| tree.contains(other));
        assert_eq!(services, std::slice::from_ref(&package));
        assert_eq!(found(&tree, HEAVY), [""; 0], "{package}");
    }
}

#[test]
fn core_and_auth_know_no_service() {
    for (package, below) in [("azml-core", "azml-auth"), ("azml-auth", "azml-cli")] {
        let tree = tree(package, &["--all-features"]);
        assert!(!tree.contains(below), "{package} depends on {below}");
        assert_eq!(found(&tree, HEAVY), [""; 0], "{package}");
        for service in packages(SERVICES) {
            assert!(!tree.contains(&service), "{package} depends on {service}");
        }
    }
}

#[test]
fn there_is_one_crypto_provider_beside_the_openssl_of_one_service() {
    let tree = tree("azml-cli", &["--all-features"]);
    assert!(tree.contains("aws-lc-rs"), "the list of packages is right");
    assert_eq!(found(&tree, &["ring"]), [""; 0]);
    for package in ["azml-emulator", "azml-core", "azml-auth"] {
        let tree = self::tree(package, &["--all-features"]);
        assert_eq!(found(&tree, OPENSSL), [""; 0], "{package}");
    }
}

/// Each feature beyond the services brings in what it is for, and nobody gets that unasked.
#[test]
fn further_features_of_the_facade_are_switched_on_alone() {
    const FURTHER: [(&str, &str); 4] = [
        ("mount", "fuser"),
        ("object-store", "object_store"),
        ("postgres", "tokio-postgres"),
        ("usql", "datafusion"),
    ];
    let default = tree("azml", &[]);
    for (feature, package) in FURTHER {
        assert!(!default.contains(package), "{package} by default");
        let tree = tree("azml", &["--no-default-features", "--features", feature]);
        assert!(tree.contains(package), "{package} is missing");
        let others = FURTHER.map(|(_, package)| package);
        let mut unasked = found(&tree, &others);
        // DataFusion reads its files through object_store.
        unasked.retain(|it| *it != package && !(feature == "usql" && *it == "object_store"));
        assert_eq!(unasked, [""; 0], "{feature}");
        assert_eq!(found(&tree, &["axum", "redb"]), [""; 0], "{feature}");
        assert_eq!(found(&tree, OPENSSL), [""; 0], "{feature}");
    }
}

/// With `vendored-openssl` a machine needs no OpenSSL; without it the system's is linked.
#[test]
fn openssl_is_built_from_source_unless_that_is_switched_off() {
    let package = format!("azml-{WITH_OPENSSL}");
    for (arguments, vendored) in [(&[] as &[&str], true), (&["--no-default-features"], false)] {
        let tree = features(&package, arguments);
        assert_eq!(tree.contains("vendored"), vendored, "{arguments:?}");
    }
}

/// The features of `openssl-sys` below a package.
fn features(package: &str, arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p} {f}", "--package", package])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo starts");
    let lines = String::from_utf8(output.stdout).expect("package names are UTF-8");
    let mut lines = lines
        .lines()
        .filter(|line| line.starts_with("openssl-sys "));
    lines.next().expect("openssl-sys is linked").to_owned()
}
