//! azureml-core 1.61, the original client of workspaces and datastores.

use azml_tests::rows;

/// Every step of the article "Access data in Azure storage services" (storage DA-01 to DA-14).
#[tokio::test]
async fn article() {
    let expected = [
        "article: sign in and get the workspace",
        "article: write and read config.json",
        "article: the default datastore",
        "article: register a blob container",
        "article: registering twice needs overwrite",
        "article: what the service refuses is the user's error",
        "article: get by name, list, set the default",
        "article: upload a directory",
        "article: upload again skips what is there",
        "article: download by prefix",
        "article: a signature instead of the key",
        "article: every other kind is kept",
        "article: unregister keeps the data",
    ];
    rows::check("datastore", "datastore/article.py", &expected).await;
}
