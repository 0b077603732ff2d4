//! Adding, updating and deleting datasets: which requests go out, and which do not.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::server::{Answer, Asked, Server};
use super::*;
use crate::{DataTypeId, Error, Progress, UploadData};

const MIB: usize = 1 << 20;

/// A server that accepts uploads and knows every dataset it is asked for.
async fn accepting() -> Server {
    let server = Server::start().await;
    let created = dataset(
        &server,
        &format!("{WORKSPACE}.f.v1-default-2"),
        "new",
        "GenericTSV",
    );
    server.script(move |asked| accept(asked, &created));
    server
}

fn accept(asked: &Asked, created: &Value) -> Answer {
    let path = asked.path();
    if path.starts_with("POST /api/resourceuploads/") {
        Answer::json(&json!({"Id": "upload+1", "DataTypeId": asked.query("dataTypeId")}))
    } else if path.starts_with("POST /api/blobuploads/") {
        Answer::new(200, "null")
    } else if asked.method == "POST" {
        Answer::json(&created["Id"])
    } else if asked.method == "DELETE" {
        Answer::new(204, "")
    } else if path.ends_with("/datasources") {
        Answer::json(&json!([created]))
    } else {
        Answer::json(created)
    }
}

fn blocks(server: &Server) -> Vec<Asked> {
    let asked = server.asked().into_iter();
    asked
        .filter(|asked| asked.path().contains("/blobuploads/"))
        .collect()
}

#[tokio::test]
async fn the_requests_of_an_upload_in_order() {
    // studio S-062, S-063, S-066 (one block), 1.3, 1.5
    let server = accepting().await;
    let dataset = workspace(&server)
        .datasets()
        .add_from_raw("\u{feff}a\0b", DataTypeId::GenericCsv, "new name", "über")
        .file_name("x.csv")
        .await
        .expect("added");
    assert_eq!(dataset.id(), format!("{WORKSPACE}.f.v1-default-2"));
    assert_eq!(
        server.paths(),
        [
            format!("POST /api/resourceuploads/workspaces/{WORKSPACE}/"),
            format!("POST /api/blobuploads/workspaces/{WORKSPACE}/"),
            format!("POST /api/workspaces/{WORKSPACE}/datasources"),
            format!("GET /api/workspaces/{WORKSPACE}/datasources/{WORKSPACE}.f.v1-default-2"),
        ]
    );
    let asked = server.asked();
    assert!(
        asked[0]
            .target
            .ends_with("/?userStorage=true&dataTypeId=GenericCSV")
    );
    assert!(asked[0].body.is_empty());
    assert!(
        asked[1]
            .target
            .ends_with("/?numberOfBlocks=1&blockId=0&uploadId=upload%2B1&dataTypeId=GenericCSV"),
        "{}",
        asked[1].target
    );
    assert_eq!(asked[1].body, "\u{feff}a\0b".as_bytes());
    assert_eq!(
        asked[2].headers["content-type"],
        "application/json;charset=UTF8"
    );
    let body: Value = serde_json::from_slice(&asked[2].body).expect("JSON");
    assert_eq!(
        body,
        json!({
            "DataSource": {
                "Name": "new name", "DataTypeId": "GenericCSV", "Description": "über",
                "FamilyId": null, "Owner": "Rust SDK", "SourceOrigin": "FromResourceUpload"
            },
            "UploadId": "upload+1", "UploadedFromFileName": "x.csv", "ClientPoll": true
        })
    );
}

#[tokio::test]
async fn blocks_are_counted_from_zero_and_cut_at_two_mebibytes() {
    // studio S-066, S-067, S-068
    for (length, sizes) in [
        (0, vec![]),
        (1, vec![1]),
        (2 * MIB, vec![2 * MIB]),
        (4 * MIB, vec![2 * MIB, 2 * MIB]),
        (5 * MIB + 1, vec![2 * MIB, 2 * MIB, MIB + 1]),
    ] {
        let data: Vec<u8> = (0..length).map(|at| (at % 251).to_le_bytes()[0]).collect();
        for (name, upload) in [
            ("bytes", UploadData::from(data.clone())),
            (
                "reader",
                UploadData::unsized_reader(std::io::Cursor::new(data.clone())),
            ),
        ] {
            let server = accepting().await;
            let seen = Arc::new(Mutex::new(Vec::new()));
            let progress = seen.clone();
            workspace(&server)
                .datasets()
                .add_from_raw(upload, "Novel", "n", "d")
                .progress(move |step: Progress| progress.lock().expect("no panic").push(step))
                .await
                .expect(name);
            let blocks = blocks(&server);
            let got: Vec<_> = blocks.iter().map(|block| block.body.len()).collect();
            assert_eq!(got, sizes, "{name} of {length}");
            for (number, block) in blocks.iter().enumerate() {
                assert_eq!(block.query("blockId"), Some(number.to_string()));
                assert_eq!(block.query("numberOfBlocks"), Some(sizes.len().to_string()));
            }
            let sent: Vec<u8> = blocks.into_iter().flat_map(|block| block.body).collect();
            assert!(sent == data, "{name} of {length} arrives unchanged");
            let seen = seen.lock().expect("no panic");
            assert_eq!(seen.len(), sizes.len());
            if let Some(last) = seen.last() {
                assert_eq!(
                    (last.bytes, last.total),
                    (length as u64, Some(length as u64))
                );
            }
        }
    }
}

