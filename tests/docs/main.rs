//! What the README and the guide tell people to type works when it is typed.
//!
//! Blocks behind a `<!-- run -->` comment are run: shell as it stands, Python with the original
//! client of Studio (classic) under `azml emulator exec`. Rust blocks are compiled as doctests of
//! this package.

mod links;

use std::process::Command;

use azml_tests::{EmulatorProcess, repository};
use tempfile::TempDir;

/// A page and its text.
struct Page {
    name: &'static str,
    text: &'static str,
}

const README: Page = Page {
    name: "README.md",
    text: include_str!("../../README.md"),
};

const STUDIO: Page = Page {
    name: "docs/guide/studio-classic.md",
    text: include_str!("../../docs/guide/studio-classic.md"),
};

const DATASTORES: Page = Page {
    name: "docs/guide/datastores.md",
    text: include_str!("../../docs/guide/datastores.md"),
};

const TESTING: Page = Page {
    name: "docs/guide/testing.md",
    text: include_str!("../../docs/guide/testing.md"),
};

impl Page {
    /// The blocks of one language behind this comment.
    fn blocks(&self, comment: &str, language: &str) -> Vec<&'static str> {
        let opening = format!("```{language}\n");
        let blocks: Vec<_> = self
            .text
            .split(comment)
            .skip(1)
            .filter_map(|rest| rest.trim_start().strip_prefix(&opening))
            .filter_map(|rest| rest.split_once("\n```"))
            .map(|(block, _)| block)
            .collect();
        assert!(!blocks.is_empty(), "{} has no {language} to run", self.name);
        blocks
    }

    /// Runs the shell blocks in their order, as one person would: one folder, one emulator; gives the folder.
    async fn run_shell(&self) -> TempDir {
        let emulator = EmulatorProcess::ephemeral().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::os::unix::fs::symlink(emulator.azml().get_program(), bin.join("azml"))
            .expect("a link");
        let path = std::env::var("PATH").unwrap_or_default();
        for block in self.blocks("<!-- run -->", "sh") {
            let mut shell = Command::new("sh");
            shell
                .args(["-eu", "-c", block])
                .current_dir(folder.path())
                .env("PATH", format!("{}:{path}", bin.display()))
                .env("HOME", folder.path())
                .envs(emulator.names());
            self.succeed(&mut shell, block);
        }
        folder
    }

    /// Runs the Python blocks with the original client.
    async fn run_python(&self) {
        let emulator = EmulatorProcess::ephemeral().await;
        for block in self.blocks("<!-- run with the original client -->", "python") {
            let mut command = emulator.exec(azml_tests::python("studio"));
            command.args(["-c", block]);
            self.succeed(&mut command, block);
        }
    }

    /// Fails with everything that the command wrote unless it ended well.
    fn succeed(&self, command: &mut Command, block: &str) {
        let output = command.output().expect("the command starts");
        assert!(
            output.status.success(),
            "{}: {}\n{block}\n{}{}",
            self.name,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test]
async fn the_tour_of_the_readme_works() {
    let folder = README.run_shell().await;
    assert!(folder.path().join("iris.parquet").is_file());
    README.run_python().await;
}

#[tokio::test]
async fn the_studio_page_works_on_the_command_line() {
    let folder = STUDIO.run_shell().await;
    assert!(folder.path().join("age.svg").is_file());
}

#[tokio::test]
async fn the_studio_page_works_with_the_original_client() {
    STUDIO.run_python().await;
}

#[tokio::test]
async fn the_datastores_page_works() {
    let folder = DATASTORES.run_shell().await;
    assert!(folder.path().join("copy/train/2024/b.txt").is_file());
}

#[tokio::test]
async fn the_testing_page_works() {
    let folder = TESTING.run_shell().await;
    assert!(folder.path().join("test.env").is_file());
}

/// Every kind of error has its line in the troubleshooting page.
#[test]
fn every_kind_of_error_is_explained() {
    let root = repository();
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("a page");
    let source = read("crates/core/src/error.rs");
    let page = read("docs/TROUBLESHOOTING.md");
    let (_, kinds) = source
        .split_once("pub enum ErrorKind {")
        .expect("the kinds");
    let (kinds, _) = kinds.split_once("\n}").expect("their end");
    let kinds: Vec<_> = kinds
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in kinds {
        assert!(page.contains(&format!("| `{kind}` |")), "{kind} is missing");
    }
}
