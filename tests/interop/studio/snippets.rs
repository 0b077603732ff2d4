//! "Generate data access code": what is printed runs as it is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use azml_tests::{EmulatorProcess, python};

const NODE: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565";

/// The two things that code can be printed for, as arguments of a command of `azml studio`.
fn targets(emulator: &EmulatorProcess, command: &str) -> [Vec<String>; 2] {
    let workspace = emulator.name("AZML_STUDIO_WORKSPACE");
    let experiment = format!("{workspace}.f-id.{}", "2".repeat(32));
    let dataset = vec!["datasets", command, "Airport Codes Dataset"];
    let output = vec!["experiments", command, &experiment, NODE, "Results dataset"];
    [dataset, output].map(|words| words.into_iter().map(str::to_owned).collect())
}

/// What a command of `azml studio` prints for both.
fn printed(emulator: &EmulatorProcess, command: &str, options: [&str; 2]) -> [String; 2] {
    targets(emulator, command).map(|arguments| {
        let mut azml = emulator.azml();
        azml.arg("studio").args(arguments).args(options);
        success(azml.output().expect("the azml command starts"))
    })
}

fn success(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// Rows and columns of the two frames, counted without the code under test.
fn expected(emulator: &EmulatorProcess) -> [String; 2] {
    printed(emulator, "download", ["--to", "-"]).map(|text| {
        let columns = text.lines().next().expect("a header").split(',').count();
        format!("{} rows, {columns} columns", text.lines().count() - 1)
    })
}

/// studio S-160: the Python form
#[tokio::test]
async fn printed_python_runs() {
    let emulator = EmulatorProcess::ephemeral().await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let printed = printed(&emulator, "snippet", ["--language", "python"]);
    for (code, expected) in printed.iter().zip(expected(&emulator)) {
        let file = folder.path().join("snippet.py");
        let show = "print(f'{len(frame)} rows, {len(frame.columns)} columns')\n";
        std::fs::write(&file, format!("{code}{show}")).expect("a file");
        let mut command = emulator.exec(python("studio"));
        let output = success(
            command
                .arg(&file)
                .output()
                .expect("the azml command starts"),
        );
        assert_eq!(output.trim(), expected, "{code}");
    }
}

/// studio S-160: the Rust form, built by a crate that has nothing but the facade and tokio
#[tokio::test]
async fn printed_rust_compiles_and_runs() {
    let emulator = EmulatorProcess::ephemeral().await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let crate_folder = outside_crate(folder.path());
    let printed = printed(&emulator, "snippet", ["--language", "rust"]);
    for (code, expected) in printed.iter().zip(expected(&emulator)) {
        std::fs::write(crate_folder.join("src/main.rs"), code).expect("a file");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["run", "--quiet", "--offline"])
            .current_dir(&crate_folder)
            .env("CARGO_TARGET_DIR", azml_tests::target_directory())
            .output()
            .expect("cargo starts");
        assert_eq!(success(output).trim(), expected, "{code}");
    }
}

/// A crate of its own with the workspace's lock file and profile, so that what is built already
/// is used again.
fn outside_crate(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = std::fs::read_to_string(root.join("Cargo.toml")).expect("the workspace");
    let (_, profiles) = workspace
        .split_once("[profile.dev]")
        .expect("the workspace has a profile");
    let manifest = format!(
        "[package]\nname = \"snippet\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\nazml = {{ path = {:?} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\
         [workspace]\n\
         [profile.dev]{profiles}",
        root.join("crates/azml")
    );
    std::fs::create_dir(folder.join("src")).expect("a directory");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a copy");
    folder.to_path_buf()
}

/// studio 4: refused where the original page had its button disabled
#[tokio::test]
async fn incompatible_types_are_refused() {
    let emulator = EmulatorProcess::ephemeral().await;
    let mut command = emulator.azml();
    command.args(["studio", "datasets", "snippet", "Breast cancer data"]);
    let output = command.output().expect("the azml command starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("ARFF"), "{error}");
}
