//! The article from its first step to the picture; logins, sessions, what a server tells of itself.

use super::*;

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
