//! Through HTTP, as clients see it.

use serde_json::{Value, json};

use crate::testing::{Answer, Client};

/// A client with one store, `mylake`.
async fn lake() -> Client {
    lake_with(|builder| builder).await
}

async fn lake_with(options: impl FnOnce(crate::Builder) -> crate::Builder) -> Client {
    let client = Client::start_with(options).await;
    let account = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/azml/providers/Microsoft.DataLakeStore/accounts/mylake?api-version=2016-11-01";
    client
        .put(account, &json!({ "location": "eastus2" }))
        .await
        .expect(201, "");
    client
}

fn at(path: &str, query: &str) -> String {
    format!("/adls/mylake/webhdfs/v1/{path}?{query}")
}

async fn create(client: &Client, path: &str, body: &[u8]) -> Answer {
    client
        .send_bytes("PUT", &at(path, "op=CREATE&write=true"), body.to_vec())
        .await
}

async fn append(client: &Client, path: &str, offset: usize, body: &[u8]) -> Answer {
    let query = format!("op=APPEND&append=true&offset={offset}&syncFlag=DATA");
    client
        .send_bytes("POST", &at(path, &query), body.to_vec())
        .await
}

async fn read(client: &Client, path: &str, more: &str) -> Answer {
    client
        .get(&at(path, &format!("op=OPEN&read=true{more}")))
        .await
}

#[track_caller]
fn refused(answer: Answer, status: u16, exception: &str) {
    let body = answer.expect(status, "");
    assert_eq!(body["RemoteException"]["exception"], exception, "{body}");
}

async fn names(client: &Client, path: &str, more: &str) -> (Vec<String>, String) {
    let body = client
        .get(&at(path, &format!("op=LISTSTATUS{more}")))
        .await
        .expect(200, "");
    let statuses = &body["FileStatuses"];
    let names = statuses["FileStatus"].as_array().unwrap();
    let names = names
        .iter()
        .map(|item| item["pathSuffix"].as_str().unwrap().to_owned());
    (
        names.collect(),
        statuses["continuationToken"].as_str().unwrap().to_owned(),
    )
}

/// gen1 F1
#[tokio::test]
async fn a_file_is_created_appended_and_read() {
    let client = lake().await;
    let created = create(&client, "a/b/file", b"hello").await;
    assert!(
        created
            .header("location")
            .unwrap()
            .contains("/webhdfs/v1/a/b/file?op=CREATE")
    );
    assert_eq!(created.header("status"), Some("0x0"));
    created.expect(201, "");
    append(&client, "a/b/file", 5, b" world")
        .await
        .expect(200, "");
    for (more, expected) in [
        ("", "hello world"),
        ("&offset=3&length=4", "lo w"),
        ("&offset=6", "world"),
        ("&offset=6&length=100", "world"),
        ("&offset=11", ""),
    ] {
        let answer = read(&client, "a/b/file", more).await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, expected.as_bytes()),
            "{more}"
        );
    }
    refused(
        read(&client, "a/b/file", "&offset=12").await,
        400,
        "BadOffsetException",
    );
    let status = client
        .get(&at("a/b/file", "op=GETFILESTATUS"))
        .await
        .expect(200, "");
    let status = &status["FileStatus"];
    assert_eq!(
        (&status["length"], &status["type"]),
        (&json!(11), &json!("FILE"))
    );
    assert_eq!(
        (&status["pathSuffix"], &status["permission"]),
        (&json!(""), &json!("770"))
    );
    assert_eq!(status["msExpirationTime"], 0);
    let summary = client
        .get(&at("a", "op=GETCONTENTSUMMARY"))
        .await
        .expect(200, "");
    let summary = &summary["ContentSummary"];
    assert_eq!(
        (
            &summary["directoryCount"],
            &summary["fileCount"],
            &summary["length"]
        ),
        (&json!(2), &json!(1), &json!(11))
    );
}

/// gen1 F1: large bodies are files of their own, and a range can span many of them.
#[tokio::test]
async fn ranges_span_small_and_large_extents() {
    let client = lake().await;
    let mut whole = Vec::new();
    create(&client, "big", b"").await.expect(201, "");
    for (n, size) in [100_000_usize, 10, 70_000, 65_536, 65_537]
        .into_iter()
        .enumerate()
    {
        let part: Vec<u8> = (0..size)
            .map(|at| u8::try_from((at * 7 + n) % 251).unwrap())
            .collect();
        append(&client, "big", whole.len(), &part)
            .await
            .expect(200, "");
        whole.extend(part);
    }
    for (from, length) in [
        (0, whole.len()),
        (99_999, 12),
        (100_005, 70_000),
        (170_009, 65_540),
        (301_082, 1),
    ] {
        let answer = read(&client, "big", &format!("&offset={from}&length={length}")).await;
        assert_eq!(
            answer.header("content-length"),
            Some(length.to_string().as_str())
        );
        assert!(answer.body == whole[from..from + length], "{from}+{length}");
    }
}

