//! Our SQL Server client against the emulator: the article from its first step to the picture, and the promises of the
//! protocol notes, section 1.1, each by its number.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::{path::Path, sync::Arc, time::Duration};

use arrow::{
    array::{
        ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array,
        Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    datatypes::{Float64Type, Int64Type},
};
use azml::sqlml_remote::{
    Append, Auth, ComputeContext, ConnectOptions, ConnectionString, DataStep, Error, Frame,
    Parameter, ParameterType, RemoteFunction, Request, Return, RxExec, RxInSqlServer, RxLocalSeq,
    RxModel, RxSqlServerData, RxSummary, Session, Summary, TableName, Value, rx_data_step, rx_exec,
    rx_import, rx_lin_mod, rx_summary,
};
use azml_core::env;
use azml_test_support::TestEmulator;
use serde_json::json;

/// The function of the article, as it stands there.
const ARTICLE: &str = r#"
def send_this_func_to_sql():

    from revoscalepy import RxSqlServerData, rx_import
    from pandas.tools.plotting import scatter_matrix
    import matplotlib.pyplot as plt
    import io

    # remember the scope of the variables in this func are within our SQL Server Python Runtime
    connection_string = "Driver=SQL Server;Server=localhost;Database=irissql;Trusted_Connection=Yes;"

    # specify a query and load into pandas dataframe df
    sql_query = RxSqlServerData(connection_string=connection_string, sql_query = "select * from iris")
    df = rx_import(sql_query)

    scatter_matrix(df)

    # return bytestream of image created by scatter_matrix
    buf = io.BytesIO()
    plt.savefig(buf, format="png")
    buf.seek(0)

    return buf.getvalue()
"#;

/// A server that runs scripts.
struct Server {
    emulator: TestEmulator,
}

impl Server {
    async fn start() -> Self {
        let python = azml_tests::python("sql");
        let emulator = TestEmulator::start_with(|builder| {
            let builder = builder.allow_scripts().python(python);
            // The environments of the tests lie where an unprivileged user need not reach.
            if azml_tests::is_root() {
                builder.scripts_user("root")
            } else {
                builder
            }
        });
        Self {
            emulator: emulator.await,
        }
    }

    /// A server without scripts.
    async fn plain() -> Self {
        Self {
            emulator: TestEmulator::start().await,
        }
    }

    fn connection(&self) -> ConnectionString {
        ConnectionString::from_environment(&self.emulator.environment()).unwrap()
    }

    fn options(&self) -> ConnectOptions {
        ConnectOptions::from_environment(&self.emulator.environment())
    }

    async fn session(&self) -> Session {
        Session::connect_with(&self.connection(), &self.options())
            .await
            .unwrap()
    }

    fn table(&self, database: &str, table: &str) -> RxSqlServerData {
        let connection = self.connection().with_database(database);
        RxSqlServerData::builder(connection)
            .table(table)
            .connect_options(self.options())
            .build()
            .unwrap()
    }

    fn in_sql_server(&self, database: &str) -> RxInSqlServer {
        let connection = self.connection().with_database(database);
        RxInSqlServer::builder(connection)
            .connect_options(self.options())
            .build()
    }

    /// The database of the article with its table.
    async fn with_iris(self) -> Self {
        self.session()
            .await
            .recreate_database("irissql")
            .await
            .unwrap();
        let step = DataStep::new(iris())
            .output(&self.table("irissql", "iris"))
            .overwrite(true);
        assert_eq!(rx_data_step(step).await.unwrap().rows(), 150);
        self
    }
}

/// The iris data as scikit-learn calls its columns.
fn iris() -> RecordBatch {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/emulator/data/iris.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    let measure = |at: usize| -> ArrayRef {
        let values = rows.iter().map(|row| row[at].parse::<f64>().unwrap());
        Arc::new(Float64Array::from_iter_values(values))
    };
    let species: StringArray = rows.iter().map(|row| Some(row[4])).collect();
    RecordBatch::try_from_iter([
        ("sepal length (cm)", measure(0)),
        ("sepal width (cm)", measure(1)),
        ("petal length (cm)", measure(2)),
        ("petal width (cm)", measure(3)),
        ("Species", Arc::new(species) as ArrayRef),
    ])
    .unwrap()
}

/// sqlml P1, P2, P7 to P12, P14, C8, C10, C16, C42: the article, step by step.
#[tokio::test]
async fn the_article() {
    let server = Server::start().await;

    // Connect, create the database (twice: the second time it is there).
    let mut session = server.session().await;
    session.recreate_database("irissql").await.unwrap();
    session.recreate_database("irissql").await.unwrap();
    assert!(
        session
            .databases()
            .await
            .unwrap()
            .contains(&"irissql".to_owned())
    );

    // Load the frame.
    let table = server.table("irissql", "iris");
    let step = DataStep::new(iris()).output(&table).overwrite(true);
    assert_eq!(rx_data_step(step).await.unwrap().rows(), 150);
    let back = rx_import(&table).await.unwrap().concat().unwrap();
    assert_eq!(back.schema().field(0).name(), "sepal length (cm)");
    assert_eq!(back.columns(), iris().columns());

    // Send the function, get the picture back.
    let function = RemoteFunction::python(ARTICLE).entry("send_this_func_to_sql");
    let mut results = rx_exec(function, &server.in_sql_server("irissql"))
        .await
        .unwrap();
    assert_eq!(results.len(), 1);
    let picture = results.remove(0).png().unwrap();
    let (width, height) = picture.dimensions();
    assert!(width > 100 && height > 100, "{picture:?}");
    let folder = tempfile::tempdir().unwrap();
    picture.save(folder.path().join("iris.png")).unwrap();
    let saved = std::fs::read(folder.path().join("iris.png")).unwrap();
    assert_eq!(saved, picture.as_bytes());
}

/// sqlml P2, C6, C7, and a certificate that nobody vouches for.
#[tokio::test]
async fn what_keeps_a_login_out_is_told() {
    let server = Server::plain().await;
    let login = |user: &str, password: &str| {
        server.connection().with_auth(Auth::SqlLogin {
            user: user.to_owned(),
            password: password.into(),
        })
    };
    let mut texts = Vec::new();
    for connection in [login("sa", "wrong"), login("nobody", "wrong")] {
        let error = Session::connect_with(&connection, &server.options())
            .await
            .unwrap_err();
        assert_eq!(error.number(), Some(18456), "{error}");
        texts.push(error.to_string().replace("nobody", "sa"));
    }
    assert_eq!(texts[0], texts[1]);

    let connection = server.connection().with_database("missing");
    let error = Session::connect_with(&connection, &server.options())
        .await
        .unwrap_err();
    let Error::Server(error) = error else {
        panic!("{error}")
    };
    assert!(error.has_number(4060) && error.has_number(18456), "{error}");

    let error = Session::connect_with(&server.connection(), &ConnectOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");

    let closed = ConnectionString::to_server("127.0.0.1,1")
        .unwrap()
        .with_auth(Auth::SqlLogin {
            user: "sa".to_owned(),
            password: "x".into(),
        });
    let error = Session::connect_with(&closed, &server.options())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
}

/// sqlml C10: every type of column goes to a new table and comes back, with its NULLs and with names that need quotes.
#[tokio::test]
async fn columns_of_every_type_survive() {
    let server = Server::plain().await;
    let text = |values: &[Option<&str>]| -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringArray>())
    };
    let long = "x".repeat(9000);
    let moment = 1_700_000_000_123_456;
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "a bit",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            "int]",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(7)])),
        ),
        (
            "[bigint",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(-1)])),
        ),
        (
            "float",
            Arc::new(Float64Array::from(vec![Some(0.1), None, Some(-2.5e300)])),
        ),
        ("text 'q'", text(&[Some("it's 中 😀"), None, Some("")])),
        ("long", text(&[Some(&long), None, Some("short")])),
        (
            "bytes",
            Arc::new(BinaryArray::from(vec![
                Some(&b"\0\xFF"[..]),
                None,
                Some(b""),
            ])),
        ),
        (
            "date",
            Arc::new(Date32Array::from(vec![Some(19_000), None, Some(-700_000)])),
        ),
        (
            "moment",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(moment),
                None,
                Some(-1),
            ])),
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let table = server.table("master", "dbo.[every type]");
    rx_data_step(DataStep::new(batch.clone()).output(&table))
        .await
        .unwrap();
    let back = rx_import(&table).await.unwrap().concat().unwrap();
    for (at, column) in batch.columns().iter().enumerate() {
        assert_eq!(
            back.column(at),
            column,
            "{}",
            batch.schema().field(at).name()
        );
        assert_eq!(
            back.schema().field(at).name(),
            batch.schema().field(at).name()
        );
    }
}

