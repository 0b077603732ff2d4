//! Batches against a session, without a connection: what is durable, what is not, and who waits for whom.

mod permissions;

use std::sync::Arc;

use azml_core::clock::{Clock, SystemClock};

use super::{
    interpreter::{self, Frame},
    output::{Event, Output},
    server::{Login, Server},
    session::Session,
    store::CatalogStore,
};
use crate::state::{DataDir, Ids, State};

/// No errors.
const NONE: [i32; 0] = [];

async fn server(directory: &DataDir) -> Arc<Server> {
    let state = State::open(directory, Ids::random(), Arc::new(SystemClock)).unwrap();
    let store = CatalogStore::open(state).await.unwrap();
    let login = Login {
        user: "sa".to_owned(),
        password: "secret".to_owned(),
    };
    let tls = crate::tls::Certificates::load(directory, &SystemClock, &[]).unwrap();
    Arc::new(Server::new(store, login, tls.server_tls12().unwrap(), None))
}

fn session(server: &Arc<Server>, database: &str) -> Session {
    Session::new(Arc::clone(server), 51, "sa".to_owned(), database.to_owned())
}

/// Runs a batch; returns the numbers of its errors and the rows of its results.
async fn run(session: &mut Session, text: &str) -> (Vec<i32>, usize) {
    let (out, mut events) = Output::new();
    let mut frame = Frame::default();
    let run = async {
        interpreter::run_batch(session, text, &mut frame, &out)
            .await
            .unwrap();
        drop(out);
    };
    let collect = async {
        let (mut errors, mut rows) = (Vec::new(), 0);
        while let Some(event) = events.recv().await {
            match event {
                Event::Message(message) if message.class > 10 => errors.push(message.number),
                Event::Rows(batch) => rows += batch.num_rows(),
                _ => {}
            }
        }
        (errors, rows)
    };
    tokio::join!(run, collect).1
}

/// sqlml C53: what was committed is there after the server was closed, what was not is gone, and an identity value is
/// never given twice.
#[tokio::test]
async fn committed_rows_survive_and_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let create = "CREATE DATABASE d; USE d; CREATE TABLE t (id int IDENTITY(1,1), v nvarchar(max))";
    {
        let directory = DataDir::open(&data).unwrap();
        let server = server(&directory).await;
        let mut session = session(&server, "master");
        assert_eq!(run(&mut session, create).await.0, NONE);
        assert_eq!(
            run(&mut session, "INSERT INTO t VALUES ('a'), ('b')")
                .await
                .0,
            NONE
        );
        // Large rows lie in files of their own.
        let large = "INSERT INTO t SELECT REPLICATE('x', 8000) FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9)) AS n(i)";
        assert_eq!(run(&mut session, large).await.0, NONE);
        let open = "BEGIN TRAN; INSERT INTO t VALUES ('lost'); DELETE FROM t WHERE id = 1";
        assert_eq!(run(&mut session, open).await.0, NONE);
        assert_eq!(run(&mut session, "SELECT * FROM t").await.1, 11);
        server.store.state().store.close().await;
    }
    let directory = DataDir::open(&data).unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "d");
    assert_eq!(
        run(&mut session, "SELECT * FROM t WHERE v <> 'lost'")
            .await
            .1,
        11
    );
    assert_eq!(
        run(&mut session, "INSERT INTO t VALUES ('c')").await.0,
        NONE
    );
    assert_eq!(
        run(&mut session, "SELECT * FROM t WHERE id = 12").await.1,
        1
    );
}

#[tokio::test]
async fn a_rollback_takes_back_rows_and_tables() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    let text = "CREATE TABLE t (a int); BEGIN TRAN; INSERT INTO t VALUES (1); SAVE TRAN s; INSERT INTO t VALUES (2); \
                CREATE TABLE u (a int); ROLLBACK TRAN s";
    assert_eq!(run(&mut session, text).await.0, NONE);
    assert_eq!(run(&mut session, "SELECT * FROM t").await.1, 1);
    assert_eq!(run(&mut session, "SELECT * FROM u").await.0, [208]);
    assert_eq!(run(&mut session, "ROLLBACK").await.0, NONE);
    assert_eq!(run(&mut session, "SELECT * FROM t").await.1, 0);
    assert_eq!(run(&mut session, "COMMIT").await.0, [3902]);
}