/// gen1 F2
#[tokio::test]
async fn appends_are_at_the_end_or_refused() {
    let client = lake().await;
    create(&client, "file", b"12345").await.expect(201, "");
    refused(
        append(&client, "file", 4, b"x").await,
        400,
        "BadOffsetException",
    );
    refused(
        append(&client, "file", 6, b"x").await,
        400,
        "BadOffsetException",
    );
    append(&client, "file", 5, b"").await.expect(200, "");
    refused(
        append(&client, "none", 0, b"x").await,
        404,
        "FileNotFoundException",
    );
    let body = client.get(&at("none", "op=GETFILESTATUS")).await;
    assert_eq!(body.header("status"), Some("0x8309000A"));
    let body = body.expect(404, "");
    assert_eq!(
        body["RemoteException"]["javaClassName"],
        "java.io.FileNotFoundException"
    );
}

/// gen1: a lease keeps other writers out until it is closed.
#[tokio::test]
async fn a_lease_excludes_other_writers() {
    let client = lake().await;
    let send = async |lease: &str, flag: &str, offset: usize| {
        let query = format!("op=APPEND&append=true&offset={offset}&syncFlag={flag}{lease}");
        client
            .send("POST", &at("f", &query), Some("x".to_owned()))
            .await
    };
    let made = at("f", "op=CREATE&write=true&syncFlag=DATA&leaseid=one");
    client.send("PUT", &made, None).await.expect(201, "");
    send("&leaseid=one", "DATA", 0).await.expect(200, "");
    refused(send("&leaseid=two", "DATA", 1).await, 403, "IOException");
    refused(send("", "DATA", 1).await, 403, "IOException");
    send("&leaseId=one", "CLOSE", 1).await.expect(200, "");
    send("&leaseid=two", "CLOSE", 2).await.expect(200, "");
}

/// gen1 F3 and the other ways a rename can go.
#[tokio::test]
async fn renames_move_or_say_false() {
    let client = lake().await;
    create(&client, "d/one", b"1").await.expect(201, "");
    create(&client, "two", b"2").await.expect(201, "");
    let rename = async |from: &str, to: &str| {
        let body = client
            .send(
                "PUT",
                &at(from, &format!("op=RENAME&destination={to}")),
                None,
            )
            .await;
        body.expect(200, "")["boolean"].as_bool().unwrap()
    };
    assert!(!rename("missing", "x").await);
    assert!(
        !rename("d/one", "two").await,
        "an existing file is not replaced"
    );
    assert!(rename("d/one", "two&renameoptions=overwrite").await);
    assert_eq!(read(&client, "two", "").await.body, b"1");
    assert!(
        rename("two", "/d").await,
        "an existing directory takes the file in"
    );
    assert!(
        rename("d", "new/place").await,
        "parents of the destination are made"
    );
    assert_eq!(read(&client, "new/place/two", "").await.body, b"1");
    assert!(
        !rename("new", "new/place/below").await,
        "a directory cannot move below itself"
    );
    assert_eq!(names(&client, "", "").await.0, ["new"]);
}

/// gen1 F4
#[tokio::test]
async fn listings_continue_page_by_page() {
    let client = lake().await;
    for n in 0..10 {
        create(&client, &format!("dir/{n}"), b"")
            .await
            .expect(201, "");
    }
    for size in [2, 3, 9, 10, 11] {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let more = format!("&listSize={size}{after}");
            let (page, token) = names(&client, "dir", &more).await;
            assert!(page.len() <= size);
            all.extend(page);
            if token.is_empty() {
                break;
            }
            after = format!("&listAfter={token}");
        }
        let expected: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        assert_eq!(all, expected, "listSize={size}");
    }
    assert_eq!(
        names(&client, "dir", "&listAfter=35&listBefore=7").await.0,
        ["4", "5", "6"]
    );
    assert_eq!(names(&client, "dir/3", "").await.0, [""]);
    refused(
        client.get(&at("no", "op=LISTSTATUS")).await,
        404,
        "FileNotFoundException",
    );
}

