//! New datasets: sizes, names, conflicts.

use azml::studio_classic::{DataTypeId, UploadData};
use azml_test_support::TestEmulator;

use super::*;

const MIB: usize = 1 << 20;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

#[tokio::test]
async fn any_length_arrives_whole() {
    // studio S-066, S-067
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    for length in [0, 1, 2 * MIB, 4 * MIB, 5 * MIB + 1] {
        let data = pattern(length);
        let name = format!("{length} bytes");
        let cursor = std::io::Cursor::new(data.clone());
        let uploads = [
            ("memory", UploadData::from(data.clone()), 1),
            ("reader", UploadData::unsized_reader(cursor.clone()), 1),
            ("parallel", UploadData::reader(cursor, data.len() as u64), 4),
        ];
        for (way, upload, parallel) in uploads {
            let name = format!("{name} by {way}");
            let dataset = workspace
                .datasets()
                .add_from_raw(upload, DataTypeId::Zip, &name, "d")
                .parallel_blocks(parallel)
                .await
                .expect(&name);
            assert_eq!(dataset.size(), data.len() as u64, "{name}");
            assert!(
                dataset.read_as_bytes().await.expect(&name) == data,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn raw_bytes_of_any_type_are_kept() {
    // studio S-061, S-073
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    for (data_type_id, data) in [
        ("GenericCSV", &b"\xef\xbb\xbfa,b\r\n1,\0\r\n"[..]),
        ("PlainText", b"\xff\xfe not UTF-8"),
        ("ARFF", b"@relation r\n@attribute a numeric\n@data\n1\n"),
        ("A type of our own", b"x"),
    ] {
        let added = workspace
            .datasets()
            .add_from_raw(data, data_type_id, data_type_id, "d")
            .await;
        let dataset = added.expect(data_type_id);
        assert_eq!(dataset.data_type_id().as_str(), data_type_id);
        assert_eq!(dataset.read_as_bytes().await.expect("read"), data);
    }
}

#[tokio::test]
async fn names_are_free_but_for_forbidden_characters() {
    // studio S-074, S-075, S-082
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let before = names(&workspace).await.len();
    let accepted = [
        "dataset-test-upload-2015-11-17--22-12-47",
        "Automobile price data (Raw)",
        "Flight_On_Time_Performance_July_October_2013.csv",
        "naïve 数据 + #1 'x', y",
        "Iris",
        "IRIS",
    ];
    for name in accepted {
        add(&workspace, name, "a\n1\n").await;
        let found = workspace.datasets().get(name).await.expect(name);
        assert_eq!(found.read_as_text().await.expect(name), "a\n1\n");
    }
    for name in ["a:b", "a/b", "a%b", "a\nb", "a?b"] {
        let added = workspace
            .datasets()
            .add_from_raw("x", "Zip", name, "d")
            .await;
        refused_with(&added.expect_err(name), 400, "forbidden characters");
    }
    assert_eq!(names(&workspace).await.len(), before + accepted.len());
}

#[tokio::test]
async fn a_taken_name_changes_nothing() {
    // studio S-080, S-081
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let first = add(&workspace, "taken", "a\n1\n").await;
    let before = names(&workspace).await;
    let frame = first.read().await.expect("read");
    let datasets = workspace.datasets();
    for error in [
        datasets
            .add(&frame, "GenericTSV", "taken", "d")
            .await
            .expect_err("taken"),
        datasets
            .add_from_raw("new", "Zip", "taken", "d")
            .await
            .expect_err("taken"),
    ] {
        assert!(error.is_conflict());
        refused_with(&error, 409, "`taken`");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("another name"))
        );
    }
    assert_eq!(names(&workspace).await, before);
    let again = datasets.get("taken").await.expect("there");
    assert_eq!(again.id(), first.id());
    assert_eq!(again.read_as_text().await.expect("read"), "a\n1\n");
}