/// A reader sees the last commit and never waits; a second writer waits for the first.
#[tokio::test]
async fn readers_do_not_wait_and_writers_take_turns() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let (mut first, mut second) = (session(&server, "master"), session(&server, "master"));
    run(
        &mut first,
        "CREATE TABLE t (a int); BEGIN TRAN; INSERT INTO t VALUES (1)",
    )
    .await;
    assert_eq!(run(&mut second, "SELECT * FROM t").await.1, 0);
    let write = run(&mut second, "INSERT INTO t VALUES (2)");
    tokio::pin!(write);
    assert!(futures::poll!(&mut write).is_pending());
    run(&mut first, "COMMIT").await;
    assert_eq!(write.await.0, NONE);
    assert_eq!(run(&mut first, "SELECT * FROM t").await.1, 2);
}

/// A statement that fails in the middle leaves nothing of itself behind.
#[tokio::test]
async fn a_failed_statement_changes_nothing() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    run(
        &mut session,
        "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)",
    )
    .await;
    assert_eq!(
        run(&mut session, "INSERT INTO t VALUES (2), (1)").await.0,
        [2627]
    );
    assert_eq!(
        run(&mut session, "UPDATE t SET a = a + 1 WHERE 1/(a - 1) > 0")
            .await
            .0,
        [8134]
    );
    let inside = "BEGIN TRAN; INSERT INTO t VALUES (3); INSERT INTO t VALUES (3); COMMIT";
    assert_eq!(run(&mut session, inside).await.0, [2627]);
    assert_eq!(
        run(&mut session, "SELECT * FROM t WHERE a IN (1, 3)")
            .await
            .1,
        2
    );
    // Nothing of a batch runs that cannot be read to its end.
    assert_eq!(
        run(&mut session, "DELETE FROM t; SELECT FROM")
            .await
            .0
            .len(),
        1
    );
    assert_eq!(run(&mut session, "SELECT * FROM t").await.1, 2);
}

#[tokio::test]
async fn errors_are_caught_with_their_lines() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    let text = "BEGIN TRY\nSELECT 1/0\nEND TRY BEGIN CATCH SELECT 1 AS caught END CATCH";
    assert_eq!(run(&mut session, text).await, (vec![], 1));
    let rethrown =
        "BEGIN TRY RAISERROR('%s %d', 16, 1, 'x', 5) END TRY BEGIN CATCH THROW; END CATCH";
    assert_eq!(run(&mut session, rethrown).await.0, [50000]);
    let text = "DECLARE @i int = 0; WHILE 1 = 1 BEGIN SET @i += 1; IF @i = 5 BREAK END; SELECT name FROM sys.databases WHERE @i = 5";
    assert_eq!(run(&mut session, text).await, (vec![], 4));
}

