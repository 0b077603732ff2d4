//! What the README tells people to type works when it is typed.
//!
//! Blocks behind a `<!-- run -->` comment are run: shell as it stands, Python with the original client of Studio
//! (classic) under `azml emulator exec`. Rust blocks are compiled as doctests of this package.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use azml_tests::EmulatorProcess;

const README: &str = include_str!("../../README.md");

/// The blocks of one language behind a comment that begins with this text.
fn blocks(comment: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    README
        .split(comment)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix(&opening))
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block.to_owned())
        .collect()
}

/// Fails with everything that the command wrote unless it ended well; returns its output.
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}",
        output.status
    );
    text
}

#[tokio::test]
async fn the_shell_blocks_of_the_tour_work() {
    let blocks = blocks("<!-- run -->", "sh");
    assert!(!blocks.is_empty(), "the README has no block to run");
    let emulator = EmulatorProcess::ephemeral().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    std::os::unix::fs::symlink(emulator.azml().get_program(), bin.join("azml")).expect("a link");
    let path = std::env::var("PATH").unwrap_or_default();
    for block in blocks {
        let mut shell = Command::new("sh");
        shell
            .args(["-eu", "-c", &block])
            .current_dir(folder.path())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("HOME", folder.path())
            .envs(emulator.names());
        let text = succeed(&mut shell);
        assert!(text.contains("iris"), "{text}");
    }
    assert!(Path::new(&folder.path().join("iris.parquet")).is_file());
}

#[tokio::test]
async fn the_python_block_runs_with_the_original_client() {
    let [block] =
        <[String; 1]>::try_from(blocks("<!-- run with the original client -->", "python"))
            .expect("the README has one Python block");
    let emulator = EmulatorProcess::ephemeral().await;
    let mut script = tempfile::NamedTempFile::new().expect("a temporary file");
    script
        .write_all(block.as_bytes())
        .expect("the script is written");
    let mut command = emulator.exec(azml_tests::python("studio"));
    command.arg(script.path());
    let text = succeed(&mut command);
    assert!(text.contains("150.0"), "150 rows are described: {text}");
}
