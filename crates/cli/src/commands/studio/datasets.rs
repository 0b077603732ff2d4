//! `azml studio datasets ...`.

use azml::studio_classic::{DataTypeId, Datasets, Location, SourceDataset, Workspace};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::source::Source;
use super::upload::Content;
use super::{frame, print_code, upload};
use crate::args::studio::Scope;
use crate::args::studio::datasets::{
    AddArgs, DatasetsCommand, DeleteArgs, PromoteArgs, SnippetArgs, UpdateArgs, Which,
};
use crate::failure::Result;
use crate::output::{Format, Listing, Record, confirm, note};
use crate::progress::Transfer;

/// Runs a dataset command.
pub(super) async fn run(
    command: DatasetsCommand,
    workspace: &Workspace,
    format: &Format,
) -> Result<()> {
    match command {
        DatasetsCommand::List(args) => list(&view(workspace, args.scope), format).await,
        DatasetsCommand::Show(args) => show(&find(workspace, &args.which).await?, format),
        DatasetsCommand::Read(args) => {
            let source = source(workspace, &args.which).await?;
            frame::read(&source, &args.frame, format).await
        }
        DatasetsCommand::Download(args) => {
            let source = source(workspace, &args.which).await?;
            frame::download(&source, &args.destination).await
        }
        DatasetsCommand::Add(args) => add(workspace, args, format).await,
        DatasetsCommand::Update(args) => update(workspace, args, format).await,
        DatasetsCommand::Delete(args) => delete(workspace, &args).await,
        DatasetsCommand::Promote(args) => promote(workspace, args, format).await,
        DatasetsCommand::Snippet(args) => snippet(workspace, &args).await,
    }
}

fn view(workspace: &Workspace, scope: Scope) -> Datasets {
    match scope {
        Scope::All => workspace.datasets(),
        Scope::User => workspace.user_datasets(),
        Scope::Examples => workspace.example_datasets(),
    }
}

async fn find(workspace: &Workspace, which: &Which) -> Result<SourceDataset> {
    let datasets = workspace.datasets();
    Ok(match (&which.name, which.index) {
        (Some(name), _) => datasets.get(name).await?,
        (None, index) => datasets.get_index(index.unwrap_or_default()).await?,
    })
}

async fn source(workspace: &Workspace, which: &Which) -> Result<Source> {
    Ok(Source::Dataset(Box::new(find(workspace, which).await?)))
}

async fn list(datasets: &Datasets, format: &Format) -> Result<()> {
    let people = *format == Format::Table;
    let mut columns = vec!["name", "type", "size", "created", "owner", "example"];
    if !people {
        columns.extend(["id", "description"]);
    }
    let mut listing = Listing::new(columns);
    for dataset in datasets.list().await? {
        let example: Value = match (people, dataset.is_example()) {
            (true, example) => if example { "yes" } else { "" }.into(),
            (false, example) => example.into(),
        };
        let mut row = vec![
            dataset.name().into(),
            dataset.data_type_id().as_str().into(),
            dataset.size().into(),
            date(dataset.created_date(), people),
            dataset.owner().into(),
            example,
        ];
        if !people {
            row.extend([dataset.id().into(), dataset.description().into()]);
        }
        listing.row(row);
    }
    listing.print(format)
}

/// A moment: the day for people, the instant for programs.
pub(super) fn date(moment: Option<OffsetDateTime>, people: bool) -> Value {
    let Some(moment) = moment else {
        return Value::Null;
    };
    match people {
        true => moment.date().to_string().into(),
        false => moment.format(&Rfc3339).ok().into(),
    }
}

/// Where something is, without the signature that lets one read it.
fn place(location: Option<&Location>) -> Value {
    location.map_or(Value::Null, |location| {
        format!("{}{}", location.base_uri(), location.location()).into()
    })
}

