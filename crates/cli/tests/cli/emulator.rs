//! `azml emulator start|status|stop|reset|ca|hosts`.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::running::{RunningEmulator, env_file};
use crate::support::User;

#[test]
fn the_env_file_is_private_complete_and_answers() {
    let user = User::new();
    let file = user.path("emulator.env");
    let mut emulator = RunningEmulator::start(
        &user,
        &[
            "--ephemeral",
            "--port-base",
            "0",
            "--env-file",
            "emulator.env",
        ],
    );
    let mode = std::fs::metadata(&file)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let pairs = env_file(&file);
    let get = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let http = get("AZML_HTTP_ENDPOINT").expect("the plain listener");
    assert!(http.starts_with("http://127.0.0.1:"), "{http}");
    assert!(get("AZML_HTTPS_ENDPOINT").is_some_and(|url| url.starts_with("https://localhost:")));
    let ca = std::fs::read_to_string(get("AZML_CA_BUNDLE").expect("the authority"));
    assert!(ca.is_ok_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    let address = http.trim_start_matches("http://");
    std::net::TcpStream::connect(address).expect("it answers");
    // Neither --port-base nor --ephemeral touches the user's profiles.
    assert!(!user.config_file().exists());

    emulator.signal(Signal::INT);
    assert_eq!(emulator.wait(), Some(0));
    std::net::TcpStream::connect(address).expect_err("it is gone");
}

#[test]
fn it_is_seen_stopped_and_emptied_through_its_directory() {
    let user = User::new();
    let lab = ["--data-dir", "lab"];
    let azml = |command: &str, more: &[&str]| {
        let mut arguments = vec!["emulator", command];
        arguments.extend(lab);
        arguments.extend(more);
        user.azml(&arguments)
    };
    azml("status", &[]).exit(1);
    azml("stop", &[])
        .exit(1)
        .says(&["no emulator runs", "hint: "]);

    let mut emulator = RunningEmulator::start(&user, &["--data-dir", "lab", "--port-base", "0"]);
    let status = azml("status", &["--output", "json"]).success().stdout;
    assert!(status.contains("\"running\": true"), "{status}");
    assert!(
        status.contains(&format!("\"pid\": {}", emulator.id())),
        "{status}"
    );
    let ca = azml("ca", &[]).success().stdout;
    assert!(user.path("lab").join(ca.trim_end()).is_file(), "{ca}");
    assert!(
        azml("ca", &["--pem"])
            .success()
            .stdout
            .contains("BEGIN CERTIFICATE")
    );
    assert!(
        azml("hosts", &[])
            .success()
            .stdout
            .contains("127.0.0.1 localhost\n")
    );

    // A second one may not have the same directory.
    user.azml(&["emulator", "start", "--data-dir", "lab", "--port-base", "0"])
        .exit(1)
        .says(&["hint: "]);

    azml("reset", &[]).exit(2).says(&["--yes"]);
    azml("reset", &["--yes"]).success().says(&["begun anew"]);
    azml("stop", &[]).success();
    assert_eq!(emulator.wait(), Some(0));
    azml("status", &[]).exit(1);
    // The authority outlives the run that made it.
    assert_eq!(azml("ca", &[]).success().stdout, ca);
    azml("reset", &["--yes"]).success().says(&["emptied"]);
    azml("ca", &[]).exit(1);
    assert!(!user.path("lab/ca.pem").exists());
}

#[test]
fn a_killed_one_is_not_taken_for_running() {
    let user = User::new();
    let start = || RunningEmulator::start(&user, &["--data-dir", "lab", "--port-base", "0"]);
    let mut emulator = start();
    emulator.signal(Signal::KILL);
    emulator.wait();
    user.azml(&["emulator", "status", "--data-dir", "lab"])
        .exit(1);
    drop(start());
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let user = User::new();
    std::fs::create_dir(user.path("mine")).expect("made");
    std::fs::write(user.path("mine/letter"), "dear").expect("written");
    for command in ["start", "reset"] {
        let mut arguments = vec!["emulator", command, "--data-dir", "mine"];
        arguments.extend(match command {
            "start" => ["--port-base", "0"].as_slice(),
            _ => &["--yes"],
        });
        user.azml(&arguments).exit(1).says(&["mine"]);
    }
    assert_eq!(
        std::fs::read_to_string(user.path("mine/letter")).expect("there"),
        "dear"
    );
}

#[test]
fn without_a_port_base_the_profile_local_leads_there() {
    let user = User::new();
    let taken = [10010, 10011]
        .into_iter()
        .any(|port| std::net::TcpListener::bind(("127.0.0.1", port)).is_err());
    if taken && std::env::var_os("CI").is_none() {
        // The ports are fixed: with another emulator on this machine only the refusal is seen.
        user.azml(&["emulator", "start", "--ephemeral"])
            .exit(1)
            .says(&["--port-base"]);
        return;
    }
    let mut emulator = RunningEmulator::start(&user, &["--ephemeral"]);
    assert!(
        emulator.said.contains("http://127.0.0.1:10010"),
        "{}",
        emulator.said
    );
    let shown = user.azml(&["profile", "show", "local"]).success().stdout;
    assert!(shown.contains("http://127.0.0.1:10010"), "{shown}");
    user.azml(&["emulator", "exec", "--", "true"]).success();
    user.azml(&["emulator", "status"]).success();
    user.azml(&["emulator", "stop"]).success();
    assert_eq!(emulator.wait(), Some(0));
    user.azml(&["emulator", "exec", "--", "true"])
        .exit(1)
        .says(&["azml emulator start"]);
}
