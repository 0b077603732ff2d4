//! Replays the corpus of a fuzz target, and seeded mutations of it, in ordinary tests.
//!
//! The open-ended search is the business of cargo-fuzz and the targets in `fuzz/`, which call the
//! same functions. Everything here is the same in every run: a failure names its seed, and
//! `AZML_FUZZ_SEED=n` runs that one alone; `AZML_FUZZ_ROUNDS` sets how many there are.

mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

use mutate::{Random, mutate};

const ROUNDS: u64 = 10_000;

/// Calls `check` with every file of `fuzz/corpus/<target>`, then with mutations of them into which
/// pieces of `dictionary` are mixed.
///
/// # Panics
///
/// When `check` does, or the corpus is missing.
pub fn replay(target: &str, dictionary: &[&[u8]], check: impl Fn(&[u8])) {
    let seeds = corpus(target);
    for (name, seed) in &seeds {
        guarded(&check, seed, &format!("corpus file {name}"));
    }
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let rounds = match number("AZML_FUZZ_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("AZML_FUZZ_ROUNDS").unwrap_or(ROUNDS),
    };
    for round in rounds {
        let input = mutate(&mut Random::new(round), &seeds, dictionary);
        guarded(&check, &input, &format!("AZML_FUZZ_SEED={round}"));
    }
}

fn guarded(check: impl Fn(&[u8]), input: &[u8], name: &str) {
    if let Err(cause) = catch_unwind(AssertUnwindSafe(|| check(input))) {
        #[expect(
            clippy::print_stderr,
            reason = "only tests call this, and need the input"
        )]
        {
            eprintln!("{name} fails: {:?}", String::from_utf8_lossy(input));
        }
        resume_unwind(cause);
    }
}

/// Names and contents of the corpus files, in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(&folder);
    let entries = entries.unwrap_or_else(|e| fail(&format!("{}: {e}", folder.display())));
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, fs::read(path).ok()?))
        })
        .collect();
    files.sort();
    if files.is_empty() {
        fail(&format!("{} holds no file", folder.display()));
    }
    files
}

fn fail(reason: &str) -> ! {
    #[expect(clippy::panic, reason = "only tests call this")]
    {
        panic!("{reason}")
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
