//! What a program outside this repository does with the Studio (classic) client by itself: here
//! without any server, so that building it is what is tested.

use azml_studio_classic::formats::{ReadOptions, read_bytes, write_frame};
use azml_studio_classic::{DataTypeId, Error, Region, UploadData, Workspace};

#[tokio::main(flavor = "current_thread")]
async fn main() -> azml_studio_classic::Result<()> {
    let text = b"age,name\n31,\"Smith, Ann\"\n45,Bob\n";
    let frame = read_bytes(text, &DataTypeId::GenericCsv, &ReadOptions::default())?;
    assert_eq!((frame.num_rows(), frame.num_columns()), (2, 2));
    assert_eq!(write_frame(&frame, &DataTypeId::GenericCsv)?, text);

    let workspace = Workspace::builder()
        .id("4c29e1adeba2e5a7cbeb0e4f4adfb4df")
        .token("f4f3ade2c6aefdb1afb043cd8bcf3daf")
        .region(Region::WestEurope)
        .build()?;
    let data = UploadData::from(&frame);
    let unnamed = workspace
        .datasets()
        .add_from_raw(data, DataTypeId::GenericCsv, "", "no name")
        .await;
    assert!(matches!(
        unnamed,
        Err(Error::InvalidArgument { name: "name", .. })
    ));
    println!(
        "{} at {}",
        workspace.workspace_id(),
        workspace.api_endpoint()
    );
    Ok(())
}