/// sqlml P8, C11, C12, C13: what is there is never half replaced.
#[tokio::test]
async fn an_output_that_is_there_is_respected() {
    let server = Server::plain().await;
    let table = server.table("master", "t");
    let numbers = |values: &[i64], name: &str| {
        RecordBatch::try_from_iter([(
            name,
            Arc::new(Int64Array::from(values.to_vec())) as ArrayRef,
        )])
        .unwrap()
    };
    let sum = async || {
        let frame = rx_import(&table).await.unwrap().concat().unwrap();
        frame
            .column(0)
            .as_primitive::<Int64Type>()
            .iter()
            .flatten()
            .sum::<i64>()
    };
    rx_data_step(DataStep::new(numbers(&[1, 2], "n")).output(&table))
        .await
        .unwrap();

    let again = rx_data_step(DataStep::new(numbers(&[5], "n")).output(&table)).await;
    assert!(matches!(again, Err(Error::OutputExists(_))), "{again:?}");
    assert_eq!(sum().await, 3);

    rx_data_step(
        DataStep::new(numbers(&[4], "N"))
            .output(&table)
            .append(Append::Rows),
    )
    .await
    .unwrap();
    assert_eq!(sum().await, 7);

    let other = rx_data_step(
        DataStep::new(numbers(&[9], "m"))
            .output(&table)
            .append(Append::Rows),
    )
    .await;
    assert!(other.unwrap_err().to_string().contains("'m'"));
    assert_eq!(sum().await, 7);

    // The second piece fails: the old rows are there, and nothing else is.
    let broken = DataStep::new(numbers(&[1, 2, 3], "n"))
        .output(&table)
        .overwrite(true)
        .rows_per_read(2);
    let broken = broken.transform_function(|rows, context| match context.chunk {
        1 => Ok(rows),
        _ => Err(Error::InvalidData("broken on purpose".to_owned())),
    });
    assert!(rx_data_step(broken).await.is_err());
    assert_eq!(sum().await, 7);
    assert_eq!(server.session().await.tables().await.unwrap(), ["dbo.t"]);

    rx_data_step(
        DataStep::new(numbers(&[8], "n"))
            .output(&table)
            .overwrite(true),
    )
    .await
    .unwrap();
    assert_eq!(sum().await, 8);
    let missing = server.table("master", "missing");
    let missing = rx_data_step(
        DataStep::new(numbers(&[9], "n"))
            .output(&missing)
            .append(Append::Rows),
    )
    .await;
    assert!(
        matches!(missing, Err(Error::InvalidArgument(_))),
        "{missing:?}"
    );
}

