//! What goes wrong on the way: connections that are lost, statements that are stopped, logins that may not, T-SQL that is
//! none.

use std::sync::atomic::{AtomicUsize, Ordering};

use azml::sqlml_remote::{MssqlBackend, TdsBackend};
use azml_core::clock::{Clock, SystemClock};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A way to the server that ends after so many bytes from the client, once it is told to count.
struct Cutter {
    port: u16,
    left: Arc<AtomicUsize>,
}

impl Cutter {
    async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let counted = Arc::clone(&left);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let (mut from, mut back) = client.into_split();
                    let (mut answers, mut requests) = server.into_split();
                    let there = async {
                        let mut buffer = vec![0; 4096];
                        loop {
                            let read = from.read(&mut buffer).await.unwrap_or(0);
                            let room = counted.load(Ordering::Relaxed);
                            let count = read.min(room);
                            if room != usize::MAX {
                                counted.store(room - count, Ordering::Relaxed);
                            }
                            let sent = requests.write_all(&buffer[..count]).await;
                            if count == 0 || count == room || sent.is_err() {
                                return;
                            }
                        }
                    };
                    tokio::select! {
                        () = there => {}
                        _ = tokio::io::copy(&mut answers, &mut back) => {}
                    }
                });
            }
        });
        Self { port, left }
    }

    /// The connection ends after so many bytes more.
    fn cut_after(&self, bytes: usize) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    fn connection(&self, server: &Server) -> ConnectionString {
        let pairs = [
            (env::SQL_HOST, "localhost".to_owned()),
            (env::SQL_PORT, self.port.to_string()),
            (env::SQL_USER, server.emulator.variable(env::SQL_USER)),
            (
                env::SQL_PASSWORD,
                server.emulator.variable(env::SQL_PASSWORD),
            ),
        ];
        ConnectionString::from_environment(&env::Environment::from_pairs(pairs)).unwrap()
    }
}

async fn through_a_cutter(server: &Server) -> (Cutter, MssqlBackend) {
    let port = server.emulator.variable(env::SQL_PORT).parse().unwrap();
    let cutter = Cutter::start(port).await;
    let backend = MssqlBackend::connect(&cutter.connection(server), &server.options())
        .await
        .unwrap();
    (cutter, backend)
}

/// sqlml C12: a connection that is lost in mid bulk load leaves whole portions and no part of one.
#[tokio::test]
async fn a_connection_that_is_lost_in_mid_bulk_load_leaves_whole_portions() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    let rows = RecordBatch::try_from_iter([(
        "n",
        Arc::new(Int64Array::from_iter_values(0..20_000)) as ArrayRef,
    )])
    .unwrap();
    for cut in [1, 5_000, 60_000, 150_000] {
        session
            .execute("DROP TABLE IF EXISTS b; CREATE TABLE b (n bigint)")
            .await
            .unwrap();
        let (cutter, mut backend) = through_a_cutter(&server).await;
        cutter.cut_after(cut);
        let lost = backend.load("b", std::slice::from_ref(&rows), 1000).await;
        assert!(lost.is_err(), "{cut}: {lost:?}");
        assert!(!backend.is_usable(), "{cut}");
        // The server may still be at the last whole portion.
        let text =
            "SELECT CAST(COUNT(*) AS bigint), CAST(COUNT(DISTINCT n) AS bigint), MAX(n) FROM b";
        for _ in 0..3 {
            let counts = session.query(text, vec![]).await.unwrap().concat().unwrap();
            let [count, distinct] =
                [0, 1].map(|at| counts.column(at).as_primitive::<Int64Type>().value(0));
            assert_eq!((count % 1000, distinct), (0, count), "{cut}");
            assert!(count < 20_000, "{cut}");
            SystemClock.sleep(Duration::from_millis(50)).await;
        }
    }
}

