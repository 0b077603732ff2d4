//! Queries of a PostgreSQL datastore, against the real server of Debian.

use std::process::Command;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use azml::datastore::{AzurePostgreSql, AzureSql, Datastore, Error, Workspace};
use azml_core::clock::{Clock, SystemClock};
use azml_core::env::{self, Environment};
use azml_core::{ErrorKind, Result};
use azml_tests::{EmulatorProcess, Postgres};
use futures::TryStreamExt;
use tempfile::TempDir;

/// A database of its own, registered in an emulator of its own.
struct Setting {
    emulator: EmulatorProcess,
    server: Postgres,
    database: String,
    folder: TempDir,
}

impl Setting {
    async fn new(database: &str) -> Self {
        let server = Postgres::running();
        // Another run may have left one on a server that lives on.
        let database = format!("{database}_{}", std::process::id());
        psql(&server, "postgres", &format!("CREATE DATABASE {database}"));
        let emulator = EmulatorProcess::ephemeral().await;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let ours = std::fs::read(emulator.name("AZML_CA_BUNDLE")).expect("the emulator's CA");
        let theirs = std::fs::read(&server.ca).expect("PostgreSQL's CA");
        std::fs::write(folder.path().join("ca.pem"), [ours, theirs].concat())
            .expect("both in one file");
        std::fs::write(folder.path().join("password"), &server.password).expect("a file");
        Self {
            emulator,
            server,
            database,
            folder,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, statements: &str) -> String {
        psql(&self.server, &self.database, statements)
    }

    /// The emulator's names, with a bundle that holds PostgreSQL's authority too.
    fn environment(&self) -> Environment {
        let mut names = self.emulator.names().clone();
        names.insert(env::CA_BUNDLE.to_owned(), self.path("ca.pem"));
        Environment::from_pairs(names)
    }

    async fn register(&self, environment: &Environment, password: &str) -> Datastore {
        let workspace = Workspace::from_environment(environment).expect("a workspace");
        let database =
            AzurePostgreSql::new("pg", "pg", &self.database, &self.server.user, password)
                .endpoint("localhost")
                .port(self.server.port)
                .overwrite();
        let registered = workspace.datastores().register(database).await;
        registered.expect("fields alone are validated")
    }

    async fn datastore(&self) -> Datastore {
        self.register(&self.environment(), &self.server.password)
            .await
    }

    fn azml(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = self.emulator.azml();
        command.env("AZML_CA_BUNDLE", self.path("ca.pem"));
        command.args(arguments).output().expect("the azml command")
    }
}

/// Runs statements with PostgreSQL's own client.
fn psql(server: &Postgres, database: &str, statements: &str) -> String {
    let output = Command::new("psql")
        .args(["-h", "127.0.0.1", "-p", &server.port.to_string()])
        .args(["-U", &server.user, "-d", database, "-X", "-A", "-t"])
        .args(["-v", "ON_ERROR_STOP=1", "-c", statements])
        .env("PGPASSWORD", &server.password)
        .output()
        .expect("psql comes with PostgreSQL");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{statements}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

async fn read(datastore: &Datastore, query: &str) -> Result<Vec<RecordBatch>> {
    let rows = datastore.read_sql(query).await?;
    Ok(rows.try_collect().await?)
}

async fn refused(datastore: &Datastore, query: &str) -> azml_core::Error {
    let answer = read(datastore, query).await;
    answer.map(|_| ()).expect_err("it is refused")
}

/// Name, type and value as PostgreSQL writes them, then type and value as Arrow does.
const TYPES: &[(&str, &str, &str, &str, &str)] = &[
    ("flag", "boolean", "true", "Boolean", "true"),
    ("small", "smallint", "-32768", "Int16", "-32768"),
    ("plain", "integer", "2147483647", "Int32", "2147483647"),
    (
        "big",
        "bigint",
        "-9223372036854775808",
        "Int64",
        "-9223372036854775808",
    ),
    ("object", "oid", "4294967295", "UInt32", "4294967295"),
    ("single", "real", "1.5", "Float32", "1.5"),
    ("double", "double precision", "'NaN'", "Float64", "NaN"),
    (
        "price",
        "numeric(12,2)",
        "-123456.70",
        "Decimal128(12, 2)",
        "-123456.70",
    ),
    (
        "wide",
        "numeric(60,20)",
        "1234567890123456789012345678901234567890.00000000000000000001",
        "Decimal256(60, 20)",
        "1234567890123456789012345678901234567890.00000000000000000001",
    ),
    (
        "any_number",
        "numeric",
        "0.000012300",
        "Utf8",
        "0.000012300",
    ),
    ("coarse", "numeric(5,-2)", "12345", "Utf8", "12300"),
    (
        "words",
        "text",
        "'n\u{e4}me, \"x\"'",
        "Utf8",
        "n\u{e4}me, \"x\"",
    ),
    ("short", "varchar(5)", "'abc'", "Utf8", "abc"),
    ("padded", "char(5)", "'abc'", "Utf8", "abc  "),
    ("letter", "\"char\"", "'x'", "Utf8", "x"),
    ("bytes", "bytea", "'\\x00ff'", "Binary", "00ff"),
    (
        "id",
        "uuid",
        "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
        "Utf8",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    ("raw", "json", "'{\"a\" : 1}'", "Utf8", "{\"a\" : 1}"),
    ("parsed", "jsonb", "'{\"a\" : 1}'", "Utf8", "{\"a\": 1}"),
    ("markup", "xml", "'<a/>'", "Utf8", "<a/>"),
    ("day", "date", "'1969-12-31'", "Date32", "1969-12-31"),
    (
        "moment_of_day",
        "time",
        "'12:34:56.789012'",
        "Time64(µs)",
        "12:34:56.789012",
    ),
    (
        "local",
        "timestamp",
        "'2024-02-29 12:34:56.789012'",
        "Timestamp(µs)",
        "2024-02-29T12:34:56.789012",
    ),
    (
        "moment",
        "timestamptz",
        "'2024-02-29 12:34:56.5+02'",
        "Timestamp(µs, \"+00:00\")",
        "2024-02-29T10:34:56.500Z",
    ),
    (
        "span",
        "interval",
        "'1 year 2 days 3.5 seconds'",
        "Interval(MonthDayNano)",
        "12 mons 2 days 3.500000000 secs",
    ),
    ("mood", "mood", "'glad'", "Utf8", "glad"),
    ("grade", "grade", "7", "Int32", "7"),
    (
        "numbers",
        "integer[]",
        "'{1,NULL,3}'",
        "List(Int32)",
        "[1, , 3]",
    ),
    ("texts", "text[]", "'{}'", "List(Utf8)", "[]"),
    (
        "prices",
        "numeric(4,1)[]",
        "'{1.5}'",
        "List(Decimal128(4, 1))",
        "[1.5]",
    ),
];

/// storage DB-05: every type that has an Arrow type arrives as it, value and null.
#[tokio::test]
async fn every_type_arrives() {
    let setting = Setting::new("types").await;
    let columns: Vec<String> = TYPES
        .iter()
        .map(|(name, kind, ..)| format!("{name} {kind}"))
        .collect();
    let values: Vec<&str> = TYPES.iter().map(|(_, _, value, ..)| *value).collect();
    setting.run("CREATE TYPE mood AS ENUM ('sad', 'glad')");
    setting.run("CREATE DOMAIN grade AS integer CHECK (VALUE BETWEEN 1 AND 10)");
    setting.run(&format!("CREATE TABLE types ({})", columns.join(", ")));
    setting.run(&format!("INSERT INTO types VALUES ({})", values.join(", ")));
    setting.run("INSERT INTO types DEFAULT VALUES");

    let datastore = setting.datastore().await;
    let batches = read(&datastore, "SELECT * FROM types").await.expect("rows");
    let [batch] = batches.as_slice() else {
        panic!("{} batches", batches.len());
    };
    assert_eq!(batch.num_rows(), 2);
    let options = FormatOptions::default();
    for (at, (name, kind, _, arrow, shown)) in TYPES.iter().enumerate() {
        let schema = batch.schema();
        let field = schema.field(at);
        assert_eq!(field.name(), name);
        let found = field.data_type().to_string();
        let found = found.replace(", field: 'item'", "");
        assert_eq!(&found, arrow, "{kind}");
        let column = batch.column(at);
        let formatter = ArrayFormatter::try_new(column, &options).expect("it can be shown");
        assert_eq!(&formatter.value(0).to_string(), shown, "{kind}");
        assert!(column.is_null(1), "{kind}");
    }
}

/// storage DB-06: rows come in batches, in order; no rows are no batch, with the columns known.
#[tokio::test]
async fn rows_come_in_batches() {
    let setting = Setting::new("batches").await;
    let datastore = setting.datastore().await;
    let query = "SELECT n, md5(n::text) FROM generate_series(1, 150000) AS n";
    let batches = read(&datastore, query).await.expect("rows");
    let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [65_536, 65_536, 18_928]);
    let last = batches[2].column(0);
    let last = ArrayFormatter::try_new(last, &FormatOptions::default()).expect("numbers");
    assert_eq!(last.value(18_927).to_string(), "150000");

    let none = datastore
        .read_sql("SELECT 1 AS one, 'x' AS two WHERE false")
        .await;
    let none = none.expect("a query without rows");
    let names: Vec<String> = none
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["one", "two"]);
    let batches: Vec<RecordBatch> = none.try_collect().await.expect("no rows");
    assert!(batches.is_empty());
}

/// storage DB-07: refusals carry the server's code, and what cannot be is named.
#[tokio::test]
async fn refusals_say_why() {
    let setting = Setting::new("refusals").await;
    setting.run("CREATE TABLE kept (a int)");
    let datastore = setting.datastore().await;
    for (query, kind, code) in [
        ("SELECT * FROM absent", ErrorKind::NotFound, "42P01"),
        ("SELEC 1", ErrorKind::InvalidRequest, "42601"),
        ("SELECT 1/0", ErrorKind::InvalidRequest, "22012"),
        (
            "INSERT INTO kept VALUES (1) RETURNING a",
            ErrorKind::InvalidRequest,
            "25006",
        ),
        ("DROP TABLE kept", ErrorKind::InvalidRequest, "25006"),
        ("SELECT 1; SELECT 2", ErrorKind::InvalidRequest, "42601"),
    ] {
        let error = refused(&datastore, query).await;
        assert_eq!(
            (error.kind(), error.code()),
            (kind, Some(code)),
            "{query}: {error}"
        );
    }
    for (query, words) in [
        ("SELECT point(1, 2) AS place", ["place", "point", "cast"]),
        (
            "SELECT '{{1},{2}}'::int[] AS grid",
            ["grid", "several dimensions", "Arrow"],
        ),
        (
            "SELECT 'infinity'::date AS forever",
            ["forever", "without end", "Arrow"],
        ),
        (
            "SELECT 'NaN'::numeric(5,2) AS odd",
            ["odd", "not finite", "Arrow"],
        ),
        ("SELECT $1::int AS one", ["parameters", "nobody", "query"]),
    ] {
        let error = refused(&datastore, query).await.to_string();
        assert!(
            words.iter().all(|word| error.contains(word)),
            "{query}: {error}"
        );
    }
    assert_eq!(setting.run("SELECT count(*) FROM kept").trim(), "0");

    let wrong = setting.register(&setting.environment(), "wrong").await;
    let error = refused(&wrong, "SELECT 1").await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unauthorized, Some("28P01"))
    );
    assert!(!format!("{error:?}").contains("wrong\""), "{error:?}");

    // Only the emulator's authority is trusted here.
    let datastore = setting
        .register(&setting.emulator.environment(), &setting.server.password)
        .await;
    let error = refused(&datastore, "SELECT 1").await;
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("AZML_CA_BUNDLE"))
    );
}

