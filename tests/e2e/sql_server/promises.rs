//! The promises of the SQL Server protocol notes, section 1.1, each by its number. What takes more room has a file of its
//! own, and is called here by the smallest example.

use azml::sqlml_remote::{
    ColumnClass, ColumnInfo, GetInfo, ObjectKey, RxOptions, RxRemoteJobStatus, RxTextData,
    RxXdfData, rx_delete_object, rx_get_info, rx_get_var_names, rx_list_keys, rx_read_bytes,
    rx_read_object, rx_write_bytes, rx_write_object,
};

use super::*;

#[tokio::test]
async fn p1_a_workstation_connects() {
    let server = Server::plain().await;
    let text = server
        .connection()
        .to_connection_string(azml::sqlml_remote::Secrets::Include);
    let connection = ConnectionString::parse(&text).unwrap();
    let mut session = Session::connect_with(&connection, &server.options())
        .await
        .unwrap();
    assert_eq!(
        session.query("SELECT 1", vec![]).await.unwrap().num_rows(),
        1
    );
}

#[tokio::test]
async fn p2_logins_are_by_password_or_refused() {
    let server = Server::plain().await;
    for (auth, number) in [
        (
            Auth::SqlLogin {
                user: "sa".to_owned(),
                password: "wrong".into(),
            },
            18456,
        ),
        (Auth::AccessToken("token".into()), 18452),
    ] {
        let connection = server.connection().with_auth(auth);
        let refused = Session::connect_with(&connection, &server.options()).await;
        assert_eq!(refused.unwrap_err().number(), Some(number));
    }
}

#[tokio::test]
async fn p3_versions_are_told() {
    let server = Server::start().await;
    let info = server.session().await.server_info().await.unwrap();
    assert!(
        info.library
            .is_some_and(|library| library.starts_with("9.4"))
    );
}

/// The article's section 5, with the sample data.
#[tokio::test]
async fn p4_p13_a_local_summary_prints() {
    let folder = RxOptions::get("sampleDataDir").unwrap();
    // A machine without a home has no place for it.
    let Some(folder) = folder.as_ref().and_then(serde_json::Value::as_str) else {
        return;
    };
    let source = RxXdfData::new(Path::new(folder).join("AirlineDemoSmall.xdf"));
    let printed = rx_summary("ArrDelay+DayOfWeek", &source)
        .await
        .unwrap()
        .to_string();
    for line in [
        "Number of valid observations: 600",
        "Category Counts for DayOfWeek",
        "Number of categories: 7",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(printed.contains("AirlineDemoSmall.parquet"), "{printed}");
    let info = rx_get_info(&source).await.unwrap();
    assert_eq!((info.rows, info.variables), (600, 3));
}

#[tokio::test]
async fn p7_a_database_is_made_anew() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    session.recreate_database("d]x").await.unwrap();
    session.recreate_database("d]x").await.unwrap();
    assert!(
        session
            .databases()
            .await
            .unwrap()
            .contains(&"d]x".to_owned())
    );
    let again = session.create_database("d]x").await.unwrap_err();
    assert_eq!(again.number(), Some(1801));
}

/// And back into a file, with factors.
#[tokio::test]
async fn p8_a_frame_becomes_a_table_and_a_file() {
    let server = Server::plain().await.with_iris().await;
    let table = RxSqlServerData::builder(server.connection().with_database("irissql"))
        .table("iris")
        .connect_options(server.options())
        .column_info("Species", ColumnInfo::class(ColumnClass::Factor))
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = RxXdfData::new(folder.path().join("iris.parquet"));
    let rows = rx_data_step(DataStep::new(&table).output(&file))
        .await
        .unwrap();
    assert_eq!(rows.rows(), 150);
    let again = rx_data_step(DataStep::new(&table).output(&file)).await;
    assert!(matches!(again, Err(Error::OutputExists(_))));
    let info = GetInfo::new(&file).get_var_info(true).run().await.unwrap();
    assert!(
        info.to_string()
            .contains("3 factor levels: ['setosa', 'versicolor', 'virginica']"),
        "{info}"
    );
    let text = RxTextData::new(folder.path().join("iris.csv"));
    rx_data_step(DataStep::new(&file).output(&text))
        .await
        .unwrap();
    let copy = server.table("irissql", "copy");
    rx_data_step(DataStep::new(&text).output(&copy))
        .await
        .unwrap();
    let back = rx_import(&copy).await.unwrap().concat().unwrap();
    assert_eq!(back.columns(), iris().columns());
    let info = GetInfo::new(&copy)
        .get_var_info(true)
        .compute_info(true)
        .num_rows(3)
        .run()
        .await
        .unwrap();
    assert_eq!(
        (info.rows, info.data.as_ref().unwrap().num_rows()),
        (150, 3)
    );
    assert!(
        info.to_string().contains("Low/High: (4.3000, 7.9000)"),
        "{info}"
    );
    assert_eq!(rx_get_var_names(&copy).await.unwrap()[4], "Species");
}

