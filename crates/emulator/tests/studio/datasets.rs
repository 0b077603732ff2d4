//! Datasets: metadata, names, versions, deletion, the content to begin with.

use serde_json::{Value, json};

use crate::support::{GLOBAL, Studio, WORKSPACE, source};

fn text<'a>(dataset: &'a Value, member: &str) -> &'a str {
    dataset[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} in {dataset}"))
}

/// studio S-020, S-021, S-026, 5.6
#[tokio::test]
async fn own_datasets_come_before_the_examples() {
    let studio = Studio::start().await;
    let answer = studio
        .get(&format!("api/workspaces/{WORKSPACE}/datasources"))
        .await;
    assert_eq!(
        answer.headers["content-type"],
        "application/json; charset=utf-8"
    );
    let datasets = studio.datasets().await;
    let own = |dataset: &Value| text(dataset, "Id").starts_with(WORKSPACE);
    let boundary = datasets.iter().take_while(|dataset| own(dataset)).count();
    assert!(boundary >= 2);
    for example in &datasets[boundary..] {
        assert!(text(example, "Id").starts_with(GLOBAL));
    }
    assert_eq!(studio.own_names().await, ["iris", "anes96"]);
    studio.add("third", b"a\n").await;
    assert_eq!(studio.own_names().await, ["iris", "anes96", "third"]);
    let again: Vec<_> = studio.datasets().await;
    assert_eq!(again.len(), datasets.len() + 1);
    let types: std::collections::BTreeSet<_> = datasets
        .iter()
        .map(|dataset| text(dataset, "DataTypeId"))
        .collect();
    assert_eq!(types.len(), 12, "one of every type: {types:?}");
}

/// studio S-030, S-031, S-032, S-036
#[tokio::test]
async fn every_member_is_there() {
    let studio = Studio::start().await;
    let dataset = studio.add("all members", b"a,b\n1,2\n").await;
    let members: Vec<&str> = dataset
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = vec![
        "VisualizeEndPoint",
        "SchemaEndPoint",
        "SchemaStatus",
        "Id",
        "DataTypeId",
        "Name",
        "Description",
        "FamilyId",
        "ResourceUploadId",
        "SourceOrigin",
        "Size",
        "CreatedDate",
        "Owner",
        "ExperimentId",
        "ClientVersion",
        "PromotedFrom",
        "UploadedFromFilename",
        "ServiceVersion",
        "IsLatest",
        "Category",
        "DownloadLocation",
        "IsDeprecated",
        "Culture",
        "Batch",
        "CreatedDateTicks",
    ];
    expected.sort_unstable();
    let mut found = members;
    found.sort_unstable();
    assert_eq!(found, expected);
    for location in ["VisualizeEndPoint", "SchemaEndPoint", "DownloadLocation"] {
        let members = dataset[location].as_object().unwrap();
        for member in [
            "BaseUri",
            "Size",
            "Name",
            "EndpointType",
            "CredentialContainer",
            "AccessCredential",
            "Location",
            "FileType",
            "IsAuxiliary",
        ] {
            assert!(members.contains_key(member), "{location}.{member}");
        }
        assert!(text(&dataset[location], "BaseUri").ends_with('/'));
        assert!(text(&dataset[location], "AccessCredential").starts_with('?'));
    }
    let family = text(&dataset, "FamilyId");
    assert_eq!(family.len(), 32);
    assert_eq!(text(&dataset, "Id").split('.').nth(1), Some(family));
    assert_eq!(
        text(&dataset, "Id"),
        format!("{WORKSPACE}.{family}.v1-default-1")
    );
    let date = text(&dataset, "CreatedDate");
    let digits = date
        .strip_prefix("/Date(")
        .unwrap()
        .strip_suffix(")/")
        .unwrap();
    let milliseconds: i64 = digits.parse().unwrap();
    assert_eq!(
        dataset["CreatedDateTicks"],
        milliseconds * 10_000 + 621_355_968_000_000_000
    );
    assert_eq!(dataset["SchemaStatus"], "Complete");
    assert_eq!(dataset["SourceOrigin"], "FromResourceUpload");
    assert_eq!(dataset["Owner"], "Python SDK");
    assert_eq!(dataset["IsLatest"], true);
    assert_eq!(dataset["UploadedFromFilename"], "");
    let example = studio.named("Weather Dataset").await;
    assert_eq!(example["SchemaStatus"], "NotSupported");
    assert_eq!(example["Owner"], "Microsoft Corporation");
}

