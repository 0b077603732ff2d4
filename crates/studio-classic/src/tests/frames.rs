//! Frames out of a workspace and into it. What each cell becomes is tested with `formats`; here, what is
//! fetched, held and refused.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, TimestampSecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use serde_json::json;

use super::server::{Answer, Server};
use super::*;
use crate::{DataTypeId, Error, Frame, ReadOptions, SourceDataset};

async fn holding(data_type_id: &str, contents: impl Into<Vec<u8>>) -> (Server, SourceDataset) {
    let server = Server::start().await;
    let value = dataset(
        &server,
        &format!("{WORKSPACE}.f.v1-default-1"),
        "x",
        data_type_id,
    );
    let contents = contents.into();
    server.script(move |asked| match asked.target.starts_with("/blobs/") {
        true => Answer::new(200, contents.clone()),
        false => Answer::json(&json!([value])),
    });
    let dataset = workspace(&server)
        .datasets()
        .get("x")
        .await
        .expect("listed");
    (server, dataset)
}

async fn batches(dataset: &SourceDataset, options: ReadOptions) -> Vec<RecordBatch> {
    let stream = dataset.read_batches(options).await.expect("begins");
    let schema = stream.schema().clone();
    let batches: Vec<RecordBatch> = stream.try_collect().await.expect("read");
    assert!(batches.iter().all(|batch| batch.schema() == schema));
    batches
}

#[tokio::test]
async fn one_batch_a_frame_and_a_stream_agree() {
    // studio S-043
    for (data_type_id, text, names) in [
        (
            "GenericCSV",
            "age,name\n31,\"Smith, Ann\"\n,Bob\n",
            "age name",
        ),
        ("GenericTSV", "age\tname\n31\tAnn\n", "age name"),
        ("GenericCSVNoHeader", "31,Ann\n45,Bob\n", "0 1"),
        ("GenericTSVNoHeader", "31\tAnn\n", "0 1"),
        ("PlainText", "31\n\"Ann\n", "0"),
        ("GenericCSV", "a,b\n", "a b"),
    ] {
        let (_server, dataset) = holding(data_type_id, text).await;
        let batch = dataset.read().await.expect(text);
        let schema = batch.schema();
        let found: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| &**field.name())
            .collect();
        assert_eq!(found.join(" "), names, "{text}");
        let frame = dataset.read_frame().await.expect(text);
        assert_eq!(frame.concat().expect("small"), batch);
        let streamed = batches(&dataset, ReadOptions::default()).await;
        let streamed = arrow::compute::concat_batches(&schema, &streamed).expect("one schema");
        assert_eq!(streamed, batch, "{text}");
    }
}

#[tokio::test]
async fn the_last_of_many_rows_has_a_say_in_the_types() {
    // Larger than what stays in memory, and than a batch.
    let mut text = String::from("n,s\n");
    for row in 0..700_000 {
        text.push_str(&format!("{row},{}\n", row % 7));
    }
    text.push_str("-1,not a number\n");
    let (server, dataset) = holding("GenericCSV", text).await;
    let frame = dataset.read_frame().await.expect("read");
    let types: Vec<_> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(types, [DataType::Int64, DataType::Utf8]);
    assert_eq!(frame.num_rows(), 700_001);
    let streamed = batches(&dataset, ReadOptions::default()).await;
    assert!(streamed.len() > 10);
    let schema = frame.schema();
    let streamed = arrow::compute::concat_batches(schema, &streamed).expect("one schema");
    assert_eq!(streamed, frame.concat().expect("small"));
    assert_eq!(
        server.paths().len(),
        3,
        "inference fetches the contents once"
    );
}

