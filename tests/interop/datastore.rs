//! azureml-core 1.61, the original client of workspaces and datastores.

use std::path::Path;

use azml::datastore::{AzureBlob, Workspace};
use azml_tests::{EmulatorProcess, rows};

/// Every step of the article "Access data in Azure storage services".
#[tokio::test]
async fn article() {
    let expected = [
        "DA-01", "DA-02", "DA-03", "DA-04", "DA-05", "DA-06", "DA-07", "DA-08", "DA-09", "DA-10",
        "DA-11", "DA-12", "DA-13", "DA-14", "DA-16",
    ];
    rows::check("datastore", "datastore/article.py", &expected).await;
}

/// What the original makes of described runs, which ours are compared with.
#[tokio::test]
async fn configurations() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/runs/tests/golden");
    let expected = ["RC-01", "RC-02", "RC-03", "RC-04"];
    let variables = [("AZML_TEST_GOLDEN", golden.as_path())];
    rows::check_with(
        "datastore",
        "datastore/configurations.py",
        &expected,
        &["--ephemeral"],
        &variables,
    )
    .await;
}

/// Runs that the original submits, carried out here.
#[tokio::test]
async fn runs() {
    let expected = [
        "RN-01", "RN-02", "RN-03", "RN-04", "RN-05", "RN-06", "RN-07", "RN-08",
    ];
    rows::check_with(
        "datastore",
        "datastore/runs.py",
        &expected,
        &["--ephemeral", "--allow-scripts"],
        &[],
    )
    .await;
}

/// Each client reads what the other registered and wrote (storage DA-15).
#[tokio::test]
async fn each_client_reads_what_the_other_wrote() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = Workspace::from_environment(&emulator.environment()).unwrap();
    let container = AzureBlob::new("shared", emulator.name("AZML_ACCOUNT"), "shared")
        .account_key(emulator.name("AZML_ACCOUNT_KEY"))
        .create_if_not_exists();
    let datastore = workspace.datastores().register(container).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    let large: Vec<u8> = (0..=255).cycle().take(10 << 20).collect();
    let files: [(&str, &[u8]); 4] = [
        ("a.txt", b"hello"),
        ("empty", b""),
        ("n/ä +%.txt", b"odd"),
        ("n/large", &large),
    ];
    for (name, content) in files {
        let path = source.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let python = |action: &str, directory: &Path| {
        let mut command = emulator.exec(azml_tests::python("datastore"));
        command.arg(azml_tests::script("datastore/exchange.py"));
        let command = command.args([action, "shared"]).arg(directory);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "{action}: {text}\n{}",
            emulator.log()
        );
    };
    let same = |directory: &Path| {
        for (name, content) in files {
            let read = std::fs::read(directory.join(name)).unwrap();
            assert!(read == content, "{name} in {}", directory.display());
        }
    };

    datastore.upload(&source).to("rust").await.unwrap();
    let by_python = folder.path().join("by-python");
    python("download", &by_python);
    same(&by_python.join("rust"));

    python("upload", &source);
    let by_rust = folder.path().join("by-rust");
    let report = datastore
        .download(&by_rust)
        .prefix("python/")
        .await
        .unwrap();
    assert_eq!(report.transferred, files.len());
    same(&by_rust.join("python"));
}
