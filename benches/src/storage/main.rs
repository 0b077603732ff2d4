//! Storage, one measurement in each process: a line of JSON with the seconds it took and the most
//! memory the process held. `cargo xtask bench storage` runs this beside other clients.

mod clients;
mod server;

#[path = "../report.rs"]
mod report;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::{Args, Parser, ValueEnum};

use clients::{AzmlClient, Client, ObjectStoreClient, OfficialClient};

#[derive(Debug, Parser)]
enum Task {
    /// Serve blobs from memory; prints the address.
    Serve {
        /// Milliseconds before each answer.
        #[arg(default_value_t = 0)]
        late: u64,
    },
    /// Make the container; not measured against anything.
    Make {
        #[command(flatten)]
        place: Place,
    },
    /// Upload the files of a directory.
    Upload {
        #[command(flatten)]
        place: Place,
        source: PathBuf,
    },
    /// Download everything into a directory.
    Download {
        #[command(flatten)]
        place: Place,
        target: PathBuf,
    },
    /// Count the blobs.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Fail unless both directories hold the same; not measured.
    Same { left: PathBuf, right: PathBuf },
}

/// Whose client, and where.
#[derive(Args, Clone, Debug)]
struct Place {
    client: Kind,
    /// The blob service with the account at its end.
    endpoint: String,
    container: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Azml,
    ObjectStore,
    AzureStorageBlob,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (program, took, count) = match Task::parse() {
        Task::Serve { late } => return server::serve(Duration::from_millis(late)).await,
        Task::Same { left, right } => return same(&left, &right),
        Task::Make { place } => {
            let client = AzmlClient::open(&place.endpoint, &place.container).await?;
            let start = Instant::now();
            client.make().await?;
            ("azml", start.elapsed(), 0)
        }
        Task::Upload { place, source } => match place.client {
            Kind::Azml => measure::<AzmlClient>(&place, Work::Upload(&source)).await?,
            Kind::ObjectStore => {
                measure::<ObjectStoreClient>(&place, Work::Upload(&source)).await?
            }
            Kind::AzureStorageBlob => {
                measure::<OfficialClient>(&place, Work::Upload(&source)).await?
            }
        },
        Task::Download { place, target } => match place.client {
            Kind::Azml => measure::<AzmlClient>(&place, Work::Download(&target)).await?,
            Kind::ObjectStore => {
                measure::<ObjectStoreClient>(&place, Work::Download(&target)).await?
            }
            Kind::AzureStorageBlob => {
                measure::<OfficialClient>(&place, Work::Download(&target)).await?
            }
        },
        Task::List { place } => match place.client {
            Kind::Azml => measure::<AzmlClient>(&place, Work::List).await?,
            Kind::ObjectStore => measure::<ObjectStoreClient>(&place, Work::List).await?,
            Kind::AzureStorageBlob => measure::<OfficialClient>(&place, Work::List).await?,
        },
    };
    report::print(program, took, count)
}

enum Work<'a> {
    Upload(&'a Path),
    Download(&'a Path),
    List,
}

async fn measure<C: Client>(
    place: &Place,
    work: Work<'_>,
) -> Result<(&'static str, Duration, u64)> {
    let client = C::open(&place.endpoint, &place.container).await?;
    let start = Instant::now();
    let count = match work {
        Work::Upload(source) => client.upload(source).await?,
        Work::Download(target) => client.download(target).await?,
        Work::List => client.list().await?,
    };
    let took = start.elapsed();
    ensure!(count > 0, "there was nothing to do");
    Ok((C::NAME, took, count))
}

fn same(left: &Path, right: &Path) -> Result<()> {
    let names = |folder: &Path| -> Result<Vec<_>> {
        let entries = std::fs::read_dir(folder)?;
        let names = entries.map(|entry| Ok(entry?.file_name()));
        let mut names = names.collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    let found = names(left)?;
    ensure!(found == names(right)?, "other files in {}", right.display());
    for name in found {
        let (one, other) = (
            std::fs::read(left.join(&name))?,
            std::fs::read(right.join(&name))?,
        );
        ensure!(
            one == other,
            "other bytes in {}",
            right.join(&name).display()
        );
    }
    Ok(())
}
