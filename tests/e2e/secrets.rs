//! No secret in any log: every command once with everything logged, and the emulator's own log.

use std::collections::BTreeSet;
use std::process::Output;

use azml::studio_classic::Workspace;
use azml_tests::EmulatorProcess;

/// Every value that must not be seen.
async fn secrets(emulator: &EmulatorProcess) -> BTreeSet<String> {
    let kinds = ["TOKEN", "KEY", "SECRET", "PASSWORD"];
    let mut secrets: BTreeSet<_> = emulator
        .names()
        .iter()
        .filter(|(name, _)| kinds.iter().any(|kind| name.contains(kind)))
        .map(|(_, value)| value.clone())
        .collect();
    let workspace = Workspace::builder()
        .environment(emulator.environment())
        .home("/nonexistent")
        .build()
        .expect("the env file names everything");
    for dataset in workspace.datasets().list().await.expect("the list") {
        let url = dataset.contents_url().expect("an address");
        let (_, signature) = url.split_once("sig=").expect("the address is signed");
        let signature = signature.split('&').next().unwrap_or_default();
        secrets.insert(signature.to_owned());
    }
    secrets
}

/// Signatures in the text, of whatever request: longer than the word that takes their place.
fn signatures(text: &str) -> Vec<&str> {
    text.match_indices("sig=")
        .map(|(at, name)| &text[at + name.len()..])
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "%-_=+/".contains(c)));
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|value| value.len() > 20)
        .collect()
}

fn run(emulator: &EmulatorProcess, arguments: &[&str]) -> Output {
    let mut command = emulator.azml();
    command
        .args(["-vvv", "studio"])
        .args(arguments)
        .env("AZML_LOG", "trace");
    command.output().expect("the azml command starts")
}

#[tokio::test]
async fn logs_at_trace_level_hold_no_secret() {
    let emulator = EmulatorProcess::ephemeral().await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("new.csv");
    std::fs::write(&file, "a,b\n1,2\n").expect("a file");
    let file = file.to_str().expect("a plain path");

    let mut secrets = secrets(&emulator).await;
    let mut logs = Vec::new();
    let experiment = format!(
        "{}.f-id.{}",
        emulator.name("AZML_STUDIO_WORKSPACE"),
        "2".repeat(32)
    );
    let flows: &[(&str, &[&str])] = &[
        ("list", &["datasets", "list"]),
        ("show", &["datasets", "show", "Airport Codes Dataset"]),
        ("read", &["datasets", "read", "Airport Codes Dataset"]),
        (
            "download",
            &["datasets", "download", "Airport Codes Dataset", "--to", "-"],
        ),
        (
            "add",
            &[
                "datasets",
                "add",
                "secret scan",
                file,
                "--type",
                "GenericCSV",
            ],
        ),
        (
            "conflict",
            &[
                "datasets",
                "add",
                "secret scan",
                file,
                "--type",
                "GenericCSV",
            ],
        ),
        ("update", &["datasets", "update", "secret scan", file]),
        ("snippet", &["datasets", "snippet", "secret scan"]),
        ("delete", &["datasets", "delete", "secret scan", "--yes"]),
        ("missing", &["datasets", "read", "no such dataset"]),
        ("experiments", &["experiments", "list"]),
        ("experiment", &["experiments", "show", &experiment]),
        ("users", &["users"]),
        ("workspace", &["workspace"]),
        ("tokens", &["tokens", "show"]),
    ];
    for (name, arguments) in flows {
        let output = run(&emulator, arguments);
        logs.push((*name, String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    // A token that is refused is as secret as one that is accepted.
    let wrong = "wrong-token-0123456789abcdef";
    let refused = emulator
        .azml()
        .args(["-vvv", "studio", "datasets", "list"])
        .env("AZML_LOG", "trace")
        .env("AZML_STUDIO_TOKEN", wrong)
        .output()
        .expect("the azml command starts");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    logs.push((
        "refused",
        String::from_utf8_lossy(&refused.stderr).into_owned(),
    ));
    let regenerated = run(&emulator, &["tokens", "regenerate", "primary"]);
    assert!(regenerated.status.success(), "{regenerated:?}");
    let new = String::from_utf8_lossy(&regenerated.stdout)
        .trim()
        .to_owned();
    logs.push((
        "regenerate",
        String::from_utf8_lossy(&regenerated.stderr).into_owned(),
    ));
    logs.push(("emulator", emulator.log()));

    secrets.extend([wrong.to_owned(), new]);
    assert!(secrets.len() >= 5, "too few secrets were found to look for");
    for (name, log) in logs {
        assert!(log.len() > 100, "{name}: hardly anything was logged: {log}");
        assert_eq!(signatures(&log), [""; 0], "{name}");
        for secret in &secrets {
            let place = log.find(secret.as_str());
            let start = place.map_or(0, |at| at.saturating_sub(200));
            assert!(
                place.is_none(),
                "{name}: a secret of {} characters is in the log after:\n{}",
                secret.len(),
                String::from_utf8_lossy(&log.as_bytes()[start..place.unwrap_or(start)])
            );
        }
    }
}