/// sqlml C14: a transform gets the rows in pieces; and the other changes of a data step.
#[tokio::test]
async fn rows_are_read_in_pieces() {
    let server = Server::plain().await;
    let table = server.table("master", "n");
    let numbers = Int64Array::from_iter_values(0..120_001);
    let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    rx_data_step(DataStep::new(batch).output(&table))
        .await
        .unwrap();

    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let pieces = Arc::clone(&seen);
    let step = DataStep::new(&table).transform_function(move |rows, context| {
        pieces
            .lock()
            .unwrap()
            .push((context.start_row, rows.num_rows()));
        Ok(rows)
    });
    assert_eq!(rx_data_step(step).await.unwrap().rows(), 120_001);
    assert_eq!(
        *seen.lock().unwrap(),
        [(1, 50_000), (50_001, 50_000), (100_001, 20_001)]
    );

    let step = DataStep::new(&table)
        .start_row(11)
        .number_rows_read(3)
        .row_variable_name("row");
    let frame = rx_data_step(step)
        .await
        .unwrap()
        .frame()
        .unwrap()
        .concat()
        .unwrap();
    assert_eq!(frame.num_columns(), 2);
    assert_eq!(
        frame.column(1).as_primitive::<Int64Type>().values(),
        &[11, 12, 13]
    );
}

