//! `azml quickstart`: every service in turn, on real data, with nothing configured.
//!
//! A service adds its tour in a file of its own and one line in [`tour`]. What it makes
//! goes through [`Stage`] into the output directory, which appears only when all is done.

mod artefacts;
mod data_lake;
mod datastore;
mod sql;
mod stage;
mod studio;
mod training;

use azml_emulator::{Emulator, StartError};

use crate::args::QuickstartArgs;
use crate::failure::{Failure, Result};
use crate::output::note;
use crate::signals::unless_stopped;

use artefacts::Artefacts;
use stage::{Outcome, Stage};

/// Takes every service through its steps.
async fn tour(stage: &mut Stage<'_>, scripts: &sql::Scripts) -> Result<()> {
    stage.service("Studio (classic)", studio::steps).await?;
    stage.service("Datastores", datastore::steps).await?;
    stage.service("Training runs", training::steps).await?;
    stage.service("Data Lake", data_lake::steps).await?;
    stage
        .service("SQL Server", async |stage| sql::steps(stage, scripts).await)
        .await
}

/// What to try when the tour is over.
const NEXT: &str = "\
Next:
  azml emulator start                       keep the services running; then, in another shell:
  azml studio datasets list                 the same datasets, by hand
  azml studio datasets read iris --histogram petal_length_cm
  azml datastore register blob photos --account devstoreaccount1 --container raw --create
  azml datastore upload photos ./images
  azml emulator exec -- python script.py    your own unmodified client against them
";

/// Runs the tour against an emulator of its own.
pub(super) async fn run(args: &QuickstartArgs) -> Result<()> {
    let artefacts = Artefacts::prepare(&args.out)?;
    note("Starting an emulator on free ports; nothing of yours is read or changed.");
    let (emulator, scripts) = unless_stopped(Box::pin(start(args))).await?;
    let mut stage = Stage::new(&emulator, &artefacts);
    let toured = unless_stopped(Box::pin(tour(&mut stage, &scripts))).await;
    let outcome = stage.outcome();
    emulator.shutdown().await;
    toured?;
    finish(artefacts, &outcome)
}

/// Starts an emulator that runs scripts, or one that does not, where there is no interpreter for them.
async fn start(args: &QuickstartArgs) -> Result<(Emulator, sql::Scripts)> {
    let builder = || Emulator::builder().ephemeral().port_base(0);
    let reason = match sql::interpreter(args.python.as_deref()).await {
        Ok(python) => match builder().allow_scripts().python(python).start().await {
            Ok(emulator) => return Ok((emulator, Ok(()))),
            Err(error @ StartError::Scripts { .. }) => error.to_string(),
            Err(error) => return Err(error.into()),
        },
        Err(failure) => failure.report(),
    };
    Ok((builder().start().await?, Err(reason)))
}

/// Says how it went, and publishes what was made.
fn finish(artefacts: Artefacts, outcome: &Outcome) -> Result<()> {
    if outcome.failed > 0 {
        return Err(Failure::new(format!(
            "{} of {} steps failed; nothing was written to {}",
            outcome.failed,
            outcome.total(),
            artefacts.target().display()
        ))
        .hint("run it again with -v to see more"));
    }
    let target = artefacts.target().to_owned();
    let files = artefacts.publish()?;
    crate::output::data(|out| {
        writeln!(out, "\n{} steps worked", outcome.done)?;
        if outcome.skipped > 0 {
            writeln!(out, "{} steps were skipped, see above", outcome.skipped)?;
        }
        writeln!(out, "\nIn {}:", target.display())?;
        for (name, what) in &files {
            writeln!(out, "  {name:<28} {what}")?;
        }
        write!(out, "\n{NEXT}")
    })?;
    if outcome.skipped > 0 {
        return Err(Failure::Status(2));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stage::Stopped;

    /// Takes these steps and returns the exit status, and whether there are artefacts.
    async fn status(steps: impl AsyncFnOnce(&mut Stage<'_>) -> Result<(), Stopped>) -> (u8, bool) {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("out");
        let artefacts = Artefacts::prepare(&target).unwrap();
        artefacts.write("a.txt", "a file", b"x").unwrap();
        let builder = Emulator::builder().ephemeral().port_base(0);
        let emulator = builder.start().await.unwrap();
        let mut stage = Stage::new(&emulator, &artefacts);
        stage.service("a service", steps).await.unwrap();
        let outcome = stage.outcome();
        emulator.shutdown().await;
        let status = match finish(artefacts, &outcome) {
            Ok(()) => 0,
            Err(failure) => failure.status(),
        };
        (status, target.join("a.txt").exists())
    }

    async fn works() -> Result<((), String)> {
        Ok(((), String::new()))
    }

    #[tokio::test]
    async fn the_exit_status_says_how_it_went() {
        assert_eq!(
            status(async |stage| stage.step("a", works()).await).await,
            (0, true)
        );
        let skipped = async |stage: &mut Stage<'_>| {
            stage.step("a", works()).await?;
            stage.skip("b", "there is no such thing here")
        };
        assert_eq!(status(skipped).await, (2, true));
        let failed = async |stage: &mut Stage<'_>| {
            stage.skip("a", "there is no such thing here")?;
            stage
                .step("b", async {
                    Err::<((), String), _>(Failure::new("broken"))
                })
                .await?;
            stage.step("c", works()).await
        };
        assert_eq!(status(failed).await, (1, false));
    }
}
