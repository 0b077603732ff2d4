//! Help, wrong usage, completions, man pages.

use crate::support::{User, finish};

#[test]
fn help_is_data_and_tells_where_to_begin() {
    let done = User::new().azml(&["--help"]).success();
    insta::assert_snapshot!(done.stdout);
    assert_eq!(done.stderr, "");
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_to_do() {
    let user = User::new();
    user.azml(&[]).exit(2).says(&["Usage:"]);
    user.azml(&["emulatr"]).exit(2).says(&["emulator"]);
    user.azml(&["profile", "use"]).exit(2).says(&["--help"]);
    user.azml(&["profile", "list", "--output", "xml"])
        .exit(2)
        .says(&["table, json, csv"]);
}

#[test]
fn failures_end_with_1_and_a_hint() {
    let done = User::new()
        .azml(&["profile", "show", "nowhere"])
        .exit(1)
        .says(&["error: there is no profile `nowhere`\n", "hint: "]);
    assert_eq!(done.stdout, "");
}

#[test]
fn an_unreadable_log_filter_is_named() {
    let user = User::new();
    finish(
        user.command(["profile", "list"])
            .env("AZML_LOG", "azml=loud"),
    )
    .exit(2)
    .says(&["AZML_LOG", "hint: "]);
}

#[test]
fn completions_know_the_commands() {
    let user = User::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = user.azml(&["completions", shell]).success();
        assert!(done.stdout.contains("emulator"), "{shell}");
    }
}

#[test]
fn man_pages_are_one_per_command() {
    let user = User::new();
    user.azml(&["man", "pages"]).success();
    for page in ["azml.1", "azml-profile-add.1", "azml-emulator-exec.1"] {
        let text = std::fs::read_to_string(user.path("pages").join(page)).expect(page);
        assert!(text.contains(".SH"), "{page}");
    }
}