/// studio S-073, S-075
#[tokio::test]
async fn any_text_survives() {
    let studio = Studio::start().await;
    for name in ["Müllers Daten (Raw)", "数据.csv", "x-1_2, y + #'z'"] {
        let dataset = studio.add(name, "ä,ö\n1,2\n".as_bytes()).await;
        assert_eq!(dataset["Name"], name);
        assert_eq!(dataset["Description"], format!("about {name}"));
        assert_eq!(studio.download(&dataset).await.text(), "ä,ö\n1,2\n");
    }
}

/// studio S-074 and 5.3, checks 4 and 5
#[tokio::test]
async fn bad_bodies_and_names_are_refused() {
    let studio = Studio::start().await;
    let upload = studio.upload(b"x").await;
    let long = "n".repeat(261);
    let cases = [
        (source("a:b", None), "forbidden characters"),
        (source("a\u{1}b", None), "forbidden characters"),
        (source("  ", None), "empty"),
        (source(&long, None), "260"),
        (json!({"Name": "x"}), "DataTypeId"),
        (json!({"Name": "x", "DataTypeId": ""}), "DataTypeId"),
        (json!(7), "not valid"),
    ];
    for (body, words) in cases {
        studio.create(&upload, body).await.refuses(400, words);
    }
    let path = format!("api/workspaces/{WORKSPACE}/datasources");
    let body = json!({"DataSource": source("x", None)});
    studio.post(&path, body).await.refuses(400, "UploadId");
    let answer = studio.create("none", source("x", None)).await;
    answer.refuses(404, "no upload");
    assert_eq!(studio.own_names().await, ["iris", "anes96"]);
}

/// studio S-080, S-081, S-082
#[tokio::test]
async fn a_taken_name_is_a_conflict() {
    let studio = Studio::start().await;
    let first = studio.add("taken", b"first").await;
    let upload = studio.upload(b"second").await;
    let answer = studio.create(&upload, source("taken", None)).await;
    answer.refuses(409, "'taken'");
    let unchanged = studio.named("taken").await;
    assert_eq!(unchanged["Id"], first["Id"]);
    assert_eq!(studio.download(&unchanged).await.text(), "first");
    studio.create(&upload, source("Taken", None)).await.json();
    assert_eq!(studio.own_names().await[2..], ["taken", "Taken"]);
    // studio 2.4: the name of an example is free.
    let example = "Airport Codes Dataset";
    let upload = studio.upload(b"mine").await;
    studio.create(&upload, source(example, None)).await.json();
    let found = studio.named(example).await;
    assert!(text(&found, "Id").starts_with(WORKSPACE), "studio S-027");
}

/// studio S-090, S-095, S-096, S-101
#[tokio::test]
async fn an_update_is_a_new_version() {
    let studio = Studio::start().await;
    let before = studio.add("versions", b"old").await;
    let count = studio.datasets().await.len();
    let family = text(&before, "FamilyId");
    let upload = studio.upload(b"new").await;
    let id = studio
        .create(&upload, source("versions", Some(family)))
        .await
        .json();
    let after = studio.dataset(id.as_str().unwrap()).await;
    assert_ne!(after["Id"], before["Id"]);
    assert_eq!(after["FamilyId"], before["FamilyId"]);
    assert_eq!(after["IsLatest"], true);
    assert_eq!(studio.download(&after).await.text(), "new");
    assert_eq!(studio.datasets().await.len(), count);
    assert_eq!(studio.named("versions").await["Id"], after["Id"]);
    let superseded = studio.dataset(text(&before, "Id")).await;
    assert_eq!(superseded["IsLatest"], false);
    assert_eq!(studio.download(&before).await.text(), "old");
}

