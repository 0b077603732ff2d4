//! The catalog over HTTP.

use serde_json::{Value, json};

use super::{account, analytics, at, create_body, job, submit, wait_for};

/// adla C1 to C4, C8: the catalog shows what scripts made, and what is not there is named.
#[tokio::test]
async fn the_catalog_shows_what_scripts_made() {
    let client = analytics(|builder| builder).await;
    let catalog = |rest: &str| at(&format!("catalog/usql/{rest}"));
    let databases = client.get(&catalog("databases")).await.expect(200, "");
    assert_eq!(databases["value"][0]["databaseName"], "master");
    let schemas = client
        .get(&catalog("databases/MASTER/schemas"))
        .await
        .expect(200, "");
    let names: Vec<&str> = schemas["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["schemaName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dbo", "INFORMATION_SCHEMA", "sys", "usql"]);
    for rest in [
        "databases/master/tables",
        "databases/master/schemas/dbo/tables",
        "databases/master/schemas/dbo/tablevaluedfunctions",
        "databases/master/assemblies",
    ] {
        let listed = client.get(&catalog(rest)).await.expect(200, "");
        assert_eq!(listed["value"], json!([]), "{rest}");
    }
    for (rest, code) in [
        ("databases/nodb", "DatabaseNotFound"),
        ("databases/master/schemas/none", "SchemaNotFound"),
        ("databases/master/schemas/dbo/tables/t", "TableNotFound"),
        (
            "databases/master/schemas/dbo/colours",
            "InvalidResourceType",
        ),
    ] {
        client.get(&catalog(rest)).await.expect(404, code);
    }
    let script = "CREATE DATABASE db; USE db;\n\
                  CREATE TABLE T(UserId int, Region string, Length long?,\n\
                      INDEX idx1 CLUSTERED (Region) PARTITIONED BY (UserId) DISTRIBUTED BY HASH (Region) INTO 4);\n\
                  ALTER TABLE T ADD PARTITION (7);\n\
                  INSERT INTO T PARTITION (7) VALUES (\"x\", (long?) null);\n\
                  CREATE VIEW v AS SELECT Region FROM T;\n\
                  CREATE PROCEDURE p() AS BEGIN\n\
                      OUTPUT v TO \"/p.csv\" USING Outputters.Csv();\n\
                  END;";
    let id = submit(&client, &job(script)).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    // adla C2
    let table = catalog("databases/db/schemas/dbo/tables/t");
    let table = client.get(&table).await.expect(200, "");
    assert_eq!(table["tableName"], "T");
    assert_eq!(
        table["columnList"],
        json!([
            { "name": "UserId", "type": "System.Int32" },
            { "name": "Region", "type": "System.String" },
            { "name": "Length", "type": "System.Nullable`1[[System.Int64]]" },
        ])
    );
    let index = &table["indexList"][0];
    assert_eq!(
        (&index["name"], &index["columns"]),
        (&json!("idx1"), &json!(["Region", "UserId"]))
    );
    assert_eq!(
        index["distributionInfo"],
        json!({
            "type": 2, "keys": [{ "name": "Region", "descending": false }], "count": 4, "dynamicCount": 0,
        })
    );
    let partitions = catalog("databases/db/schemas/dbo/tables/T/partitions");
    let partitions = client.get(&partitions).await.expect(200, "");
    assert_eq!(partitions["value"][0]["label"], json!(["7"]));
    // adla C3, C4
    let procedure = catalog("databases/db/schemas/dbo/procedures/p");
    let procedure = client.get(&procedure).await.expect(200, "");
    let text = procedure["definition"].as_str().unwrap();
    assert!(
        text.starts_with("CREATE PROCEDURE p()") && text.ends_with("END;"),
        "{text}"
    );
    let by_schema = client.get(&catalog("databases/db/schemas/dbo/views")).await;
    let by_database = client.get(&catalog("databases/db/views")).await;
    assert_eq!(by_schema.expect(200, ""), by_database.expect(200, ""));
    // adla C8
    let preview = catalog("databases/db/schemas/dbo/tables/T/previewrows?maxColumns=2");
    let preview = client.get(&preview).await.expect(200, "");
    assert_eq!(
        (
            &preview["totalRowCount"],
            &preview["totalColumnCount"],
            &preview["truncated"]
        ),
        (&json!(1), &json!(3), &json!(true))
    );
    assert_eq!(preview["rows"], json!([["7", "x"]]));
    let id = submit(&client, &job("DROP DATABASE db;")).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    client
        .get(&catalog("databases/db"))
        .await
        .expect(404, "DatabaseNotFound");
    client
        .put(&catalog("databases/master"), &json!({}))
        .await
        .expect(405, "MethodNotAllowed");
}

/// adla C5, C6: what callers keep beside the catalog; no password is told, and nothing outlives its account.
#[tokio::test]
async fn credentials_secrets_and_access_control() {
    let client = analytics(|builder| builder).await;
    let catalog = |rest: &str| at(&format!("catalog/usql/{rest}"));
    let secret = catalog("databases/master/secrets/s");
    client
        .put(&secret, &json!({ "password": "hunter2" }))
        .await
        .expect(200, "");
    let shown = client.get(&secret).await.expect(200, "");
    assert_eq!(
        (&shown["secretName"], &shown["password"]),
        (&json!("s"), &Value::Null)
    );
    let credential = catalog("databases/MASTER/credentials/Shop");
    let body = json!({ "password": "hunter2", "uri": "https://shop", "userId": "u" });
    client
        .put(&credential, &json!({ "password": "x" }))
        .await
        .expect(400, "MissingRequiredParameter");
    client.put(&credential, &body).await.expect(200, "");
    client
        .put(&credential, &body)
        .await
        .expect(409, "CredentialAlreadyExists");
    let listed = client.get(&catalog("databases/master/credentials")).await;
    let listed = listed.expect(200, "");
    assert_eq!(listed["value"][0]["credentialName"], "Shop");
    assert!(!listed.to_string().contains("hunter"));
    let wrong = json!({ "password": "wrong" }).to_string();
    client
        .send("POST", &credential, Some(wrong))
        .await
        .expect(403, "CredentialPasswordMismatch");
    client.get(&credential).await.expect(200, "");

    let user = "6b190b7a-0acf-43c8-ab14-965f5aea6243";
    let acl = catalog("databases/master/acl");
    let grant = |permission: &str| {
        json!({ "aceType": "User", "principalId": user, "permission": permission }).to_string()
    };
    let with = |operation: &str| format!("{acl}&op={operation}");
    client
        .send("POST", &with("GRANTACE"), Some(grant("Use")))
        .await
        .expect(200, "");
    client
        .send("POST", &with("GRANTACE"), Some(grant("All")))
        .await
        .expect(200, "");
    client
        .send("POST", &with("GRANTACE"), Some(grant("Fly")))
        .await
        .expect(400, "InvalidParameterValue");
    client
        .send("POST", &with("DANCE"), Some(grant("Use")))
        .await
        .expect(400, "InvalidParameterValue");
    let entries = client.get(&acl).await.expect(200, "");
    assert_eq!(
        entries["value"],
        json!([{ "aceType": "User", "principalId": user, "permission": "All" }])
    );
    let whole = client.get(&catalog("acl")).await.expect(200, "");
    assert_eq!(whole["value"], json!([]));
    client
        .send("POST", &with("REVOKEACE"), Some(grant("All")))
        .await
        .expect(200, "");
    client
        .send("POST", &with("REVOKEACE"), Some(grant("All")))
        .await
        .expect(404, "AceNotFound");

    client
        .send("DELETE", &account(""), None)
        .await
        .expect(200, "");
    client
        .put(&account(""), &create_body("mylake"))
        .await
        .expect(201, "");
    client
        .get(&credential)
        .await
        .expect(404, "CredentialNotFound");
    client.get(&secret).await.expect(404, "SecretNotFound");
}