/// sqlml P10, C17, C19: many calls, one of which fails.
#[tokio::test]
async fn calls_are_answered_in_their_order() {
    let server = Server::start().await;
    let source = "def f(x, y):\n    print('x is', x)\n    if x == 2:\n        raise ValueError('two')\n    return x * y\n";
    let context = server.in_sql_server("master");
    let exec = RxExec::new(RemoteFunction::python(source))
        .arg("x", json!([1, 2, 3]))
        .arg("y", 6);
    let results = exec.clone().task_chunk_size(2).run(&context).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().json::<i64>().unwrap(), 6);
    assert_eq!(results[0].as_ref().unwrap().stdout(), "x is 1\n");
    let Err(Error::Remote(error)) = &results[1] else {
        panic!("{:?}", results[1])
    };
    assert_eq!(
        (error.class.as_str(), error.message.as_str()),
        ("ValueError", "two")
    );
    assert!(
        error.traceback.contains("line 4, in f") && error.traceback.contains("raise ValueError"),
        "{}",
        error.traceback
    );
    assert_eq!(results[2].as_ref().unwrap().json::<i64>().unwrap(), 18);

    let stopped = exec.continue_on_failure(false).run(&context).await;
    assert!(matches!(stopped, Err(Error::Remote(_))), "{stopped:?}");
}

/// sqlml P12, C21: values of every kind go there and come back.
#[tokio::test]
async fn values_of_every_kind_travel() {
    let server = Server::start().await.with_iris().await;
    let context = server.in_sql_server("irissql");
    let run = async |function: RemoteFunction| rx_exec(function, &context).await.unwrap().remove(0);

    let text = "it's 中 😀 \"quoted\" \\ ".repeat(3000);
    let echo = RemoteFunction::python("def echo(value):\n    return value");
    let result = run(echo.clone().arg("value", text.as_str())).await;
    assert_eq!(result.json::<String>().unwrap(), text);
    let bytes: Vec<u8> = (0..=255).cycle().take(60_000).collect();
    assert_eq!(
        run(echo.clone().arg_bytes("value", &bytes))
            .await
            .bytes()
            .unwrap(),
        bytes
    );
    assert_eq!(
        run(echo.clone().arg("value", json!(null))).await.kind(),
        "none"
    );

    let frame = run(echo.clone().arg_frame("value", iris()))
        .await
        .frame()
        .unwrap();
    assert_eq!(frame.columns(), iris().columns());

    let mean = RemoteFunction::inline(
        "return {'mean': float(frame['sepal length (cm)'].mean()), 'n': len(frame)}",
    )
    .arg_frame("frame", iris());
    let mean: serde_json::Value = run(mean).await.json().unwrap();
    assert_eq!(mean["n"], 150);
    assert!((mean["mean"].as_f64().unwrap() - 5.843_333).abs() < 1e-6);

    let count = RemoteFunction::python(
        "def count(rows):\n    return rows.groupby('Species').size().reset_index(name='n')",
    )
    .input_query("SELECT Species FROM iris")
    .returns(Return::Frame);
    let count = run(count).await.frame().unwrap();
    assert_eq!(count.num_rows(), 3);

    let picture = RemoteFunction::python(
        "def plot():\n    import matplotlib.pyplot as plt\n    figure, axes = plt.subplots()\n    axes.plot([1, 2])\n    return figure",
    );
    assert!(run(picture).await.png().is_ok());
}

