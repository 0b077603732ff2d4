//! Datastores under DataFusion: SQL over the files of a container and of a share.

use std::sync::Arc;

use azml::datastore::{AzureBlob, AzureFile, Datastore, Workspace};
use azml_tests::{EmulatorProcess, repository};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use futures::TryStreamExt as _;

/// Reads a table, writes another one, and reads that.
async fn query(datastore: &Datastore) {
    let name = datastore.name().to_owned();
    let iris = std::fs::read(repository().join("examples/data/iris.csv")).expect("an example");
    datastore
        .write("flowers/iris.csv", iris)
        .await
        .expect("the file is written");
    let context = SessionContext::new();
    let address = ObjectStoreUrl::parse(format!("azml://{name}")).expect("an address");
    let objects = datastore.objects().expect("it holds files");
    context.register_object_store(address.as_ref(), Arc::new(objects));
    let table = format!("azml://{name}/flowers/iris.csv");
    context
        .register_csv("iris", table, CsvReadOptions::new())
        .await
        .expect("the table is found");
    let counted = context
        .sql("SELECT species, count(*) AS n FROM iris GROUP BY species ORDER BY species")
        .await
        .expect("a query")
        .collect()
        .await
        .expect("rows");
    let rows: usize = counted.iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(rows, 3);

    let copy = format!("COPY (SELECT * FROM iris) TO 'azml://{name}/out/iris.parquet'");
    let copied = context.sql(&copy).await.expect("a copy").collect().await;
    copied.expect("the copy is written");
    let files: Vec<_> = datastore
        .list("out/")
        .expect("it holds files")
        .try_collect()
        .await
        .expect("the files are listed");
    assert_eq!(files.len(), 1, "{files:?}");
    let copied = context
        .read_parquet(
            format!("azml://{name}/out/iris.parquet"),
            ParquetReadOptions::default(),
        )
        .await
        .expect("the copy is found");
    assert_eq!(copied.count().await.expect("rows"), 150);
}

/// storage OS-04.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datafusion_reads_and_writes_datastores() {
    let emulator = EmulatorProcess::ephemeral().await;
    let environment = emulator.environment();
    let workspace = Workspace::from_environment(&environment).expect("the env file names it");
    let (account, key) = (
        emulator.name("AZML_ACCOUNT"),
        emulator.name("AZML_ACCOUNT_KEY"),
    );
    let datastores = workspace.datastores();
    let container = AzureBlob::new("tables", account, "tables")
        .account_key(key)
        .create_if_not_exists();
    query(&datastores.register(container).await.expect("registered")).await;
    let share = AzureFile::new("shared", account, "shared")
        .account_key(key)
        .create_if_not_exists();
    query(&datastores.register(share).await.expect("registered")).await;
}
