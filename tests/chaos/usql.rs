//! `azml usql run` killed while it commits: every output and every change of a table, or none.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};

use crate::random::Random;

/// So many renames that a commit can be met in the middle.
const OUTPUTS: usize = 60;

const SETUP: &str = "CREATE TABLE t(n int, INDEX i CLUSTERED(n) DISTRIBUTED BY HASH(n));";
const COUNT: &str =
    "@c = SELECT COUNT(*) AS c FROM t; OUTPUT @c TO \"/count.csv\" USING Outputters.Csv();";

fn command(root: &Path, script: &Path) -> Command {
    let mut command = azml_tests::azml();
    command
        .args(["usql", "run"])
        .arg(script)
        .arg("--root")
        .arg(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Whether a commit has been written down.
fn journal(root: &Path) -> bool {
    let Ok(folders) = std::fs::read_dir(root.join(".azml-usql")) else {
        return false;
    };
    folders
        .flatten()
        .any(|folder| folder.path().join("commit.json").exists())
}

/// Waits for the commit to begin, or the process to end.
async fn met_in_commit(root: &Path, child: &mut Child) -> bool {
    while child.try_wait().expect("a process").is_none() {
        if journal(root) {
            return true;
        }
        SystemClock.sleep(Duration::from_micros(200)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_commit_is_whole_or_absent() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let root = folder.path().join("lake");
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a script");
        path
    };
    let setup = script("setup.usql", SETUP);
    let count = script("count.usql", COUNT);
    let mut text =
        "@r = SELECT n FROM (VALUES (1),(2),(3)) AS T(n);\nINSERT INTO t SELECT * FROM @r;\n"
            .to_owned();
    for n in 0..OUTPUTS {
        text.push_str(&format!(
            "OUTPUT @r TO \"/out/{n}.csv\" USING Outputters.Csv();\n"
        ));
    }
    let work = script("work.usql", &text);
    let done = |path: &Path| command(&root, path).status().expect("it starts").success();
    assert!(done(&setup));
    let mut rows = 0;
    for seed in 1..=8 {
        let mut child = command(&root, &work).spawn().expect("it starts");
        let mut random = Random::new(seed);
        let committing = if seed % 2 == 0 {
            SystemClock
                .sleep(Duration::from_millis(random.below(400)))
                .await;
            journal(&root)
        } else {
            met_in_commit(&root, &mut child).await
        };
        // SIGKILL; it may have ended.
        let _ = child.kill();
        let ended = child.wait().expect("a process").success();
        // The next process that opens the folder finishes what was begun.
        assert!(done(&count));
        let there = (0..OUTPUTS)
            .filter(|n| root.join(format!("out/{n}.csv")).exists())
            .count();
        assert!(there == 0 || there == OUTPUTS, "{seed}: {there} outputs");
        if committing || ended {
            assert_eq!(
                there, OUTPUTS,
                "{seed}: a commit that was written down is lost"
            );
        }
        if there > 0 {
            rows += 3;
        }
        let counted = std::fs::read_to_string(root.join("count.csv")).expect("the count");
        assert_eq!(
            counted.trim(),
            rows.to_string(),
            "{seed}: the table differs"
        );
        assert!(!root.join(".azml-usql").exists() || !journal(&root));
        let _ = std::fs::remove_dir_all(root.join("out"));
    }
}