/// sqlml C12: an overwrite whose connection is lost leaves the old table as it was.
#[tokio::test]
async fn an_overwrite_that_is_cut_leaves_the_old_table() {
    let server = Server::plain().await;
    let old = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![7])) as ArrayRef)])
        .unwrap();
    rx_data_step(DataStep::new(old.clone()).output(&server.table("master", "kept")))
        .await
        .unwrap();
    let new = RecordBatch::try_from_iter([(
        "n",
        Arc::new(Int64Array::from_iter_values(0..200_000)) as ArrayRef,
    )])
    .unwrap();
    let port = server.emulator.variable(env::SQL_PORT).parse().unwrap();
    let cutter = Cutter::start(port).await;
    let target = RxSqlServerData::builder(cutter.connection(&server))
        .table("kept")
        .connect_options(server.options())
        .build()
        .unwrap();
    // Enough to log in, to make the table, and to begin.
    cutter.cut_after(400_000);
    let lost = rx_data_step(DataStep::new(new).output(&target).overwrite(true)).await;
    assert!(lost.is_err(), "{lost:?}");
    let kept = rx_import(&server.table("master", "kept")).await.unwrap();
    assert_eq!(kept.concat().unwrap().columns(), old.columns());
}

/// sqlml C23, C50: a statement that takes too long is stopped on the server, and the session goes on.
#[tokio::test]
async fn a_statement_is_stopped_in_its_middle() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    session.set_timeout(Some(Duration::from_secs(1)));
    for text in [
        "WAITFOR DELAY '00:01:00'",
        "DECLARE @x int; WHILE 1 = 1 SET @x = 1",
        "CREATE TABLE w (a int); INSERT INTO w VALUES (1); WHILE 1 = 1 UPDATE w SET a = a + 1 - 1",
    ] {
        let stopped = session.execute(text).await;
        assert!(
            matches!(stopped, Err(Error::Timeout(_))),
            "{text}: {stopped:?}"
        );
        assert!(session.is_usable(), "{text}");
        let rows = session.query("SELECT 1", vec![]).await.unwrap();
        assert_eq!(rows.num_rows(), 1, "{text}");
    }
    // What ran inside of a transaction is still there to be rolled back.
    session
        .execute("BEGIN TRANSACTION; INSERT INTO w VALUES (2)")
        .await
        .unwrap();
    assert!(session.execute("WAITFOR DELAY '00:01:00'").await.is_err());
    session.execute("ROLLBACK TRANSACTION").await.unwrap();
    let rows = session.query("SELECT * FROM w", vec![]).await.unwrap();
    assert_eq!(rows.num_rows(), 1);
}

/// sqlml C55: an error names its number and its line; nothing of a batch runs that cannot be read.
#[tokio::test]
async fn bad_sql_is_refused_with_its_line() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    session
        .execute("CREATE TABLE e (a tinyint, b nvarchar(2))")
        .await
        .unwrap();
    for (text, number, line) in [
        ("SELECT 1;\n\nSELECT * FROM", 102, 3),
        ("INSERT INTO e VALUES (1, 'a');\nSELECT ,", 102, 2),
        ("PRINT 1;\nSELECT * FROM e WHERE", 102, 2),
        ("SELECT 1;\nSELECT nosuch FROM e", 207, 2),
        ("SELECT 1;\n\n\nSELECT * FROM nosuch", 208, 4),
        ("INSERT INTO e VALUES (1, 'abc')", 2628, 1),
        (
            "SELECT 1;\nMERGE e AS t USING e AS s ON 1 = 1 WHEN MATCHED THEN DELETE;",
            40510,
            2,
        ),
    ] {
        let error = session.execute(text).await.unwrap_err();
        let Error::Server(refused) = &error else {
            panic!("{text}: {error}")
        };
        assert_eq!(
            (refused.number, refused.line),
            (number, Some(line)),
            "{text}: {error}"
        );
    }
    assert_eq!(
        session
            .query("SELECT * FROM e", vec![])
            .await
            .unwrap()
            .num_rows(),
        0
    );
}