#[tokio::test]
async fn p9_p10_p12_only_the_result_comes_back() {
    let server = Server::start().await.with_iris().await;
    let function =
        RemoteFunction::python("def f(rows):\n    return b'\\x89PNG\\r\\n\\x1a\\n' and len(rows)")
            .input_query("SELECT * FROM iris");
    let mut results = rx_exec(function, &server.in_sql_server("irissql"))
        .await
        .unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results.remove(0).json::<i64>().unwrap(), 150);
}

/// Names of the time, and data access inside of the function.
#[tokio::test]
async fn p11_p14_old_names_work_inside() {
    let server = Server::start().await.with_iris().await;
    let source = "def f():\n    from revoscalepy.datasource.RxSqlServerData import RxSqlServerData\n    \
                  from revoscalepy import rx_import\n    from pandas.tools.plotting import scatter_matrix\n    \
                  from sklearn.externals import joblib\n    data = RxSqlServerData(connection_string='Driver=SQL Server;\
                  Server=localhost;Database=irissql;Trusted_Connection=Yes;', sql_query='select * from iris')\n    \
                  return len(rx_import(data)) if callable(scatter_matrix) and joblib else 0";
    let function = RemoteFunction::python(source);
    let result = rx_exec(function, &server.in_sql_server("master"))
        .await
        .unwrap();
    assert_eq!(result[0].json::<i64>().unwrap(), 150);
}

/// Values by key, with versions: the table of models.
#[tokio::test]
async fn objects_are_kept_by_key_and_version() {
    let server = Server::plain().await;
    let table = server.table("master", "models");
    let second = ObjectKey::new("m").version("2");
    rx_write_object(&table, "m", &vec![1.5, 2.5], false)
        .await
        .unwrap();
    rx_write_bytes(&table, second, b"\x80\x04pickle", false)
        .await
        .unwrap();
    let again = rx_write_object(&table, "m", &1, false).await;
    assert!(matches!(again, Err(Error::OutputExists(_))), "{again:?}");
    rx_write_object(&table, ObjectKey::new("n").version("1"), &"text", true)
        .await
        .unwrap();
    rx_write_object(&table, ObjectKey::new("n").version("1"), &"other", true)
        .await
        .unwrap();
    let read: Option<String> = rx_read_object(&table, ObjectKey::new("n").version("1"))
        .await
        .unwrap();
    assert_eq!(read.as_deref(), Some("other"));
    assert_eq!(
        rx_read_bytes(&table, second).await.unwrap().unwrap(),
        b"\x80\x04pickle"
    );
    let pickle = rx_read_object::<i64>(&table, second).await.unwrap_err();
    assert!(pickle.to_string().contains("pickle"), "{pickle}");
    assert_eq!(rx_read_bytes(&table, "nosuch").await.unwrap(), None);
    assert_eq!(rx_list_keys(&table, None).await.unwrap(), ["m", "n"]);
    assert_eq!(rx_list_keys(&table, Some("m")).await.unwrap(), ["2"]);
    assert!(rx_delete_object(&table, "m").await.unwrap());
    assert!(!rx_delete_object(&table, "m").await.unwrap());
    assert_eq!(rx_list_keys(&table, None).await.unwrap(), ["n"]);
}

/// sqlml C24: a job runs on the server while nobody waits, and is stopped there.
#[tokio::test]
async fn c24_jobs_run_and_are_stopped() {
    let server = Server::start().await;
    let context: Arc<dyn ComputeContext> = Arc::new(server.in_sql_server("master"));
    let source = "def f(x):\n    print('got', x)\n    return x + 1";
    let job = RxExec::new(RemoteFunction::python(source))
        .arg("x", json!([1, 2]))
        .start(Arc::clone(&context));
    assert_eq!(job.wait().await, RxRemoteJobStatus::Finished);
    assert_eq!(job.output(), "got 1\ngot 2\n");
    let results = job.results().await.unwrap();
    assert_eq!(results[1].as_ref().unwrap().json::<i64>().unwrap(), 3);
    assert_eq!(job.status(), RxRemoteJobStatus::Undetermined);
    let sleep = RemoteFunction::python("def f():\n    import time\n    time.sleep(600)");
    let job = RxExec::new(sleep).start(context);
    assert!(job.cancel());
    assert_eq!(job.wait().await, RxRemoteJobStatus::Canceled);
}
