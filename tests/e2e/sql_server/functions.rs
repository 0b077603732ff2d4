//! Functions in a SQL Server, and here.

use super::*;

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
