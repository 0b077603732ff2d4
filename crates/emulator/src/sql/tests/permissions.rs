//! Who may do what, by everything that gives or takes a permission (sqlml P6, C37; the protocol notes, section 3.5).

use super::*;
use crate::sql::catalog::key;

/// What a user tries, with the error where it is not allowed.
const ACTIONS: [(&str, i32); 10] = [
    ("SELECT * FROM t", 229),
    ("INSERT INTO t VALUES (2)", 229),
    ("UPDATE t SET a = 3", 229),
    ("DELETE FROM t", 229),
    ("CREATE TABLE u (a int); DROP TABLE u", 262),
    ("CREATE PROCEDURE q AS SELECT 1", 262),
    ("EXEC p", 229),
    ("TRUNCATE TABLE t", 1088),
    ("CREATE DATABASE e", 262),
    ("GRANT SELECT ON t TO public", 15151),
];

/// Each way to be given something, and which of the actions it allows, in their order.
const MATRIX: [(&str, &str); 17] = [
    ("", "----------"),
    ("ALTER ROLE db_datareader ADD MEMBER u", "x---------"),
    ("EXEC sp_addrolemember N'db_datawriter', N'u'", "-xxx------"),
    ("ALTER ROLE db_ddladmin ADD MEMBER u", "----xx-x--"),
    ("ALTER ROLE db_owner ADD MEMBER u", "xxxxxxxx-x"),
    (
        "ALTER ROLE db_datareader ADD MEMBER u; ALTER ROLE db_denydatareader ADD MEMBER u",
        "----------",
    ),
    (
        "ALTER ROLE db_owner ADD MEMBER u; DENY SELECT TO u",
        "-xxxxxxx-x",
    ),
    ("GRANT SELECT TO u", "x---------"),
    ("GRANT SELECT, INSERT ON dbo.t TO u", "xx--------"),
    ("GRANT SELECT ON SCHEMA::dbo TO u", "x---------"),
    (
        "GRANT SELECT TO u; DENY SELECT ON OBJECT::t TO u",
        "----------",
    ),
    ("GRANT SELECT TO u; REVOKE SELECT FROM u", "----------"),
    (
        "GRANT SELECT TO public; DENY INSERT TO public",
        "x---------",
    ),
    (
        "CREATE ROLE r; GRANT UPDATE, DELETE TO r; ALTER ROLE r ADD MEMBER u",
        "--xx------",
    ),
    ("GRANT EXECUTE ON p TO u", "------x---"),
    ("GRANT CREATE ANY DATABASE TO ann", "--------x-"),
    ("ALTER SERVER ROLE sysadmin ADD MEMBER ann", "xxxxxxxxxx"),
];

const SET_UP: &str = "CREATE DATABASE d; CREATE LOGIN ann WITH PASSWORD = 'a'; USE d; CREATE TABLE t (a int); \
                      INSERT INTO t VALUES (1); CREATE USER u FOR LOGIN ann";

fn as_login(server: &Arc<Server>, login: &str, database: &str) -> Session {
    Session::new(
        Arc::clone(server),
        52,
        login.to_owned(),
        database.to_owned(),
    )
}

#[tokio::test]
async fn the_permission_matrix() {
    for (given, expected) in MATRIX {
        let directory = DataDir::temporary().unwrap();
        let server = server(&directory).await;
        let mut administrator = session(&server, "master");
        for text in [SET_UP, "CREATE PROCEDURE p AS SELECT * FROM t", given] {
            assert_eq!(run(&mut administrator, text).await.0, NONE, "{text}");
        }
        for ((action, refused), allowed) in ACTIONS.into_iter().zip(expected.bytes()) {
            let errors = run(&mut as_login(&server, "ann", "d"), action).await.0;
            let wanted = (allowed != b'x').then_some(refused);
            assert_eq!(
                errors.first().copied(),
                wanted,
                "{given:?} then {action:?}: {errors:?}"
            );
        }
    }
}

/// A procedure reads for whoever may run it; text that it puts together does not.
#[tokio::test]
async fn a_procedure_vouches_for_its_own_statements_only() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut administrator = session(&server, "master");
    run(&mut administrator, SET_UP).await;
    for text in [
        "CREATE PROCEDURE own AS SELECT * FROM t",
        "CREATE PROCEDURE made AS EXEC ('SELECT * FROM t')",
        "CREATE PROCEDURE sent AS EXEC sp_executesql N'SELECT * FROM t'",
        "GRANT EXECUTE TO u",
    ] {
        assert_eq!(run(&mut administrator, text).await.0, NONE, "{text}");
    }
    let mut user = as_login(&server, "ann", "d");
    assert_eq!(run(&mut user, "EXEC own").await, (vec![], 1));
    assert_eq!(run(&mut user, "EXEC made").await.0, [229]);
    assert_eq!(run(&mut user, "EXEC sent").await.0, [229]);
    assert_eq!(run(&mut user, "SELECT * FROM t").await.0, [229]);
}