#[tokio::test]
async fn a_given_schema_is_kept_to() {
    let (_server, dataset) = holding("GenericCSV", "a,b\n1,2\n3,\n").await;
    let schema = Arc::new(Schema::new(vec![Field::new("b", DataType::Utf8, true)]));
    let found = batches(&dataset, ReadOptions::with_schema(schema.clone())).await;
    let column = found[0].column(0).as_string::<i32>();
    assert_eq!((column.value(0), column.is_null(1)), ("2", true));
    let frame = dataset
        .read_frame_with(ReadOptions::with_schema(schema))
        .await;
    assert_eq!(frame.expect("read").num_columns(), 1);
    let other = Arc::new(Schema::new(vec![Field::new("c", DataType::Utf8, true)]));
    let error = dataset
        .read_frame_with(ReadOptions::with_schema(other))
        .await;
    match error {
        Err(Error::InvalidArgument {
            name: "schema",
            reason,
        }) => {
            assert!(reason.contains("`c`"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn malformed_contents_are_named_by_line_and_column() {
    // studio S-129, S-132, S-133
    for (text, line) in [
        (&b"a,b\n1,2\n1,2,3\n"[..], 3),
        (b"a\n\xff\n", 2),
        (b"a\n\"open\n", 2),
    ] {
        let (_server, dataset) = holding("GenericCSV", text).await;
        let streamed = async {
            let stream = dataset.read_batches(ReadOptions::default()).await?;
            stream.try_collect::<Vec<_>>().await
        };
        for error in [
            dataset.read().await.expect_err("malformed"),
            streamed.await.expect_err("malformed"),
        ] {
            match &error {
                Error::Parse {
                    line: found,
                    column,
                    ..
                } => {
                    assert_eq!(*found, line, "{error}");
                    assert!(*column >= 1);
                }
                other => panic!("{other}"),
            }
            let converted = azml_core::Error::from(error);
            assert_eq!(converted.kind(), azml_core::ErrorKind::InvalidData);
        }
    }
}

#[tokio::test]
async fn types_without_rows_are_refused_before_any_download() {
    // studio S-044, S-052
    for data_type_id in ["Dataset", "Zip", "ARFF", "genericcsv"] {
        if cfg!(feature = "arff") && data_type_id == "ARFF" {
            continue;
        }
        let (server, dataset) = holding(data_type_id, "a\n1\n").await;
        for result in [
            dataset.read().await.map(drop),
            dataset.read_batches(ReadOptions::default()).await.map(drop),
        ] {
            match result {
                Err(Error::UnsupportedDataType { id }) => assert_eq!(id, data_type_id),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(server.paths().len(), 1);
        assert_eq!(dataset.read_as_bytes().await.expect("raw works"), "a\n1\n");
    }
}

/// A server that takes uploads, with what was uploaded.
async fn taking() -> (Server, impl Fn(&Server) -> String) {
    let server = Server::start().await;
    let created = dataset(
        &server,
        &format!("{WORKSPACE}.f.v1-default-2"),
        "new",
        "GenericTSV",
    );
    server.script(move |asked| match asked.path() {
        path if path.contains("/resourceuploads/") => Answer::json(&json!({"Id": "u"})),
        _ if asked.method == "POST" => Answer::json(&created["Id"]),
        path if path.ends_with("/datasources") => Answer::json(&json!([created])),
        _ => Answer::json(&created),
    });
    let uploaded = |server: &Server| {
        let asked = server.asked().into_iter();
        let blocks = asked.filter(|asked| asked.path().contains("/blobuploads/"));
        let bytes: Vec<u8> = blocks.flat_map(|block| block.body).collect();
        String::from_utf8(bytes).expect("text")
    };
    (server, uploaded)
}

fn batch(values: Vec<Option<i64>>) -> RecordBatch {
    let values = Arc::new(Int64Array::from(values)) as ArrayRef;
    RecordBatch::try_from_iter([("n", values)]).expect("a batch")
}

#[tokio::test]
async fn frames_are_written_as_their_type() {
    // studio S-060
    for (data_type_id, text) in [
        (DataTypeId::GenericCsv, "n\n1\n\"\"\n"),
        (DataTypeId::GenericTsvNoHeader, "1\n\"\"\n"),
    ] {
        let (server, uploaded) = taking().await;
        let datasets = workspace(&server).datasets();
        let added = datasets
            .add(&batch(vec![Some(1), None]), data_type_id, "new", "d")
            .await;
        added.expect("added");
        assert_eq!(uploaded(&server), text);
    }
    let (server, uploaded) = taking().await;
    let mut dataset = workspace(&server)
        .datasets()
        .get("new")
        .await
        .expect("listed");
    let frame = Frame::from(batch((0..100_000).map(Some).collect()));
    dataset.update_from_frame(&frame).await.expect("updated");
    let text = uploaded(&server);
    assert_eq!(
        text.lines().count(),
        100_001,
        "of two batches with one header"
    );
    assert!(text.starts_with("n\n0\n1\n") && text.ends_with("99999\n"));
}

#[tokio::test]
async fn the_last_batch_has_a_say_in_how_all_are_written() {
    // studio S-114
    let days = |values| {
        let values = Arc::new(TimestampSecondArray::from(values)) as ArrayRef;
        RecordBatch::try_from_iter([("t", values)]).expect("a batch")
    };
    let schema = days(vec![]).schema();
    let frame = Frame::try_new(schema, [days(vec![0]), days(vec![86_399])]).expect("one schema");
    let (server, uploaded) = taking().await;
    let datasets = workspace(&server).datasets();
    let added = datasets
        .add_from_frame(&frame, "GenericCSV", "new", "d")
        .await;
    added.expect("added");
    assert_eq!(
        uploaded(&server),
        "t\n1970-01-01 00:00:00\n1970-01-01 23:59:59\n"
    );
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_before_any_request() {
    // studio S-065, S-102, S-142
    let (server, _) = taking().await;
    let workspace = workspace(&server);
    let add = async |batch: &RecordBatch, data_type_id: DataTypeId| {
        workspace
            .datasets()
            .add(batch, data_type_id, "n", "d")
            .await
    };
    let numbers = batch(vec![Some(1)]);
    for refused in [DataTypeId::Arff, DataTypeId::Dataset, "Novel".into()] {
        match add(&numbers, refused.clone()).await {
            Err(Error::UnsupportedDataType { id }) => assert_eq!(id, refused.as_str()),
            other => panic!("{other:?}"),
        }
    }
    let binary = Arc::new(BinaryArray::from_vec(vec![b"x"])) as ArrayRef;
    let binary = RecordBatch::try_from_iter([("b", binary)]).expect("a batch");
    for (batch, data_type_id) in [
        (&numbers, DataTypeId::PlainText),
        (&binary, DataTypeId::GenericCsv),
    ] {
        match add(batch, data_type_id).await {
            Err(Error::InvalidArgument { name: "frame", .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(server.paths().is_empty());
}
