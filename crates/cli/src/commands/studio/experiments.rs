//! `azml studio experiments ...`.

use azml::studio_classic::{Experiment, Experiments, SplitData, WaitOptions, Workspace};
use serde_json::Value;

use super::datasets::date;
use super::source::Source;
use super::{frame, graph, print_code};
use crate::args::studio::Scope;
use crate::args::studio::experiments::{
    CreateArgs, DeleteArgs, ExperimentsCommand, OutputArgs, RunArgs, SnippetArgs,
};
use crate::failure::Result;
use crate::output::{Format, Listing, Record, confirm, note};

/// Runs an experiment command.
pub(super) async fn run(
    command: ExperimentsCommand,
    workspace: &Workspace,
    format: &Format,
) -> Result<()> {
    match command {
        ExperimentsCommand::List(args) => list(&view(workspace, args.scope), format).await,
        ExperimentsCommand::Show(args) => show(&find(workspace, &args.experiment).await?, format),
        ExperimentsCommand::Create(args) => create(workspace, args, format).await,
        ExperimentsCommand::Run(args) => submit(workspace, &args, format).await,
        ExperimentsCommand::Outputs(args) => {
            outputs(&find(workspace, &args.experiment).await?, format).await
        }
        ExperimentsCommand::Read(args) => {
            let source = source(workspace, &args.source).await?;
            frame::read(&source, &args.frame, format).await
        }
        ExperimentsCommand::Download(args) => {
            let source = source(workspace, &args.source).await?;
            frame::download(&source, &args.destination).await
        }
        ExperimentsCommand::Snippet(args) => snippet(workspace, &args).await,
        ExperimentsCommand::Delete(args) => delete(workspace, &args).await,
    }
}

fn view(workspace: &Workspace, scope: Scope) -> Experiments {
    match scope {
        Scope::All => workspace.experiments(),
        Scope::User => workspace.user_experiments(),
        Scope::Examples => workspace.example_experiments(),
    }
}

async fn find(workspace: &Workspace, id: &str) -> Result<Experiment> {
    Ok(workspace.experiments().get(id).await?)
}

async fn source(workspace: &Workspace, args: &OutputArgs) -> Result<Source> {
    let output = find(workspace, &args.experiment)
        .await?
        .get_intermediate_dataset(&args.node, &args.port, args.data_type.as_str())?;
    Ok(Source::Output(output))
}

async fn list(experiments: &Experiments, format: &Format) -> Result<()> {
    let people = *format == Format::Table;
    let mut listing = Listing::new(["id", "description", "status", "created", "example"]);
    for experiment in experiments.list().await? {
        let example: Value = match (people, experiment.is_example()) {
            (true, example) => if example { "yes" } else { "" }.into(),
            (false, example) => example.into(),
        };
        listing.row([
            experiment.experiment_id().into(),
            experiment.description().into(),
            experiment.status().status_code.as_str().into(),
            date(experiment.status().creation_time, people),
            example,
        ]);
    }
    listing.print(format)
}

fn show(experiment: &Experiment, format: &Format) -> Result<()> {
    let status = experiment.status();
    let mut record = Record::default();
    record
        .field("id", experiment.experiment_id())
        .field("description", experiment.description())
        .field("summary", experiment.summary())
        .field("status", status.status_code.as_str())
        .field("status_detail", status.status_detail.as_deref())
        .field("created", date(status.creation_time, false))
        .field("started", date(status.start_time, false))
        .field("ended", date(status.end_time, false))
        .field("creator", experiment.creator())
        .field("category", experiment.category())
        .field("tags", experiment.tags())
        .field("example", experiment.is_example())
        .field("archived", experiment.is_archived())
        .field("parent", experiment.parent_experiment_id())
        .field("run_id", experiment.run_id())
        .field("job_id", experiment.job_id())
        .field("version_id", experiment.version_id())
        .field("etag", experiment.etag());
    record.print(format)
}

async fn create(workspace: &Workspace, args: CreateArgs, format: &Format) -> Result<()> {
    let graph = match &args.graph {
        Some(file) => graph::from_file(file)?,
        None => {
            let name = args.dataset.as_deref().unwrap_or_default();
            let dataset = workspace.datasets().get(name).await?;
            let split = args
                .split
                .map(|fraction| SplitData::fraction(fraction).random(args.seed));
            graph::from_dataset(&dataset, split, args.convert)?.0
        }
    };
    let experiment = workspace
        .experiments()
        .create(&args.description, &graph)
        .await?;
    show(&experiment, format)
}

async fn submit(workspace: &Workspace, args: &RunArgs, format: &Format) -> Result<()> {
    let mut experiment = find(workspace, &args.experiment).await?;
    experiment.run().await?;
    if args.no_wait {
        return show(&experiment, format);
    }
    experiment.wait(WaitOptions::default()).await?;
    outputs(&experiment, format).await
}

async fn outputs(experiment: &Experiment, format: &Format) -> Result<()> {
    let mut listing = Listing::new(["node", "port", "type"]);
    for output in experiment.outputs().await? {
        listing.row([
            output.node_id().into(),
            output.port_name().into(),
            output.data_type_id().as_str().into(),
        ]);
    }
    listing.print(format)
}

async fn snippet(workspace: &Workspace, args: &SnippetArgs) -> Result<()> {
    let output = find(workspace, &args.source.experiment)
        .await?
        .get_intermediate_dataset(
            &args.source.node,
            &args.source.port,
            args.source.data_type.as_str(),
        )?;
    print_code(workspace, args.user.as_deref(), || {
        output.access_code(args.language.into())
    })
    .await
}

async fn delete(workspace: &Workspace, args: &DeleteArgs) -> Result<()> {
    let experiment = find(workspace, &args.experiment).await?;
    confirm(
        &format!("delete experiment `{}`", experiment.description()),
        args.yes,
    )?;
    experiment.delete().await?;
    note(format_args!(
        "deleted experiment `{}`",
        experiment.description()
    ));
    Ok(())
}