/// sqlml P10, the article's "execute locally, then shift to the server": the same function here and there.
#[tokio::test]
async fn a_function_runs_here_as_it_runs_there() {
    let server = Server::start().await;
    let here = RxLocalSeq::new().python(azml_tests::python("sql"));
    let there = server.in_sql_server("master");
    let source = "def f(x):\n    print('got', x)\n    import numpy\n    return {'double': 2 * x, 'mean': float(numpy.mean([x, 1]))}";
    let function = RemoteFunction::python(source).arg("x", 41);
    let local = rx_exec(function.clone(), &here).await.unwrap().remove(0);
    let remote = rx_exec(function, &there).await.unwrap().remove(0);
    let values: [serde_json::Value; 2] = [local.json().unwrap(), remote.json().unwrap()];
    assert_eq!(values[0], json!({ "double": 82, "mean": 21.0 }));
    assert_eq!(values[0], values[1]);
    assert_eq!((local.stdout(), remote.stdout()), ("got 41\n", "got 41\n"));

    let broken = RemoteFunction::python("def f():\n    return 1 / 0");
    for context in [&here as &dyn ComputeContext, &there] {
        let Err(Error::Remote(error)) = rx_exec(broken.clone(), context).await else {
            panic!("it must fail")
        };
        assert_eq!(error.class, "ZeroDivisionError");
        assert!(
            error.traceback.contains("return 1 / 0"),
            "{}",
            error.traceback
        );
    }
    let slow = here.execution_timeout(Duration::from_millis(500));
    let sleep = RemoteFunction::python("def f():\n    import time\n    time.sleep(60)");
    assert!(matches!(
        rx_exec(sleep, &slow).await,
        Err(Error::Timeout(_))
    ));
}

