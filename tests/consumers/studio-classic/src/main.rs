//! What a program outside this repository does with the Studio (classic) client by itself: here
//! without any server, so that building it is what is tested.

use azml_studio_classic::{CodeLanguage, DataTypeId, Error, Region, UploadData, Workspace};

#[tokio::main(flavor = "current_thread")]
async fn main() -> azml_studio_classic::Result<()> {
    let workspace = Workspace::builder()
        .id("4c29e1adeba2e5a7cbeb0e4f4adfb4df")
        .token("f4f3ade2c6aefdb1afb043cd8bcf3daf")
        .region(Region::WestEurope)
        .build()?;
    let unnamed = workspace
        .datasets()
        .add_from_raw(
            UploadData::from("a,b\n1,2\n"),
            DataTypeId::GenericCsv,
            "",
            "no name",
        )
        .await;
    assert!(matches!(
        unnamed,
        Err(Error::InvalidArgument { name: "name", .. })
    ));
    assert_ne!(CodeLanguage::Python, CodeLanguage::Rust);
    println!(
        "{} at {}",
        workspace.workspace_id(),
        workspace.api_endpoint()
    );
    Ok(())
}