/// gen1 F5: names keep their odd characters.
#[tokio::test]
async fn files_are_joined_in_order() {
    let client = lake().await;
    let sources = ["parts/a+b", "parts/100%", "parts/with space", "parts/naïve"];
    for (source, text) in sources.iter().zip(["1", "22", "333", "4444"]) {
        let encoded = percent_encoding::utf8_percent_encode(source, percent_encoding::CONTROLS)
            .to_string()
            .replace('%', "%25")
            .replace(' ', "%20");
        let encoded = if source.is_ascii() {
            encoded
        } else {
            "parts/na%C3%AFve".to_owned()
        };
        create(&client, &encoded, text.as_bytes())
            .await
            .expect(201, "");
    }
    assert_eq!(
        names(&client, "parts", "").await.0,
        ["100%", "a+b", "naïve", "with space"]
    );
    let url = at("whole", "op=MSCONCAT&deleteSourceDirectory=true");
    let response = client
        .send_json("POST", &url, &json!({ "sources": sources }))
        .await;
    response.expect(200, "");
    assert_eq!(read(&client, "whole", "").await.body, b"1223334444");
    assert_eq!(names(&client, "", "").await.0, ["whole"]);
    create(&client, "more", b"55555").await.expect(201, "");
    let text = client
        .send(
            "POST",
            &at("whole", "op=MSCONCAT"),
            Some("sources=/more".to_owned()),
        )
        .await;
    text.expect(200, "");
    assert_eq!(read(&client, "whole", "&offset=8").await.body, b"4455555");
    let twice = client
        .send(
            "POST",
            &at("whole", "op=MSCONCAT"),
            Some("sources=whole".to_owned()),
        )
        .await;
    refused(twice, 400, "IllegalArgumentException");
}

/// gen1 F6, F15
#[tokio::test]
async fn access_control_lists_are_kept() {
    let client = lake().await;
    create(&client, "f", b"").await.expect(201, "");
    let spec = "user::rwx,user:6b190b7a-0acf-43c8-ab14-965f5aea6243:r-x,group::r-x,other::---";
    client
        .send("PUT", &at("f", &format!("op=SETACL&aclSpec={spec}")), None)
        .await
        .expect(200, "");
    let shown = client
        .get(&at("f", "op=MSGETACLSTATUS"))
        .await
        .expect(200, "");
    let entries = shown["AclStatus"]["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[3]), (5, &json!("mask::r-x")));
    let status = client
        .get(&at("f", "op=GETFILESTATUS"))
        .await
        .expect(200, "");
    assert_eq!(status["FileStatus"]["aclBit"], true);
    refused(
        client
            .send("PUT", &at("f", "op=SETACL&aclspec=user::rwx"), None)
            .await,
        400,
        "IllegalArgumentException",
    );
    client
        .send("PUT", &at("f", "op=REMOVEACL"), None)
        .await
        .expect(200, "");
    client
        .send("PUT", &at("f", "op=SETPERMISSION&permission=0751"), None)
        .await
        .expect(200, "");
    client
        .send("PUT", &at("f", "op=SETOWNER&owner=ann&group=staff"), None)
        .await
        .expect(200, "");
    let shown = client
        .get(&at("f", "op=GETACLSTATUS"))
        .await
        .expect(200, "");
    let shown = &shown["AclStatus"];
    assert_eq!(
        (&shown["permission"], &shown["owner"]),
        (&json!("751"), &json!("ann"))
    );
}

/// gen1 F7
#[tokio::test]
async fn files_expire() {
    let client = lake().await;
    create(&client, "f", b"x").await.expect(201, "");
    let expire = async |more: &str| {
        let path = format!("/adls/mylake/WebHdfsExt/f?op=SETEXPIRY&expiryOption={more}");
        client.send("PUT", &path, None).await
    };
    let shown = async || client.get(&at("f", "op=GETFILESTATUS")).await;
    expire("Absolute&expireTime=4102444800000")
        .await
        .expect(200, "");
    assert_eq!(
        shown().await.expect(200, "")["FileStatus"]["msExpirationTime"],
        4_102_444_800_000_i64
    );
    expire("NeverExpire").await.expect(200, "");
    assert_eq!(
        shown().await.expect(200, "")["FileStatus"]["msExpirationTime"],
        0
    );
    expire("Absolute&expireTime=1").await.expect(200, "");
    refused(shown().await, 404, "FileNotFoundException");
    create(&client, "f", b"again").await.expect(201, "");
    assert_eq!(read(&client, "f", "").await.body, b"again");
    client
        .send("PUT", &at("d", "op=MKDIRS"), None)
        .await
        .expect(200, "");
    let directory = "/adls/mylake/webhdfsext/d?op=SETEXPIRY&expiryOption=NeverExpire";
    refused(
        client.send("PUT", directory, None).await,
        400,
        "IllegalArgumentException",
    );
}

/// gen1 F9
#[tokio::test]
async fn without_a_token_there_is_a_challenge() {
    let client = lake().await;
    let answer = client.with_token(None).get(&at("", "op=LISTSTATUS")).await;
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .starts_with("Bearer authorization_uri=")
    );
    refused(answer, 401, "SecurityException");
}