/// sqlml C37: scripts need their permission, whatever else a user may do.
#[tokio::test]
async fn scripts_need_their_permission() {
    let directory = DataDir::temporary().unwrap();
    let server = server(&directory).await;
    let mut administrator = session(&server, "master");
    run(&mut administrator, SET_UP).await;
    let may = async |user: &mut Session| {
        let asked = "SELECT 1 WHERE HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'EXECUTE ANY EXTERNAL SCRIPT') = 1";
        let (errors, rows) = run(user, asked).await;
        assert_eq!(errors, NONE);
        rows == 1
    };
    let mut user = as_login(&server, "ann", "d");
    run(&mut administrator, "ALTER ROLE db_datareader ADD MEMBER u").await;
    assert!(!may(&mut user).await);
    let denied = user
        .require("d", "EXECUTE ANY EXTERNAL SCRIPT")
        .unwrap_err();
    assert_eq!(denied.number, 262);
    run(&mut administrator, "GRANT EXECUTE ANY EXTERNAL SCRIPT TO u").await;
    assert!(may(&mut user).await);
    run(&mut administrator, "DENY EXECUTE ANY EXTERNAL SCRIPT TO u").await;
    assert!(!may(&mut user).await);
    run(
        &mut administrator,
        "REVOKE EXECUTE ANY EXTERNAL SCRIPT FROM u; ALTER ROLE db_owner ADD MEMBER u",
    )
    .await;
    assert!(may(&mut user).await);
}

/// Where a login may be, what is said of it, and that it is gone when it is dropped.
#[tokio::test]
async fn a_login_is_let_into_databases() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    {
        let directory = DataDir::open(&data).unwrap();
        let server = server(&directory).await;
        let mut administrator = session(&server, "master");
        run(&mut administrator, SET_UP).await;
        assert_eq!(
            run(&mut administrator, "CREATE DATABASE other").await.0,
            NONE
        );
        let mut user = as_login(&server, "ann", "master");
        assert_eq!(
            run(&mut user, "USE d; SELECT 1 WHERE USER_NAME() = 'u'").await,
            (vec![], 1)
        );
        assert_eq!(run(&mut user, "USE other").await.0, [916]);
        assert_eq!(run(&mut user, "SELECT * FROM other.dbo.x").await.0, [916]);
        assert_eq!(run(&mut user, "USE nosuch").await.0, [911]);
        for (text, number) in [
            ("CREATE LOGIN bob WITH PASSWORD = 'b'", 15247),
            ("DROP LOGIN ann", 15434),
            ("CREATE USER v WITHOUT LOGIN", 15247),
            ("ALTER ROLE db_owner ADD MEMBER u", 15151),
            ("ALTER SERVER ROLE sysadmin ADD MEMBER ann", 15247),
            ("GRANT CREATE ANY DATABASE TO ann", 15247),
            ("ALTER LOGIN ann WITH PASSWORD = 'c'", 15151),
            ("DROP DATABASE other", 3701),
            ("DROP TABLE t", 3701),
            ("EXEC sp_configure 'external scripts enabled', 1", 15247),
        ] {
            assert_eq!(run(&mut user, text).await.0, [number], "{text}");
        }
        let own = "ALTER LOGIN ann WITH PASSWORD = 'c' OLD_PASSWORD = 'a'";
        assert_eq!(run(&mut user, own).await.0, NONE);
        for (text, number) in [
            ("CREATE LOGIN ann WITH PASSWORD = 'x'", 15025),
            ("CREATE LOGIN sa WITH PASSWORD = 'x'", 15025),
            ("USE d; CREATE USER u WITHOUT LOGIN", 15023),
            ("USE d; CREATE USER v FOR LOGIN nobody", 15007),
            ("USE d; CREATE USER v FOR LOGIN ann", 15063),
            ("USE d; GRANT SELECT TO nobody", 15151),
            ("USE d; GRANT SELECT ON nosuch TO u", 15151),
            ("USE d; GRANT FLY TO u", 102),
            ("DROP LOGIN nobody", 15151),
            ("USE d; DROP USER nobody", 15151),
        ] {
            assert_eq!(run(&mut administrator, text).await.0, [number], "{text}");
        }
        assert_eq!(
            run(&mut administrator, "USE d; GRANT SELECT TO u").await.0,
            NONE
        );
        server.store.state().store.close().await;
    }
    // All of it is still there after a restart.
    let directory = DataDir::open(&data).unwrap();
    let server = server(&directory).await;
    let login = server.store.snapshot().logins[&key("ann")].clone();
    assert!(login.password.is("c") && !login.password.is("a"));
    assert!(!format!("{login:?}").contains("salt"));
    let mut user = as_login(&server, "ANN", "d");
    assert_eq!(run(&mut user, "SELECT * FROM t").await, (vec![], 1));
    let mut administrator = session(&server, "d");
    let shown = "SELECT 1 FROM sys.database_permissions p JOIN sys.database_principals u \
                 ON p.grantee_principal_id = u.principal_id WHERE u.name = 'u' AND p.permission_name = 'SELECT'";
    assert_eq!(run(&mut administrator, shown).await, (vec![], 1));
    assert_eq!(
        run(&mut administrator, "DROP USER u; DROP LOGIN ann")
            .await
            .0,
        NONE
    );
    assert!(server.store.snapshot().logins.is_empty());
    assert_eq!(run(&mut user, "SELECT * FROM t").await.0, [916]);
}
