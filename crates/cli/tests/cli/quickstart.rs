//! `azml quickstart`, from nothing to artefacts, as whoever runs the tests and as an
//! ordinary user.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Done, User, finish};

/// The user and group `nobody` of Linux systems.
const NOBODY: u32 = 65534;

fn check(done: Done, out: &Path) {
    let done = done.success();
    assert!(!done.stdout.contains("FAILED"), "{}", done.stdout);
    for told in [
        "150 rows",
        "versicolor",
        "944 values",
        "HTTP 409",
        "105 rows for training, 45 for testing",
        "53 files came back the same",
        "registered once more it still had 53 files",
        "100 flowers to learn from",
        "azml emulator start",
    ] {
        assert!(
            done.stdout.contains(told),
            "no `{told}` in:\n{}",
            done.stdout
        );
    }
    let read = |name: &str| std::fs::read(out.join(name)).expect(name);
    let text = |name: &str| String::from_utf8(read(name)).expect(name);
    assert!(text("iris.csv").starts_with("sepal_length_cm,"));
    assert_eq!(text("iris-train.csv").lines().count(), 106);
    assert_eq!(text("iris-test.csv").lines().count(), 46);
    assert!(text("anes96-age.svg").starts_with("<svg "));
    for name in ["iris.parquet", "iris-by-species.parquet"] {
        assert!(read(name).starts_with(b"PAR1"), "{name}");
    }
    assert!(read("iris.png").starts_with(b"\x89PNG\r\n"));
    assert!(text("plot.py").contains("def send_this_func_to_sql"));
    assert!(text("read_iris.py").contains("ds = ws.datasets['iris']"));
    assert!(text("read_iris.rs").contains("http://127.0.0.1:10010"));
    assert_eq!(text("anes96.csv").lines().count(), 945);
    assert_eq!(text("datastore-files.csv").lines().count(), 54);
    assert!(text("model.json").contains("\"virginica\""));
    // What the service wrote for the article's script.
    assert_eq!(
        text("data.csv"),
        "\"Contoso\",1500\r\n\"Woodgrove\",2700\r\n"
    );
    assert!(text("read_intermediate.py").contains("get_intermediate_dataset"));
}

#[test]
fn every_step_works_and_a_second_tour_too() {
    let user = User::new();
    let cache = tempfile::tempdir().expect("a temporary directory");
    std::fs::set_permissions(cache.path(), std::fs::Permissions::from_mode(0o755)).expect("opened");
    for _ in 0..2 {
        let mut command = user.command(["quickstart"]);
        // Where the environment for the scripts is made; other users must be able to read it.
        command.env("XDG_CACHE_HOME", cache.path());
        check(finish(&mut command), &user.path("azml-quickstart"));
    }
    assert!(
        !user.config_file().exists(),
        "it touched the user's profiles"
    );
    let left: Vec<_> = std::fs::read_dir(user.home())
        .expect("there")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert_eq!(left, ["azml-quickstart"]);
}

#[test]
fn an_ordinary_user_needs_nothing_more() {
    let user = User::new();
    let out = user.path("tour");
    let mut command = user.command(["quickstart", "--out", "tour"]);
    if std::fs::metadata("/proc/self").map_or(1, |own| own.uid()) == 0 {
        command = as_nobody(&user, &command);
    }
    check(finish(&mut command), &out);
}

/// The same command run by `nobody`, in a home of theirs, with a copy of the program where
/// they can reach it.
fn as_nobody(user: &User, command: &Command) -> Command {
    let program = user.path("azml");
    std::fs::copy(command.get_program(), &program).expect("copied");
    std::fs::set_permissions(user.home(), std::fs::Permissions::from_mode(0o755)).expect("opened");
    chown(user.home(), Some(NOBODY), Some(NOBODY)).expect("given");
    let mut dropped = Command::new(program);
    dropped
        .args(command.get_args())
        .env_clear()
        .env("HOME", user.home())
        .current_dir(user.home())
        .uid(NOBODY)
        .gid(NOBODY);
    dropped
}

#[test]
fn files_of_the_user_are_not_overwritten() {
    let user = User::new();
    std::fs::create_dir(user.path("azml-quickstart")).expect("made");
    std::fs::write(user.path("azml-quickstart/iris.csv"), "mine").expect("written");
    user.azml(&["quickstart"]).exit(1).says(&["--out"]);
    let kept = std::fs::read_to_string(user.path("azml-quickstart/iris.csv"));
    assert_eq!(kept.expect("there"), "mine");
}

#[test]
fn an_interrupted_tour_leaves_nothing() {
    use crate::running::send_signal;
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let user = User::new();
    let mut child = user
        .command(["quickstart"])
        .env("TMPDIR", user.home())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("list the datasets") {
        line.clear();
        assert_ne!(
            stdout.read_line(&mut line).expect("readable"),
            0,
            "it ended"
        );
    }
    send_signal(child.id(), rustix::process::Signal::INT);
    assert_eq!(child.wait().expect("our child").code(), Some(130));
    assert_eq!(std::fs::read_dir(user.home()).expect("there").count(), 0);
}