/// sqlml P6, C37: a login may do what it was given, and is told what it may do.
#[tokio::test]
async fn p6_permissions_are_reported_and_held() {
    let server = Server::start().await.with_iris().await;
    let mut administrator = server.session().await;
    administrator
        .execute(
            "CREATE LOGIN ann WITH PASSWORD = 'a{n}n'; USE irissql; CREATE USER ann FOR LOGIN ann; \
             ALTER ROLE db_datareader ADD MEMBER ann",
        )
        .await
        .unwrap();
    let auth = Auth::SqlLogin {
        user: "ann".to_owned(),
        password: "a{n}n".into(),
    };
    let connection = server.connection().with_auth(auth).with_database("irissql");
    let mut session = Session::connect_with(&connection, &server.options())
        .await
        .unwrap();
    let may = session.permissions().await.unwrap();
    assert!(
        may.select && !may.write && !may.execute_any_external_script,
        "{may:?}"
    );
    assert!(!may.create_table && !may.create_any_database, "{may:?}");
    let context = RxInSqlServer::builder(connection.clone())
        .connect_options(server.options())
        .build();
    let count = RemoteFunction::python(
        "def count():\n    import revoscalepy as r\n    return len(r.rx_import(r.RxSqlServerData(\
         connection_string='Server=localhost;Database=irissql', table='iris')))",
    );
    let error = rx_exec(count.clone(), &context).await.unwrap_err();
    assert_eq!(error.number(), Some(262), "{error}");
    let error = session.execute("DELETE FROM iris").await.unwrap_err();
    assert_eq!(error.number(), Some(229), "{error}");
    administrator
        .execute("GRANT EXECUTE ANY EXTERNAL SCRIPT TO ann")
        .await
        .unwrap();
    let counted = rx_exec(count.clone(), &context).await.unwrap().remove(0);
    assert_eq!(counted.json::<i64>().unwrap(), 150);
    // Data access inside of a script is the caller's.
    administrator
        .execute("DENY SELECT ON iris TO ann")
        .await
        .unwrap();
    let error = rx_exec(count, &context).await.unwrap_err();
    assert!(
        error.to_string().contains("permission was denied"),
        "{error}"
    );
    let other = connection.with_database("master");
    assert!(
        Session::connect_with(&other, &server.options())
            .await
            .is_ok()
    );
    administrator
        .execute("CREATE DATABASE closed")
        .await
        .unwrap();
    let closed = other.with_database("closed");
    let error = Session::connect_with(&closed, &server.options())
        .await
        .unwrap_err();
    assert_eq!(error.number(), Some(4060), "{error}");
}

/// sqlml C52: twenty sessions at once, reading and writing.
#[tokio::test]
async fn twenty_sessions_at_once() {
    let server = Server::plain().await;
    let mut first = server.session().await;
    first
        .execute("CREATE TABLE s (id int IDENTITY(1,1) PRIMARY KEY, who int)")
        .await
        .unwrap();
    let sessions = (0..20).map(|who| {
        let server = &server;
        async move {
            let mut session = server.session().await;
            for _ in 0..5 {
                let insert = Request::Statement(
                    "INSERT INTO s (who) VALUES (@who); SELECT COUNT(*) FROM s WHERE who = @who"
                        .to_owned(),
                    vec![Parameter::new("who", who)],
                );
                session.run(insert).await.unwrap();
            }
        }
    });
    futures::future::join_all(sessions).await;
    let rows = first
        .query(
            "SELECT COUNT(*), COUNT(DISTINCT id), MAX(id) FROM s",
            vec![],
        )
        .await
        .unwrap()
        .concat()
        .unwrap();
    let of = |at: usize| {
        rows.column(at)
            .as_primitive::<arrow::datatypes::Int32Type>()
            .value(0)
    };
    assert_eq!((of(0), of(1), of(2)), (100, 100, 100));
}

/// sqlml C22: when the future of a call is dropped, what ran on the server is gone.
#[tokio::test]
async fn a_call_that_is_dropped_ends_on_the_server() {
    let server = Server::start().await;
    let context = server.in_sql_server("master");
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let source = "def f(mark):\n    import os, time\n    open(mark + '.tmp', 'w').write(str(os.getpid()))\n    \
                  os.rename(mark + '.tmp', mark)\n    time.sleep(600)";
    let function = RemoteFunction::python(source).arg("mark", mark.to_str().unwrap());
    let mut running = Box::pin(rx_exec(function, &context));
    let pid = loop {
        let pause = SystemClock.sleep(Duration::from_millis(20));
        tokio::select! {
            ended = &mut running => panic!("it ended: {ended:?}"),
            () = pause => {}
        }
        if let Ok(pid) = std::fs::read_to_string(&mark) {
            break pid;
        }
    };
    drop(running);
    let process = Path::new("/proc").join(pid);
    // As long as it takes; the runner of the tests has a limit.
    while process.exists() {
        SystemClock.sleep(Duration::from_millis(20)).await;
    }
    let one = RemoteFunction::python("def f():\n    return 1");
    assert_eq!(
        rx_exec(one, &context).await.unwrap()[0]
            .json::<i64>()
            .unwrap(),
        1
    );
}