/// studio S-093, S-097, S-098
#[tokio::test]
async fn an_update_can_rename() {
    let studio = Studio::start().await;
    let dataset = studio.add("before", b"x").await;
    studio.add("other", b"y").await;
    let family = text(&dataset, "FamilyId");
    let upload = studio.upload(b"z").await;
    let taken = studio.create(&upload, source("other", Some(family))).await;
    taken.refuses(409, "'other'");
    assert_eq!(studio.own_names().await[2..], ["before", "other"]);
    let renamed = studio.create(&upload, source("after", Some(family))).await;
    renamed.json();
    assert_eq!(studio.own_names().await[2..], ["after", "other"]);
    let reused = studio.add("before", b"new").await;
    assert_ne!(reused["FamilyId"], dataset["FamilyId"]);
}

/// studio 5.3, check 6; S-099
#[tokio::test]
async fn only_own_families_can_be_updated() {
    let studio = Studio::start().await;
    let upload = studio.upload(b"x").await;
    let example = studio.named("Breast cancer data").await;
    let family = text(&example, "FamilyId");
    let answer = studio.create(&upload, source("x", Some(family))).await;
    answer.refuses(403, "another workspace");
    let unknown = "0".repeat(32);
    let answer = studio.create(&upload, source("x", Some(&unknown))).await;
    answer.refuses(404, "no dataset family");
    let path = format!("api/workspaces/{WORKSPACE}/datasources/family/{family}");
    studio.delete(&path).await.refuses(403, "another workspace");
}

/// studio S-170
#[tokio::test]
async fn a_deleted_family_is_gone() {
    let studio = Studio::start().await;
    let first = studio.add("gone", b"one").await;
    let family = text(&first, "FamilyId");
    let upload = studio.upload(b"two").await;
    studio
        .create(&upload, source("gone", Some(family)))
        .await
        .json();
    let second = studio.named("gone").await;
    let path = format!("api/workspaces/{WORKSPACE}/datasources/family/{family}");
    assert_eq!(studio.delete(&path).await.status.as_u16(), 204);
    assert_eq!(studio.own_names().await, ["iris", "anes96"]);
    for dataset in [&first, &second] {
        let id = text(dataset, "Id");
        let path = format!("api/workspaces/{WORKSPACE}/datasources/{id}");
        studio.get(&path).await.refuses(404, "no dataset");
        assert_eq!(studio.download(dataset).await.status.as_u16(), 404);
    }
    studio.delete(&path).await.refuses(404, "no dataset family");
    studio.add("gone", b"again").await;
}

#[tokio::test]
async fn ids_are_compared_exactly() {
    let studio = Studio::start().await;
    let dataset = studio.named("iris").await;
    let id = text(&dataset, "Id");
    for wrong in [
        id.to_uppercase(),
        format!("{id}0"),
        id.replace("default-1", "default-01"),
        id.replace("default-1", "default-+1"),
        "a.b".to_owned(),
        "%00".to_owned(),
    ] {
        let path = format!("api/workspaces/{WORKSPACE}/datasources/{wrong}");
        studio.get(&path).await.refuses(404, "no dataset");
    }
}

/// studio 1.3: fixed segments in any case, with and without the slash.
#[tokio::test]
async fn paths_are_forgiving() {
    let studio = Studio::start().await;
    for path in [
        "API/Workspaces/{ws}/DataSources",
        "api/workspaces/{ws}/datasources/",
    ] {
        let path = path.replace("{ws}", WORKSPACE);
        assert_eq!(studio.get(&path).await.status.as_u16(), 200, "{path}");
    }
}

/// studio 5.6
#[tokio::test]
async fn the_samples_are_the_documented_ones() {
    let studio = Studio::start().await;
    let airports = studio.named("Airport Codes Dataset").await;
    let content = studio.download(&airports).await.text();
    let begin = "airport_id,city,state,name\r\n10165,Adak Island, AK, Adak\r\n";
    assert!(content.starts_with(begin), "{content}");
    let iris = studio.named("iris").await;
    assert_eq!(studio.download(&iris).await.text().lines().count(), 151);
    let anes = studio.named("anes96").await;
    assert_eq!(studio.download(&anes).await.text().lines().count(), 945);
    let cancer = studio.named("Breast cancer data").await;
    assert_eq!(cancer["DataTypeId"], "ARFF");
}
