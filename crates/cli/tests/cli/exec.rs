//! `azml emulator exec`: what a program sees, and that it sees nothing of us otherwise.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::running::send_signal;
use crate::support::{Done, User, finish};

fn exec(user: &User, program: &[&str]) -> Command {
    let mut command = user.command(["emulator", "exec", "--ephemeral", "--"]);
    command.args(program).stdin(Stdio::null());
    command
}

fn python(user: &User, script: &str) -> Done {
    finish(&mut exec(user, &["python3", "-c", script]))
}

#[test]
fn streams_and_exit_status_are_the_programs() {
    let user = User::new();
    let done = finish(&mut exec(
        &user,
        &["sh", "-c", "echo out; echo err >&2; exit 7"],
    ))
    .exit(7);
    assert_eq!(
        (done.stdout.as_str(), done.stderr.as_str()),
        ("out\n", "err\n")
    );
    finish(&mut exec(&user, &["sh", "-c", "kill -9 $$"])).exit(128 + 9);
    finish(&mut exec(&user, &["no-such-program"]))
        .exit(1)
        .says(&["no-such-program", "hint: "]);
}

#[test]
fn signals_reach_the_program() {
    let user = User::new();
    let script = "trap 'echo got TERM; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = exec(&user, &["sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it can be read");
    assert_eq!(line, "ready\n");
    send_signal(child.id(), Signal::TERM);
    line.clear();
    stdout.read_line(&mut line).expect("it can be read");
    assert_eq!(line, "got TERM\n");
    assert_eq!(child.wait().expect("our child").code(), Some(5));
}

#[test]
fn nothing_is_left_behind() {
    let user = User::new();
    let mut command = exec(&user, &["sh", "-c", "dirname $SSL_CERT_FILE"]);
    let done = finish(command.env("TMPDIR", user.home())).success();
    let directory = Path::new(done.stdout.trim_end());
    assert!(directory.starts_with(user.home()));
    assert!(!directory.exists());
    assert_eq!(std::fs::read_dir(user.home()).expect("there").count(), 0);
}

#[test]
fn the_authority_is_trusted_beside_the_systems() {
    let user = User::new();
    let script = "curl -sS -o /dev/null -w '%{ssl_verify_result}' $AZML_HTTPS_ENDPOINT";
    assert_eq!(
        finish(&mut exec(&user, &["sh", "-c", script]))
            .success()
            .stdout,
        "0"
    );
    let script = "import os, ssl\n\
        print(ssl.create_default_context().cert_store_stats()['x509_ca'] > 1)\n\
        ours = open(os.environ['AZML_CA_BUNDLE']).read().strip()\n\
        for name in 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS':\n \
            print(ours in open(os.environ[name]).read())";
    assert_eq!(
        python(&user, script).success().stdout,
        "True\nTrue\nTrue\nTrue\nTrue\n"
    );
}

#[test]
fn python_resolves_every_name_below_localhost() {
    let user = User::new();
    let script = "import os, socket, urllib.parse\n\
        port = urllib.parse.urlparse(os.environ['AZML_HTTP_ENDPOINT']).port\n\
        socket.create_connection(('account.blob.localhost', port)).close()\n\
        print(socket.gethostbyname('x.y.localhost.'))\n\
        print(socket.getaddrinfo(b'A.LOCALHOST', port, type=socket.SOCK_STREAM)[0][4])\n\
        print(port)";
    let shown = python(&user, script).success().stdout;
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "127.0.0.1");
    assert_eq!(lines[1], format!("('127.0.0.1', {})", lines[2]));
}

#[test]
fn a_sitecustomize_of_the_user_runs_too() {
    let user = User::new();
    std::fs::create_dir(user.path("site")).expect("made");
    std::fs::write(
        user.path("site/sitecustomize.py"),
        "import builtins\nbuiltins.theirs = __file__\n",
    )
    .expect("written");
    let script = "import socket; print(theirs); print(socket.getaddrinfo.__module__)";
    let mut command = exec(&user, &["python3", "-c", script]);
    let done = finish(command.env("PYTHONPATH", user.path("site"))).success();
    assert!(
        done.stdout
            .contains("site/sitecustomize.py\nsitecustomize\n"),
        "{}",
        done.stdout
    );
}

#[test]
fn adal_knows_the_authority() {
    let user = User::new();
    let package = user.path("site/adal");
    std::fs::create_dir_all(&package).expect("made");
    std::fs::write(package.join("__init__.py"), "").expect("written");
    // The list as the package has it; the interop suite uses the package itself.
    std::fs::write(
        package.join("constants.py"),
        "class AADConstants(object):\n    WELL_KNOWN_AUTHORITY_HOSTS = ['login.windows.net']\n",
    )
    .expect("written");
    let script =
        "from adal.constants import AADConstants; print(AADConstants.WELL_KNOWN_AUTHORITY_HOSTS)";
    // `env` stands in for an emulator with a directory service.
    let program = [
        "env",
        "AZML_AAD_ENDPOINT=https://localhost:1",
        "python3",
        "-c",
        script,
    ];
    let mut command = exec(&user, &program);
    let done = finish(command.env("PYTHONPATH", user.path("site"))).success();
    assert_eq!(done.stdout, "['login.windows.net', 'localhost']\n");
}