fn show(dataset: &SourceDataset, format: &Format) -> Result<()> {
    let mut record = Record::default();
    record
        .field("name", dataset.name())
        .field("id", dataset.id())
        .field("family_id", dataset.family_id())
        .field("type", dataset.data_type_id().as_str())
        .field("size", dataset.size())
        .field("description", dataset.description())
        .field("created", date(dataset.created_date(), false))
        .field("created_ticks", dataset.created_date_ticks())
        .field("owner", dataset.owner())
        .field("example", dataset.is_example())
        .field("latest", dataset.is_latest())
        .field("deprecated", dataset.is_deprecated())
        .field("schema_status", dataset.schema_status().as_str())
        .field("source_origin", dataset.source_origin())
        .field("experiment_id", dataset.experiment_id())
        .field("promoted_from", dataset.promoted_from())
        .field("resource_upload_id", dataset.resource_upload_id())
        .field("uploaded_from_filename", dataset.uploaded_from_filename())
        .field("client_version", dataset.client_version())
        .field("service_version", dataset.service_version())
        .field("category", dataset.category())
        .field("culture", dataset.culture())
        .field("batch", dataset.batch())
        .field("download", place(dataset.download_location()))
        .field("schema", place(dataset.schema_end_point()))
        .field("visualize", place(dataset.visualize_end_point()));
    record.print(format)
}

/// What a command that made something prints about it.
fn made(dataset: &SourceDataset, format: &Format) -> Result<()> {
    let mut record = Record::default();
    record
        .field("name", dataset.name())
        .field("id", dataset.id())
        .field("type", dataset.data_type_id().as_str())
        .field("size", dataset.size());
    record.print(format)
}

async fn add(workspace: &Workspace, args: AddArgs, format: &Format) -> Result<()> {
    let id = match &args.data_type {
        Some(id) => DataTypeId::from(id.as_str()),
        None => upload::type_of(&args.file)?,
    };
    let upload = upload::open(&args.file).await?;
    let description = args
        .description
        .unwrap_or_else(|| match upload.file_name.as_str() {
            "" => args.name.clone(),
            name => name.to_owned(),
        });
    let bar = Transfer::start(&args.name, upload.size);
    let datasets = workspace.datasets();
    let add = match upload.content {
        Content::Raw(data) => datasets.add_from_raw(data, id, &args.name, description),
        Content::Frame(frame) => datasets.add_from_frame(&frame, id, &args.name, description),
    };
    let dataset = add
        .file_name(upload.file_name)
        .progress(move |progress| bar.set_of(progress.bytes, progress.total))
        .await?;
    made(&dataset, format)
}

async fn update(workspace: &Workspace, args: UpdateArgs, format: &Format) -> Result<()> {
    let mut dataset = workspace.datasets().get(&args.dataset).await?;
    let upload = upload::open(&args.file).await?;
    let bar = Transfer::start(&args.dataset, upload.size);
    let change = match upload.content {
        Content::Raw(data) => dataset.update_from_raw(data),
        Content::Frame(frame) => dataset.update_from_frame(&frame),
    };
    let mut change = change
        .file_name(upload.file_name)
        .progress(move |progress| bar.set_of(progress.bytes, progress.total));
    if let Some(id) = &args.data_type {
        change = change.data_type_id(id.as_str());
    }
    if let Some(name) = &args.name {
        change = change.name(name);
    }
    if let Some(description) = &args.description {
        change = change.description(description);
    }
    change.await?;
    made(&dataset, format)
}

async fn delete(workspace: &Workspace, args: &DeleteArgs) -> Result<()> {
    let dataset = find(workspace, &args.which).await?;
    confirm(
        &format!("delete dataset `{}` with all its versions", dataset.name()),
        args.yes,
    )?;
    dataset.delete().await?;
    note(format_args!("deleted dataset `{}`", dataset.name()));
    Ok(())
}

async fn promote(workspace: &Workspace, args: PromoteArgs, format: &Format) -> Result<()> {
    let output = workspace
        .experiments()
        .get(&args.experiment)
        .await?
        .get_intermediate_dataset(args.node, args.port, args.data_type.as_str())?;
    made(
        &output.promote(&args.name, &args.description).await?,
        format,
    )
}

async fn snippet(workspace: &Workspace, args: &SnippetArgs) -> Result<()> {
    let dataset = find(workspace, &args.which).await?;
    print_code(workspace, args.user.as_deref(), || {
        dataset.access_code(args.language.into())
    })
    .await
}
