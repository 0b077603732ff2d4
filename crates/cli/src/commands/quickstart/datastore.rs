//! Datastores: the steps of the article "Access data in Azure storage services", from Rust.

use std::path::Path;

use azml::datastore::{AzureBlob, Datastore, Workspace};
use azml::studio_classic;
use azml_core::env::{self, Environment};
use futures::TryStreamExt;

use super::artefacts::Artefacts;
use super::stage::{Stage, Stopped};
use crate::failure::{Failure, Result};

/// What the tour registers, and the container behind it.
const NAME: &str = "quickstart";
const CONTAINER: &str = "quickstart";
/// Where it uploads to.
const TARGET: &str = "train";
/// Public data that every new emulator's Studio workspace holds: the files to move.
const TABLES: [&str; 2] = ["iris", "anes96"];
/// A file that is sent in blocks.
const LARGE: usize = 20 << 20;

/// Takes the service through its steps.
pub(super) async fn steps(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let environment = Environment::from_pairs(stage.emulator.environment());
    let workspace =
        Workspace::from_environment(&environment).map_err(|error| Stopped::Tour(error.into()))?;
    let artefacts = stage.artefacts;
    let studio = super::studio::connect(stage)?;
    let folder = tempfile::tempdir().map_err(|error| Stopped::Tour(error.into()))?;
    let (source, copy) = (folder.path().join("source"), folder.path().join("copy"));
    stage
        .step(
            "find the workspace and its default datastore",
            find(&workspace),
        )
        .await?;
    let datastore = stage
        .step(
            "register a blob container, which is made",
            register(&workspace, &environment),
        )
        .await?;
    stage
        .step(
            "register it again: the name is taken",
            conflict(&workspace, &environment),
        )
        .await?;
    stage
        .step("upload a directory", upload(&datastore, &studio, &source))
        .await?;
    stage
        .step(
            "upload it again: what is there stays",
            again(&datastore, &source),
        )
        .await?;
    stage
        .step("list what is there", list(&datastore, artefacts))
        .await?;
    stage
        .step(
            "download it and compare",
            download(&datastore, &source, &copy, artefacts),
        )
        .await?;
    stage
        .step(
            "unregister it: the data stays",
            unregister(&workspace, &environment),
        )
        .await?;
    Ok(())
}

async fn find(workspace: &Workspace) -> Result<((), String)> {
    let details = workspace.details().await?;
    let default = workspace.datastores().default().await?;
    let told = format!(
        "`{}` in {}; default `{}`, a datastore of kind {}",
        details.name,
        details.location,
        default.name(),
        default.kind()
    );
    Ok(((), told))
}

/// The container of the emulator's own account.
fn container(environment: &Environment) -> Result<AzureBlob> {
    let get = |name: &str| {
        environment
            .get(name)
            .ok_or_else(|| Failure::new(format!("the emulator sets no {name}")))
    };
    Ok(AzureBlob::new(NAME, get(env::ACCOUNT)?, CONTAINER).account_key(get(env::ACCOUNT_KEY)?))
}

async fn register(workspace: &Workspace, environment: &Environment) -> Result<(Datastore, String)> {
    let builder = container(environment)?.create_if_not_exists();
    let datastore = workspace.datastores().register(builder).await?;
    let told = format!(
        "`{}`, kind {}, credential {}",
        datastore.name(),
        datastore.kind(),
        datastore.record().credential.kind()
    );
    Ok((datastore, told))
}

async fn conflict(workspace: &Workspace, environment: &Environment) -> Result<((), String)> {
    match workspace
        .datastores()
        .register(container(environment)?)
        .await
    {
        Err(error @ azml::datastore::Error::Exists(_)) => {
            Ok(((), Failure::from(error).report().trim_end().to_owned()))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(Failure::new(
            "a second datastore of the same name was accepted",
        )),
    }
}

/// Puts two public datasets, many small files and a large one into a directory.
async fn prepare(studio: &studio_classic::Workspace, source: &Path) -> Result<()> {
    let small = source.join("small");
    std::fs::create_dir_all(&small).map_err(|error| Failure::file("create", &small, error))?;
    for name in TABLES {
        let dataset = studio.datasets().get(name).await?;
        dataset
            .download_to(source.join(format!("{name}.csv")))
            .await?;
    }
    let write = |name: &str, content: &[u8]| {
        let path = source.join(name);
        std::fs::write(&path, content).map_err(|error| Failure::file("write", &path, error))
    };
    for number in 0..50 {
        write(
            &format!("small/{number:03}.txt"),
            format!("file {number}\n").as_bytes(),
        )?;
    }
    let large: Vec<u8> = (0..=250).cycle().take(LARGE).collect();
    write("large.bin", &large)
}

async fn upload(
    datastore: &Datastore,
    studio: &studio_classic::Workspace,
    source: &Path,
) -> Result<((), String)> {
    prepare(studio, source).await?;
    let report = datastore.upload(source).to(TARGET).await?;
    let told = format!(
        "{} files, {} bytes, to {TARGET}/",
        report.transferred, report.bytes
    );
    Ok(((), told))
}

async fn again(datastore: &Datastore, source: &Path) -> Result<((), String)> {
    let report = datastore.upload(source).to(TARGET).await?;
    if report.transferred > 0 {
        return Err(Failure::new("files that were there were sent again"));
    }
    Ok(((), format!("{} files skipped", report.skipped)))
}

async fn list(datastore: &Datastore, artefacts: &Artefacts) -> Result<((), String)> {
    let files: Vec<_> = datastore.list("")?.try_collect().await?;
    let bytes: u64 = files.iter().map(|file| file.length).sum();
    let first = files.first().map_or("", |file| file.name.as_str());
    let mut table = String::from("name,length,etag,last_modified\n");
    for file in &files {
        let cells = (&file.name, file.length, &file.etag, &file.last_modified);
        let etag = cells.2.trim_matches('"');
        table.push_str(&format!("{},{},{etag},\"{}\"\n", cells.0, cells.1, cells.3));
    }
    artefacts.write(
        "datastore-files.csv",
        "what a datastore holds after an upload",
        table.as_bytes(),
    )?;
    let told = format!("{} files, {bytes} bytes; the first is {first}", files.len());
    Ok(((), told))
}

async fn download(
    datastore: &Datastore,
    source: &Path,
    copy: &Path,
    artefacts: &Artefacts,
) -> Result<((), String)> {
    let report = datastore.download(copy).prefix("train/").await?;
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| Failure::file("read", path, error));
    for name in [
        "anes96.csv",
        "iris.csv",
        "large.bin",
        "small/000.txt",
        "small/049.txt",
    ] {
        if read(&source.join(name))? != read(&copy.join(TARGET).join(name))? {
            return Err(Failure::new(format!("`{name}` came back changed")));
        }
    }
    artefacts.write(
        "anes96.csv",
        "a survey that went to a datastore and came back",
        &read(&copy.join(TARGET).join("anes96.csv"))?,
    )?;
    let told = format!("{} files came back the same", report.transferred);
    Ok(((), told))
}

async fn unregister(workspace: &Workspace, environment: &Environment) -> Result<((), String)> {
    let datastores = workspace.datastores();
    datastores.unregister(NAME).await?;
    let back = datastores.register(container(environment)?).await?;
    let files: Vec<_> = back.list("")?.try_collect().await?;
    datastores.unregister(NAME).await?;
    let told = format!("registered once more it still had {} files", files.len());
    Ok(((), told))
}