/// storage DB-08: a query whose rows are given up ends on the server.
#[tokio::test]
async fn a_query_that_is_dropped_ends() {
    let setting = Setting::new("dropped").await;
    let datastore = setting.datastore().await;
    // The server says nothing before it has a row.
    let reading = tokio::spawn(async move {
        let rows = datastore.read_sql("SELECT pg_sleep(3600)::text").await;
        rows.map(drop)
    });
    let active = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND query LIKE '%pg_sleep(3600)%' \
                  AND application_name = 'azml' AND state = 'active'";
    let waits = async |expected: &str| {
        for _ in 0..600 {
            if setting.run(active).trim() == expected {
                return true;
            }
            SystemClock
                .sleep(std::time::Duration::from_millis(100))
                .await;
        }
        false
    };
    assert!(waits("1").await, "the query runs");
    reading.abort();
    assert!(waits("0").await, "the query goes on");
}

/// storage DB-09: the command reads PostgreSQL, and a SQL database through the other client.
#[tokio::test]
async fn the_command_reads_both_kinds_of_databases() {
    let setting = Setting::new("command").await;
    let port = setting.server.port.to_string();
    let password = setting.path("password");
    let registered = setting.azml(&[
        "datastore",
        "register",
        "postgres",
        "sales",
        "--server",
        "pg",
        "--endpoint",
        "localhost",
        "--database",
        &setting.database,
        "--user",
        &setting.server.user,
        "--password-file",
        &password,
        "--port",
        &port,
    ]);
    assert!(registered.status.success(), "{registered:?}");
    let query = "SELECT n, n * 1.5 AS half, 'x' AS text FROM generate_series(1, 2) AS n";
    let output = setting.azml(&["datastore", "query", "sales", query, "--output", "csv"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        text.replace("\r\n", "\n"),
        "n,half,text\n1,1.5,x\n2,3.0,x\n",
        "{output:?}"
    );

    let emulator = &setting.emulator;
    std::fs::write(setting.path("sa"), emulator.name("AZML_SQL_PASSWORD")).expect("a file");
    let registered = setting.azml(&[
        "datastore",
        "register",
        "sql",
        "plain",
        "--server",
        emulator.name("AZML_SQL_HOST"),
        "--database",
        "master",
        "--user",
        emulator.name("AZML_SQL_USER"),
        "--password-file",
        &setting.path("sa"),
        "--port",
        emulator.name("AZML_SQL_PORT"),
        "--skip-validation",
    ]);
    assert!(registered.status.success(), "{registered:?}");
    let query = "SELECT 1 AS a, 'b' AS b";
    let output = setting.azml(&["datastore", "query", "plain", query, "--output", "csv"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.replace("\r\n", "\n"), "a,b\n1,b\n", "{output:?}");

    let refused = setting.azml(&["datastore", "query", "workspaceblobstore", "SELECT 1"]);
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(
        error.contains("not possible with a datastore of kind AzureBlob"),
        "{error}"
    );
}

/// storage DB-02: a database is described with its login, or with a token where it has none.
#[tokio::test]
async fn databases_are_described() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = Workspace::from_environment(&emulator.environment()).expect("a workspace");
    let datastores = workspace.datastores();
    let database = AzureSql::new("own", "srv", "db").skip_validation();
    let own = datastores.register(database).await.expect("registered");
    let own = own.database_connection().await.expect("a token");
    assert_eq!(
        (own.host.as_str(), own.port),
        ("srv.database.windows.net", None)
    );
    assert!(matches!(
        own.login,
        azml::auth::DatabaseLogin::AccessToken(_)
    ));
    let (tenant, client) = (
        emulator.name("AZML_TENANT_ID"),
        emulator.name("AZML_CLIENT_ID"),
    );
    let database = AzureSql::new("app", "srv", "db")
        .service_principal(tenant, client, emulator.name("AZML_CLIENT_SECRET"))
        .skip_validation();
    let app = datastores.register(database).await.expect("registered");
    let app = app.database_connection().await.expect("a token");
    assert!(!format!("{app:?}").contains("eyJ"), "{app:?}");
    let blob = datastores
        .get("workspaceblobstore")
        .await
        .expect("it is there");
    let refused = blob.database_connection().await;
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
}