/// Procedures are kept, take arguments by name and position, give values back, and end what they set.
#[tokio::test]
async fn procedures_are_stored_and_called() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    let create = "CREATE PROCEDURE p @a int, @b nvarchar(20) = N'x', @c int OUTPUT AS SET NOCOUNT ON; SET @c = @a * 2; \
                  IF @b = N'x' SELECT @a UNION ALL SELECT @a ELSE SELECT @a; RETURN 7";
    assert_eq!(run(&mut session, create).await.0, NONE);
    assert_eq!(run(&mut session, create).await.0, [2714]);
    let call =
        "DECLARE @r int, @o int; EXEC @r = p @a = 4, @c = @o OUTPUT; IF @r = 7 AND @o = 8 SELECT 1";
    assert_eq!(run(&mut session, call).await, (NONE.to_vec(), 3));
    assert_eq!(
        run(&mut session, "DECLARE @o int; EXEC p 4, N'y', @o OUTPUT").await,
        (NONE.to_vec(), 1)
    );
    assert_eq!(run(&mut session, "EXEC p").await.0, [201]);
    assert_eq!(run(&mut session, "EXEC p 1, N'y', 2, 3").await.0, [8144]);
    assert_eq!(run(&mut session, "EXEC p @a = 1, @d = 2").await.0, [8145]);
    assert_eq!(
        run(&mut session, "SELECT 1; CREATE PROCEDURE q AS SELECT 1")
            .await
            .0,
        [111]
    );
    assert_eq!(
        run(&mut session, "CREATE PROCEDURE q AS SELECT 1 FROM")
            .await
            .0
            .len(),
        1
    );
    let described =
        "SELECT * FROM sys.procedures WHERE name = 'p' AND object_id = OBJECT_ID('p', 'P')";
    assert_eq!(run(&mut session, described).await, (NONE.to_vec(), 1));
    assert_eq!(
        run(&mut session, "CREATE OR ALTER PROC p AS SELECT 1 SELECT 2")
            .await
            .0,
        NONE
    );
    assert_eq!(run(&mut session, "p").await, (NONE.to_vec(), 2));
    assert_eq!(run(&mut session, "DROP PROCEDURE p").await.0, NONE);
    assert_eq!(run(&mut session, "DROP PROCEDURE p").await.0, [3701]);
    assert_eq!(
        run(&mut session, "DROP PROCEDURE IF EXISTS p").await.0,
        NONE
    );
    assert_eq!(run(&mut session, "EXEC p").await.0, [2812]);
}

/// A procedure is there after the server was closed.
#[tokio::test]
async fn procedures_survive() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    {
        let directory = DataDir::open(&data).unwrap();
        let server = server(&directory).await;
        let mut session = session(&server, "master");
        assert_eq!(
            run(&mut session, "CREATE PROCEDURE kept AS SELECT 1")
                .await
                .0,
            NONE
        );
        assert_eq!(
            run(&mut session, "CREATE PROCEDURE gone AS SELECT 1")
                .await
                .0,
            NONE
        );
        assert_eq!(run(&mut session, "DROP PROCEDURE gone").await.0, NONE);
        server.store.state().store.close().await;
    }
    let directory = DataDir::open(&data).unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    assert_eq!(run(&mut session, "EXEC kept").await, (NONE.to_vec(), 1));
    assert_eq!(run(&mut session, "EXEC gone").await.0, [2812]);
}

/// A CATCH block catches what a call raises, and the ERROR functions tell what it was.
#[tokio::test]
async fn caught_errors_are_described() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    let fails = "CREATE PROCEDURE fails AS SELECT 1 / 0";
    assert_eq!(run(&mut session, fails).await.0, NONE);
    for call in [
        "EXEC fails",
        "EXEC (N'EXEC fails')",
        "EXEC sp_executesql N'SELECT 1 / 0'",
    ] {
        let text = format!(
            "BEGIN TRY {call} END TRY BEGIN CATCH SELECT 1 WHERE ERROR_NUMBER() = 8134 AND ERROR_SEVERITY() = 16 AND \
             ERROR_MESSAGE() LIKE '%zero%' AND ERROR_LINE() = 1 AND XACT_STATE() = 0 END CATCH"
        );
        assert_eq!(run(&mut session, &text).await, (NONE.to_vec(), 1), "{call}");
    }
    assert_eq!(
        run(&mut session, "SELECT 1 WHERE ERROR_NUMBER() IS NULL").await,
        (NONE.to_vec(), 1)
    );
}

/// WAITFOR waits as long as it says.
#[tokio::test]
async fn a_batch_can_wait() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut session = session(&server, "master");
    let before = SystemClock.now();
    assert_eq!(
        run(&mut session, "WAITFOR DELAY '00:00:00.2'; SELECT 1").await,
        (NONE.to_vec(), 1)
    );
    assert!((SystemClock.now() - before).whole_milliseconds() >= 200);
    assert_eq!(run(&mut session, "WAITFOR DELAY 'soon'").await.0, [148]);
}