/// sqlml P4, P13, C26, C27: a summary, printed, and the same computed on the server.
#[tokio::test]
async fn a_summary_is_the_same_here_and_on_the_server() {
    let server = Server::plain().await.with_iris().await;
    let delays = Float64Array::from(vec![
        Some(-3.0),
        Some(12.5),
        None,
        Some(40.0),
        Some(0.0),
        Some(7.25),
    ]);
    let days = StringArray::from(vec![
        Some("Monday"),
        Some("Tuesday"),
        Some("Monday"),
        Some("Tuesday"),
        None,
        Some("Monday"),
    ]);
    let hours = Int32Array::from(vec![1, 2, 2, 4, 1, 1]);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ArrDelay", Arc::new(delays) as ArrayRef, true),
        ("DayOfWeek", Arc::new(days) as ArrayRef, true),
        ("hour", Arc::new(hours) as ArrayRef, true),
    ])
    .unwrap();
    let table = server.table("irissql", "flights");
    rx_data_step(DataStep::new(batch.clone()).output(&table))
        .await
        .unwrap();

    for formula in [
        "ArrDelay+DayOfWeek",
        "~ ArrDelay:DayOfWeek",
        "ArrDelay ~ F(hour)",
        "~ F(hour, 1, 3):DayOfWeek",
    ] {
        for by_term in [true, false] {
            let local = Summary::new(formula, batch.clone())
                .strings_as_factors(true)
                .by_term(by_term);
            let remote = Summary::new(formula, &table)
                .strings_as_factors(true)
                .by_term(by_term);
            let (local, remote) = (local.run().await.unwrap(), remote.run().await.unwrap());
            let shown = format!("{formula} {by_term}\n{local}\n{remote}");
            assert_eq!(
                (local.valid_obs, local.missing_obs),
                (remote.valid_obs, remote.missing_obs),
                "{shown}"
            );
            assert_eq!(local.categorical, remote.categorical, "{shown}");
            let numbers = |summary: &RxSummary| -> Vec<f64> {
                let cells = summary
                    .by_category
                    .iter()
                    .flat_map(|by| by.cells.iter().map(|(_, cell)| cell));
                let all = summary.statistics.iter().chain(cells);
                all.flat_map(|s| {
                    [
                        s.mean,
                        s.std_dev,
                        s.min,
                        s.max,
                        f64::from(u32::try_from(s.valid_obs).unwrap()),
                    ]
                })
                .collect()
            };
            let pairs = numbers(&local).into_iter().zip(numbers(&remote));
            for (a, b) in pairs {
                let same = (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(1.0);
                assert!(same, "{a} and {b}\n{shown}");
            }
            assert_eq!(numbers(&local).len(), numbers(&remote).len(), "{shown}");
        }
    }

    let printed = Summary::new("ArrDelay+DayOfWeek", batch.clone())
        .strings_as_factors(true)
        .run()
        .await
        .unwrap()
        .to_string();
    for line in [
        "Summary Statistics Results for: ~ArrDelay + DayOfWeek",
        "Number of valid observations: 6 ",
        " ArrDelay 11.35 17.12965 -3  40  5        1",
        "Category Counts for DayOfWeek",
        " Monday    3",
    ] {
        assert!(printed.contains(line), "no '{line}' in\n{printed}");
    }
    let text = rx_summary("~DayOfWeek", batch).await;
    assert!(matches!(text, Err(Error::InvalidArgument(_))), "{text:?}");
}

/// Functions kept on the server as procedures.
#[tokio::test]
async fn a_function_is_kept_as_a_procedure() {
    let server = Server::start().await.with_iris().await;
    let mut session = Session::connect_with(
        &server.connection().with_database("irissql"),
        &server.options(),
    )
    .await
    .unwrap();
    let source = "def f(a, b, c, d='default'):\n    print(a, b, c, d)\n    return [a, b, c, d]";
    let function = RemoteFunction::python(source).arg("b", "it's kept");
    let parameters = [("a", ParameterType::Int), ("c", ParameterType::Bit)];
    session
        .create_procedure("dbo.kept", &function, &parameters)
        .await
        .unwrap();
    assert!(session.has_procedure("kept").await.unwrap());
    assert_eq!(session.procedures().await.unwrap(), ["kept"]);
    let result = session
        .call_procedure("kept", vec![("a", 5.into()), ("c", true.into())])
        .await
        .unwrap();
    assert_eq!(
        result.json::<serde_json::Value>().unwrap(),
        json!([5, "it's kept", true, "default"])
    );
    assert_eq!(result.stdout(), "5 it's kept True default\n");
    let error = session
        .call_procedure("kept", vec![("a", 5.into())])
        .await
        .unwrap_err();
    assert_eq!(error.number(), Some(201), "{error}");
    let error = session
        .create_procedure("kept", &function, &parameters)
        .await
        .unwrap_err();
    assert_eq!(error.number(), Some(2714), "{error}");

    let rows = RemoteFunction::python(
        "def rows(frame, least):\n    return frame[frame['petal width (cm)'] >= least]",
    )
    .input_query("SELECT * FROM iris");
    session
        .create_procedure("rows", &rows, &[("least", ParameterType::Float)])
        .await
        .unwrap();
    let result = session
        .call_procedure("rows", vec![("least", 2.5.into())])
        .await
        .unwrap();
    assert_eq!(result.frame().unwrap().num_rows(), 3);
    session.drop_procedure_if_exists("kept").await.unwrap();
    session.drop_procedure_if_exists("kept").await.unwrap();
    assert!(!session.has_procedure("kept").await.unwrap());
    let bad = session
        .create_procedure("x", &function, &[("a int; --", ParameterType::Int)])
        .await;
    assert!(matches!(bad, Err(Error::InvalidArgument(_))));
}

