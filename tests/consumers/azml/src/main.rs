//! What a program outside this repository does with the facade: every service under one name, one
//! error for all. Without any server, so that building it is what is tested.

use azml::studio_classic::{DataTypeId, Workspace};
use azml::{Error, ErrorKind, auth::Secret};

async fn refused() -> azml::Result<()> {
    let workspace = Workspace::new("4c29e1adeba2e5a7cbeb0e4f4adfb4df", Secret::from("token"))?;
    workspace
        .datasets()
        .add_from_raw("text", DataTypeId::PlainText, "", "no name")
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() {
    let error: Error = refused().await.expect_err("a dataset needs a name");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    println!("{error}");
}