/// gen1 F12, F13, F14, F15
#[tokio::test]
async fn refusals_leave_everything_as_it_was() {
    let client = lake().await;
    create(&client, "d/f", b"old").await.expect(201, "");
    refused(
        create(&client, "d/f", b"new").await,
        403,
        "FileAlreadyExistsException",
    );
    refused(
        create(&client, "d", b"new").await,
        403,
        "FileAlreadyExistsException",
    );
    refused(
        client
            .send("PUT", &at("d/f/below", "op=MKDIRS"), None)
            .await,
        403,
        "FileAlreadyExistsException",
    );
    refused(
        client.send("DELETE", &at("d", "op=DELETE"), None).await,
        403,
        "IOException",
    );
    refused(
        client
            .send("DELETE", &at("", "op=DELETE&recursive=true"), None)
            .await,
        403,
        "AccessControlException",
    );
    refused(
        client.get(&at("d", "op=NOTHING")).await,
        400,
        "UnsupportedOperationException",
    );
    refused(
        client.get(&at("d", "")).await,
        400,
        "UnsupportedOperationException",
    );
    refused(
        client.get(&at("a%2F..%2Fb", "op=LISTSTATUS")).await,
        400,
        "IllegalArgumentException",
    );
    refused(
        client.get("/adls/nolake/webhdfs/v1/?op=LISTSTATUS").await,
        404,
        "FileNotFoundException",
    );
    let redirect = client.get(&at("d/f", "op=OPEN")).await;
    assert!(redirect.header("location").unwrap().ends_with("&read=true"));
    assert_eq!(redirect.status, 307);
    assert_eq!(read(&client, "d/f", "").await.body, b"old");
    let over = at("d/f", "op=CREATE&write=true&overwrite=true");
    client
        .send("PUT", &over, Some("new".to_owned()))
        .await
        .expect(201, "");
    assert_eq!(read(&client, "d/f", "").await.body, b"new");
    client
        .send("DELETE", &at("d", "op=DELETE&recursive=True"), None)
        .await
        .expect(200, "");
    assert_eq!(names(&client, "", "").await.0, [""; 0]);
}

/// gen1: CONCURRENTAPPEND takes any number of writers.
#[tokio::test]
async fn concurrent_appends_all_arrive() {
    let client = lake().await;
    let path = "/adls/mylake/webhdfsext/log?op=CONCURRENTAPPEND&appendMode=autocreate";
    let writers = (0..20).map(|n| client.send("POST", path, Some(format!("{n:02};"))));
    for answer in futures::future::join_all(writers).await {
        answer.expect(200, "");
    }
    let body = String::from_utf8(read(&client, "log", "").await.body).unwrap();
    let mut parts: Vec<&str> = body.split_terminator(';').collect();
    parts.sort_unstable();
    assert_eq!(parts.len(), 20);
    assert!(
        parts
            .iter()
            .enumerate()
            .all(|(n, part)| part.parse() == Ok(n)),
        "{body}"
    );
}

/// gen1: with enforcement, a caller without rights gets 403 and changes nothing.
#[tokio::test]
async fn access_control_is_enforced_when_asked() {
    let client = lake_with(|builder| builder.enforce_store_acls()).await;
    create(&client, "private/f", b"secret")
        .await
        .expect(201, "");
    let other = client.with_token(Some(client.user_token("https://datalake.azure.net/").await));
    refused(
        read(&other, "private/f", "").await,
        403,
        "AccessControlException",
    );
    refused(
        create(&other, "private/g", b"").await,
        403,
        "AccessControlException",
    );
    create(&other, "mine", b"").await.expect(201, "");
    let grant = "op=MODIFYACLENTRIES&aclspec=user:55555555-5555-5555-5555-555555555555:r-x";
    client
        .send("PUT", &at("private", grant), None)
        .await
        .expect(200, "");
    client
        .send("PUT", &at("private/f", grant), None)
        .await
        .expect(200, "");
    assert_eq!(read(&other, "private/f", "").await.body, b"secret");
    refused(
        other.send("PUT", &at("private", grant), None).await,
        403,
        "AccessControlException",
    );
    refused(
        other
            .get(&at("private", "op=CHECKACCESS&fsaction=-w-"))
            .await,
        403,
        "AccessControlException",
    );
    other
        .get(&at("private", "op=CHECKACCESS&fsaction=r-x"))
        .await
        .expect(200, "");
    let unread: Value = other.get(&at("", "op=LISTSTATUS")).await.expect(200, "");
    assert_eq!(
        unread["FileStatuses"]["FileStatus"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
