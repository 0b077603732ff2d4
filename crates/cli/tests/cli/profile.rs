//! Profiles: kept private, never shown in full, chosen by name.

use crate::support::User;

const SECRET: &str = "f4f3ade2c6aefdb1afb043cd8bcf3daf";

fn user_with_profile() -> User {
    let user = User::new();
    std::fs::write(user.path("token"), format!("{SECRET}\n")).expect("written");
    user.azml(&[
        "profile",
        "add",
        "work",
        "--set",
        "studio_workspace=0a1b",
        "--set",
        "AZML_STUDIO_ENDPOINT=http://127.0.0.1:9/x",
        "--set-file",
        "studio_token=token",
    ])
    .success()
    .hides(SECRET);
    user
}

#[test]
fn secrets_are_kept_and_never_shown() {
    let user = user_with_profile();
    let kept = std::fs::read_to_string(user.config_file()).expect("the file is there");
    assert!(kept.contains(SECRET));
    for format in ["table", "json", "csv"] {
        for command in [
            ["profile", "show", "work"],
            ["profile", "list", "--verbose"],
        ] {
            let mut arguments = command.to_vec();
            arguments.extend(["--output", format]);
            user.azml(&arguments).success().hides(SECRET);
        }
    }
    let shown = user.azml(&["profile", "show"]).success().stdout;
    assert!(
        shown.contains("0a1b") && shown.contains("(hidden)"),
        "{shown}"
    );
}

#[cfg(unix)]
#[test]
fn the_file_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let user = user_with_profile();
    let mode = |path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(user.config_file()), 0o600);
    std::fs::set_permissions(user.config_file(), std::fs::Permissions::from_mode(0o644))
        .expect("changed");
    user.azml(&["profile", "list"])
        .success()
        .says(&["chmod 600"]);
    user.azml(&["profile", "add", "other", "--set", "cloud=public"])
        .success();
    assert_eq!(mode(user.config_file()), 0o600);
}

#[test]
fn a_secret_on_the_command_line_is_refused_unseen() {
    let user = User::new();
    let pair = format!("studio_token={SECRET}");
    user.azml(&["profile", "add", "work", "--set", &pair])
        .exit(2)
        .says(&["--set-file studio_token=FILE"])
        .hides(SECRET);
    user.azml(&["profile", "add", "work", "--set", SECRET])
        .exit(2)
        .hides(SECRET);
    assert!(!user.config_file().exists());
}

#[test]
fn a_secret_comes_from_standard_input() {
    let user = User::new();
    user.azml_with_input(
        &["profile", "add", "work", "--set-stdin", "studio_token"],
        &format!("{SECRET}\r\n"),
    )
    .success();
    let kept = std::fs::read_to_string(user.config_file()).expect("the file is there");
    assert!(kept.contains(&format!("\"{SECRET}\"")), "{kept}");
}

#[test]
fn an_env_file_becomes_a_profile() {
    let user = User::new();
    std::fs::write(
        user.path("env"),
        "AZML_STUDIO_WORKSPACE='it'\\''s'\nOTHER='x'\n",
    )
    .expect("written");
    user.azml(&["profile", "add", "ci", "--env-file", "env"])
        .success();
    let shown = user
        .azml(&["profile", "show", "ci", "--output", "json"])
        .success()
        .stdout;
    assert_eq!(shown, "{\n  \"studio_workspace\": \"it's\"\n}\n");
}

#[test]
fn one_profile_is_in_use() {
    let user = user_with_profile();
    user.azml(&["profile", "add", "home", "--set", "studio_workspace=h"])
        .success();
    let list = || {
        user.azml(&["profile", "list", "--output", "csv"])
            .success()
            .stdout
    };
    assert_eq!(list(), "name,in_use,settings\nhome,,1\nwork,*,3\n");
    user.azml(&["profile", "use", "home"]).success();
    assert_eq!(list(), "name,in_use,settings\nhome,*,1\nwork,,3\n");
    user.azml(&["profile", "use", "nowhere"])
        .exit(1)
        .says(&["there are: home, work"]);
    user.azml(&["profile", "remove", "home"]).success();
    assert_eq!(list(), "name,in_use,settings\nwork,,3\n");
}

#[test]
fn a_broken_file_is_named_without_its_content() {
    let user = user_with_profile();
    let text = std::fs::read_to_string(user.config_file()).expect("there");
    std::fs::write(user.config_file(), text + "oops\n").expect("written");
    user.azml(&["profile", "list"])
        .exit(1)
        .says(&["config.toml line", "hint: "])
        .hides(SECRET);
}
