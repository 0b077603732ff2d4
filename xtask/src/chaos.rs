//! `cargo xtask chaos`: the crash suite of `tests/chaos` for as many rounds as wanted, each with a
//! seed of its own. A failure names its seed; `--seed` repeats it.

use anyhow::Result;
use clap::Args;

use crate::test;

/// How long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each test kills what it works with
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,

    /// The seed of the first round
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Tests whose name contains this [default: all]
    name: Option<String>,
}

/// Builds what the suite needs and runs it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let suite = ["-p", "azml-tests", "--test", "chaos", "--no-fail-fast"];
    let runner = suite
        .map(str::to_owned)
        .into_iter()
        .chain(options.name.clone());
    test::run(&test::Options {
        system: false,
        runner: runner.collect(),
        environment: vec![
            ("AZML_CHAOS_ROUNDS", options.rounds.to_string()),
            ("AZML_CHAOS_SEED", options.seed.to_string()),
        ],
    })
}
