//! Signing in and out, and where credentials come from.

use crate::running::{RunningEmulator, env_file};
use crate::support::{Done, User, finish};

/// A user with an emulator whose device codes confirm themselves.
struct Signing {
    user: User,
    names: Vec<(String, String)>,
    _emulator: RunningEmulator,
}

impl Signing {
    fn start() -> Self {
        let user = User::new();
        let arguments = [
            "--ephemeral",
            "--port-base",
            "0",
            "--env-file",
            "lab.env",
            "--device-code-auto-approve",
            "--device-code-interval",
            "0",
        ];
        let emulator = RunningEmulator::start(&user, &arguments);
        user.azml(&["profile", "add", "lab", "--env-file", "lab.env"])
            .success();
        let names = env_file(&user.path("lab.env"));
        Self {
            user,
            names,
            _emulator: emulator,
        }
    }

    fn name(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(known, _)| known == name);
        &found.expect("a name of the env file").1
    }

    fn azml(&self, words: &str) -> Done {
        let arguments: Vec<_> = words.split(' ').chain(["--profile", "lab"]).collect();
        self.user.azml(&arguments)
    }

    fn account(&self) -> serde_json::Value {
        let done = self.azml("account show --output json").success();
        serde_json::from_str(&done.stdout).expect("JSON")
    }

    /// A command that sees no profile, only these variables.
    fn bare(&self, words: &str, variables: &[(&str, &str)]) -> Done {
        let stranger = User::new();
        let mut command = stranger.command(words.split(' '));
        for name in ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"] {
            command.env_remove(name);
        }
        command
            .env("AZML_AAD_ENDPOINT", self.name("AZML_AAD_ENDPOINT"))
            .env("AZML_CA_BUNDLE", self.name("AZML_CA_BUNDLE"));
        for (name, value) in variables {
            command.env(name, value);
        }
        finish(&mut command)
    }
}

#[test]
fn a_device_code_signs_in_until_logout() {
    let lab = Signing::start();
    assert_eq!(lab.account()["found_in"], "profile");
    let done = lab.azml("login").success();
    done.says(&["/devicelogin", "enter the code"])
        .hides(lab.name("AZML_PASSWORD"));
    let account = lab.account();
    assert_eq!(account["found_in"], "login");
    assert_eq!(account["user"], "dev@azml.localhost");
    assert_eq!(account["tenant"], lab.name("AZML_TENANT_ID"));

    let sessions = lab.user.path(".config/azml/sessions.json");
    let before = std::fs::read_to_string(&sessions).expect("it is kept");
    let token = lab.azml("token").success().stdout;
    assert!(before.contains(token.trim()), "the kept token is used");
    lab.azml("group list").success();
    let scope = "token --scope https://datalake.azure.net//.default";
    let token = lab.azml(scope).success().stdout;
    let after = std::fs::read_to_string(&sessions).expect("it is kept");
    assert!(after.contains(token.trim()), "the new token is kept");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::set_permissions(&sessions, PermissionsExt::from_mode(mode));
        let found = std::fs::metadata(&sessions).expect("it is there");
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
        mode(0o644).expect("our own file");
        lab.azml("token").exit(1).says(&["chmod 600"]);
        mode(0o600).expect("our own file");
    }
    lab.azml("logout").success().says(&["signed out"]);
    assert_eq!(lab.account()["found_in"], "profile");
    lab.azml("logout").success().says(&["nobody"]);
}

#[test]
fn passwords_come_from_files_and_standard_input() {
    let lab = Signing::start();
    std::fs::write(lab.user.path("right"), lab.name("AZML_PASSWORD")).expect("written");
    lab.azml("login --username dev@azml.localhost --password-file right")
        .success()
        .hides(lab.name("AZML_PASSWORD"));
    lab.azml("logout --all").success();
    std::fs::write(lab.user.path("wrong"), "hunter2").expect("written");
    lab.azml("login --username dev@azml.localhost --password-file wrong")
        .exit(1)
        .says(&["AADSTS50126"])
        .hides("hunter2");
    lab.azml("login --username mfa@azml.localhost --password-file right")
        .exit(1)
        .says(&["AADSTS50076", "device code"]);
    lab.azml("login --username dev@azml.localhost")
        .exit(2)
        .says(&["--password"]);
    let arguments = [
        "login",
        "--username",
        "dev@azml.localhost",
        "--password-stdin",
    ];
    let arguments: Vec<_> = arguments.into_iter().chain(["--profile", "lab"]).collect();
    let password = lab.name("AZML_PASSWORD").to_owned();
    lab.user.azml_with_input(&arguments, &password).success();
}

/// auth T16, T17: what a machine has around it, when nothing of ours is set.
#[test]
fn without_settings_the_default_chain_is_asked() {
    let lab = Signing::start();
    let identity = format!(
        "{}/msi/token",
        lab.name("AZML_HTTP_ENDPOINT").trim_end_matches('/')
    );
    let choice = ("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
    let endpoint = ("IDENTITY_ENDPOINT", identity.as_str());
    let header = ("IDENTITY_HEADER", "azml-emulator-identity-header");
    let done = lab.bare("token", &[choice, endpoint, header]).success();
    assert_eq!(
        done.stdout.trim().split('.').count(),
        3,
        "a token and nothing else"
    );
    lab.bare("token", &[choice, endpoint, ("IDENTITY_HEADER", "wrong")])
        .exit(1)
        .says(&["ManagedIdentityCredential"]);

    let variables = [
        ("AZURE_TENANT_ID", lab.name("AZML_TENANT_ID")),
        ("AZURE_CLIENT_ID", lab.name("AZML_CLIENT_ID")),
        ("AZURE_CLIENT_SECRET", lab.name("AZML_CLIENT_SECRET")),
    ];
    lab.bare("token", &variables).success();
    lab.bare(
        "token",
        &[("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")],
    )
    .exit(1)
    .says(&["AZURE_CLIENT_SECRET"]);
}