#[tokio::test]
async fn blocks_may_go_in_parallel() {
    let server = accepting().await;
    workspace(&server)
        .datasets()
        .add_from_raw(vec![7; 9 * MIB], "Zip", "n", "d")
        .parallel_blocks(3)
        .await
        .expect("added");
    let mut numbers: Vec<_> = blocks(&server)
        .iter()
        .filter_map(|block| block.query("blockId"))
        .collect();
    numbers.sort();
    assert_eq!(numbers, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn empty_arguments_are_refused_before_any_request() {
    // studio S-064
    let server = accepting().await;
    let datasets = workspace(&server).datasets();
    for (data_type_id, name, description, refused) in [
        ("", "n", "d", "data_type_id"),
        ("Zip", "", "d", "name"),
        ("Zip", "n", "", "description"),
    ] {
        match datasets
            .add_from_raw("x", data_type_id, name, description)
            .await
        {
            Err(Error::InvalidArgument { name, .. }) => assert_eq!(name, refused),
            other => panic!("{other:?}"),
        }
    }
    assert!(server.paths().is_empty());
}

#[tokio::test]
async fn an_update_keeps_what_it_is_not_told_to_change() {
    // studio S-090..S-095
    let server = accepting().await;
    let datasets = workspace(&server).datasets();
    let mut dataset = datasets.get("new").await.expect("listed");
    let body = |server: &Server| -> Value {
        let asked = server.asked();
        let create = asked
            .iter()
            .rfind(|asked| asked.path().starts_with("POST /api/workspaces/"));
        serde_json::from_slice(&create.expect("created").body).expect("JSON")
    };
    dataset.update_from_raw("x").await.expect("updated");
    let source = &body(&server)["DataSource"];
    assert_eq!(source["FamilyId"], "f");
    assert_eq!(source["Name"], "new");
    assert_eq!(source["DataTypeId"], "GenericTSV");
    assert_eq!(source["Description"], "about it");
    dataset
        .update_from_raw("x")
        .data_type_id(DataTypeId::PlainText)
        .name("other")
        .description("")
        .await
        .expect("updated");
    let source = &body(&server)["DataSource"];
    assert_eq!(source["Name"], "other");
    assert_eq!(source["DataTypeId"], "PlainText");
    assert_eq!(source["Description"], "");
    dataset.delete().await.expect("deleted");
    let last = server.paths().pop().expect("asked");
    assert_eq!(
        last,
        format!("DELETE /api/workspaces/{WORKSPACE}/datasources/family/f")
    );
}

#[tokio::test]
async fn examples_are_read_only() {
    // studio S-099
    let server = Server::start().await;
    let list = json!([dataset(
        &server,
        &format!("{EXAMPLE}.f.v1-default-1"),
        "x",
        "ARFF"
    )]);
    server.script(move |_| Answer::json(&list));
    let mut example = workspace(&server)
        .datasets()
        .get("x")
        .await
        .expect("listed");
    for result in [example.update_from_raw("y").await, example.delete().await] {
        assert!(matches!(result, Err(Error::ExampleReadOnly { .. })));
    }
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn a_taken_name_is_named_and_nothing_is_sent_again() {
    // studio S-080, S-081: the service's whole body was one line with a request id
    let server = Server::start().await;
    let nothing = json!({});
    server.script(move |asked| match asked.path().contains("/datasources") {
        true => Answer::new(409, "Request ID: 1f-2e 2015-11-17 22:12:47Z"),
        false => accept(asked, &nothing),
    });
    let error = workspace(&server)
        .datasets()
        .add_from_raw("x", "Zip", "iris", "d")
        .await
        .expect_err("taken");
    assert!(error.is_conflict());
    assert_eq!(
        error.to_string(),
        "add dataset `iris`: the name is taken (HTTP 409, request 1f-2e)"
    );
    assert_eq!(server.paths().len(), 3);
}

#[tokio::test]
async fn only_what_may_arrive_twice_is_sent_twice() {
    let server = Server::start().await;
    let created = dataset(&server, &format!("{WORKSPACE}.f.v1-default-1"), "x", "Zip");
    let mut busy = std::collections::HashSet::new();
    server.script(move |asked| match busy.insert(asked.path()) {
        true if !asked.path().contains("resourceuploads") && asked.path().ends_with('/') => {
            Answer::new(503, "busy")
        }
        _ => accept(asked, &created),
    });
    let added = workspace(&server)
        .datasets()
        .add_from_raw("x", "Zip", "x", "d")
        .await;
    added.expect("the block is sent again");
    assert_eq!(blocks(&server).len(), 2);

    let server = Server::start().await;
    server.script(|_| Answer::new(503, "busy"));
    let added = workspace(&server)
        .datasets()
        .add_from_raw("x", "Zip", "x", "d")
        .await;
    assert_eq!(added.expect_err("busy").status(), Some(503));
    assert_eq!(server.paths().len(), 1, "an upload is begun once");
    let listed = workspace(&server).datasets().list().await;
    assert_eq!(listed.expect_err("busy").status(), Some(503));
    assert_eq!(server.paths().len(), 4, "a list is asked for again");
}