/// A linear model over a table is that over its rows, and none of them leaves the server.
#[tokio::test]
async fn a_model_is_fitted_where_the_data_is() {
    let server = Server::plain().await.with_iris().await;
    let table = server.table("irissql", "iris");
    let rows = rx_import(&table).await.unwrap();
    for formula in [
        "`sepal length (cm)` ~ `petal length (cm)` + `petal width (cm)`",
        "`sepal length (cm)` ~ `petal length (cm)`:`petal width (cm)` - 1",
        "`sepal length (cm)` ~ F(`petal width (cm)`, 0, 2) + `petal length (cm)`",
    ] {
        let local = rx_lin_mod(formula, rows.clone()).await.unwrap();
        let remote = rx_lin_mod(formula, &table).await.unwrap();
        assert_eq!(
            (local.valid_obs, local.missing_obs),
            (remote.valid_obs, remote.missing_obs)
        );
        let numbers = |model: &RxModel| -> Vec<f64> {
            let coefficients = model
                .coefficients
                .iter()
                .flat_map(|c| [c.value.unwrap(), c.std_error.unwrap()]);
            coefficients
                .chain([model.sigma.unwrap(), model.r_squared.unwrap()])
                .collect()
        };
        for (a, b) in numbers(&local).into_iter().zip(numbers(&remote)) {
            assert!(
                (a - b).abs() <= 1e-9 * a.abs().max(1.0),
                "{formula}\n{local}\n{remote}"
            );
        }
    }
    let text = rx_lin_mod("`sepal length (cm)` ~ Species", &table).await;
    assert!(matches!(text, Err(Error::InvalidArgument(_))), "{text:?}");
}

/// sqlml C22, C23: a call that takes too long is stopped on the server.
#[tokio::test]
async fn a_call_that_takes_too_long_is_stopped() {
    let server = Server::start().await;
    let context = RxInSqlServer::builder(server.connection())
        .connect_options(server.options())
        .execution_timeout(Duration::from_secs(1))
        .build();
    let sleep = RemoteFunction::python("def sleep():\n    import time\n    time.sleep(60)");
    let stopped = rx_exec(sleep, &context).await;
    assert!(matches!(stopped, Err(Error::Timeout(_))), "{stopped:?}");
}

/// sqlml P3, P6: what the server is, and what the login may do.
#[tokio::test]
async fn the_server_tells_what_it_is() {
    let server = Server::start().await;
    let mut session = server.session().await;
    let info = session.server_info().await.unwrap();
    assert!(info.product_version.starts_with("15.0."), "{info:?}");
    assert!(
        info.external_scripts
            && info
                .python
                .as_deref()
                .is_some_and(|python| python.starts_with("3.")),
        "{info:?}"
    );
    assert!(
        info.library
            .as_deref()
            .is_some_and(|library| library.starts_with("9.4")),
        "{info:?}"
    );
    assert_eq!(info.warning(), None);
    assert!(
        session
            .permissions()
            .await
            .unwrap()
            .all()
            .iter()
            .all(|(_, granted)| *granted)
    );

    let plain = Server::plain()
        .await
        .session()
        .await
        .server_info()
        .await
        .unwrap();
    assert_eq!((plain.external_scripts, plain.python), (false, None));
}

/// sqlml C38: a server that runs no scripts says how to change that.
#[tokio::test]
async fn a_server_without_scripts_says_so() {
    let server = Server::plain().await;
    let function = RemoteFunction::python("def f():\n    return 1");
    let error = rx_exec(function, &server.in_sql_server("master"))
        .await
        .unwrap_err();
    assert_eq!(error.number(), Some(39023), "{error}");
    assert!(error.to_string().contains("--allow-scripts"));
}

/// Statements, parameters, output, results, and errors after which the session goes on.
#[tokio::test]
async fn a_session_runs_statements() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    let frame = session
        .query(
            "SELECT @a + 1 AS n, @b AS t",
            vec![Parameter::new("a", 41), Parameter::new("@b", "it's")],
        )
        .await
        .unwrap()
        .concat()
        .unwrap();
    assert_eq!(
        frame
            .column(0)
            .as_primitive::<arrow::datatypes::Int32Type>()
            .value(0),
        42
    );
    assert_eq!(frame.column(1).as_string::<i32>().value(0), "it's");

    let outcome = session
        .run(Request::Statement(
            "SET @a = @a * 2; PRINT 'said'; SELECT 1 SELECT 2".to_owned(),
            vec![Parameter::output("a", 21)],
        ))
        .await
        .unwrap();
    assert_eq!(outcome.frames.len(), 2);
    assert_eq!(outcome.outputs, [("@a".to_owned(), Value::Int(Some(42)))]);
    assert!(
        outcome
            .messages
            .iter()
            .any(|message| message.text == "said"),
        "{:?}",
        outcome.messages
    );

    let error = session.execute("SELECT 1;\nSELEC 2").await.unwrap_err();
    assert!(error.number().is_some(), "{error}");
    assert!(session.is_usable());
    assert_eq!(
        session
            .execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)")
            .await
            .unwrap(),
        2
    );
    assert!(
        session
            .has_table(&TableName::parse("t").unwrap())
            .await
            .unwrap()
    );
    assert!(
        !session
            .has_table(&TableName::parse("u").unwrap())
            .await
            .unwrap()
    );
    let sum = session
        .query("SELECT CAST(SUM(a) AS float) FROM t", vec![])
        .await
        .unwrap();
    assert_eq!(
        sum.batches()[0]
            .column(0)
            .as_primitive::<Float64Type>()
            .value(0),
        3.0
    );
}

/// Values that their column cannot hold are refused before anything is sent, and the table is as it was.
#[tokio::test]
async fn values_that_do_not_fit_change_nothing() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    session
        .execute("CREATE TABLE t (a smallint NOT NULL, b nvarchar(2))")
        .await
        .unwrap();
    let table = TableName::parse("t").unwrap();
    let batch = |a: Vec<Option<i32>>, b: Vec<&str>| {
        let a: ArrayRef = Arc::new(Int32Array::from(a));
        let b: ArrayRef = Arc::new(StringArray::from(b));
        RecordBatch::try_from_iter_with_nullable([("a", a, true), ("b", b, true)]).unwrap()
    };
    for (rows, named) in [
        (batch(vec![Some(1), Some(70_000)], vec!["x", "y"]), "'a'"),
        (batch(vec![Some(1), None], vec!["x", "y"]), "'a'"),
        (batch(vec![Some(1), Some(2)], vec!["x", "😀😀"]), "'b'"),
    ] {
        let error = session.load(&table, &[rows]).await.unwrap_err();
        // A NULL is the server's to refuse, where it does not tell which columns allow one.
        let refused = matches!(error, Error::InvalidData(_)) || error.number() == Some(515);
        assert!(refused && error.to_string().contains(named), "{error}");
    }
    assert_eq!(
        session
            .query("SELECT * FROM t", vec![])
            .await
            .unwrap()
            .num_rows(),
        0
    );
    let fits = batch(vec![Some(1), Some(2)], vec!["xy", "😀"]);
    assert_eq!(
        session
            .load(&table, std::slice::from_ref(&fits))
            .await
            .unwrap(),
        2
    );
    let frame = Frame::new(vec![fits]).unwrap();
    let back = session
        .query("SELECT * FROM t", vec![])
        .await
        .unwrap()
        .concat()
        .unwrap();
    assert_eq!(back.column(1), frame.batches()[0].column(1));
    assert_eq!(
        server.emulator.environment().get(env::SQL_USER).as_deref(),
        Some("sa")
    );
}
