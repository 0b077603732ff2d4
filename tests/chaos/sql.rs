//! SQL Server: inserts, updates, transactions and bulk loads while the emulator is killed.

use std::{sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};
use azml::sqlml_remote::{
    ConnectOptions, ConnectionString, MssqlBackend, Parameter, Request, Session, TableName,
    TdsBackend, Value,
};
use azml_core::clock::{Clock, SystemClock};
use azml_tests::EmulatorProcess;
use tokio::sync::Mutex;

use crate::harness::{Service, Visible, survives_kills};
use crate::random::{self, Random};

async fn session(emulator: &EmulatorProcess) -> Session {
    let environment = emulator.environment();
    let connection = ConnectionString::from_environment(&environment);
    Session::connect_with(
        &connection.expect("the env file names everything"),
        &ConnectOptions::from_environment(&environment),
    )
    .await
    .expect("the administrator can log in")
}

/// A table of names; each writer has a connection of its own.
struct Table {
    connection: ConnectionString,
    options: ConnectOptions,
    session: Mutex<Option<Session>>,
}

impl Clone for Table {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            options: self.options.clone(),
            session: Mutex::default(),
        }
    }
}

impl Table {
    async fn run(&self, name: &str, version: u64, bytes: Vec<u8>) -> Option<()> {
        let mut session = self.session.lock().await;
        if session.is_none() {
            let connected = Session::connect_with(&self.connection, &self.options).await;
            *session = Some(connected.ok()?);
        }
        let session = session.as_mut()?;
        let number = i64::try_from(version).expect("a small number");
        // Every way to store rows in turn: a bulk load or an insert, an update, a transaction.
        if version == 0 && name.ends_with(['0', '5']) {
            let row = RecordBatch::try_from_iter([
                ("name", Arc::new(StringArray::from(vec![name])) as ArrayRef),
                ("version", Arc::new(Int64Array::from(vec![number]))),
                ("bytes", Arc::new(BinaryArray::from(vec![bytes.as_slice()]))),
            ]);
            let table = TableName::parse("chaos").expect("a name");
            let rows = [row.expect("columns of one length")];
            return session.load(&table, &rows).await.ok().map(drop);
        }
        let text = if version == 0 {
            "INSERT INTO chaos VALUES (@name, @version, @bytes)"
        } else if version == 1 {
            "UPDATE chaos SET version = @version, bytes = @bytes WHERE name = @name"
        } else {
            "SET XACT_ABORT ON; BEGIN TRANSACTION; DELETE FROM chaos WHERE name = @name; \
             INSERT INTO chaos VALUES (@name, @version, @bytes); COMMIT TRANSACTION"
        };
        let parameters = vec![
            Parameter::new("name", name),
            Parameter::new("version", Value::BigInt(Some(number))),
            Parameter::new("bytes", bytes),
        ];
        let ran = session
            .run(Request::Statement(text.to_owned(), parameters))
            .await;
        ran.ok().map(drop)
    }
}

impl Service for Table {
    const LONGEST: u64 = 200_000;
    const ROUNDS: u64 = 20;
    // A log of everything makes statements slow.
    const PAUSE: u64 = 3000;

    async fn connect(emulator: &EmulatorProcess) -> Self {
        let environment = emulator.environment();
        let create = "IF OBJECT_ID('chaos', 'U') IS NULL \
                      CREATE TABLE chaos (name nvarchar(100), version bigint, bytes varbinary(max))";
        let created = session(emulator).await.execute(create).await;
        created.expect("the table is there or can be made");
        Self {
            connection: ConnectionString::from_environment(&environment)
                .expect("the env file names everything"),
            options: ConnectOptions::from_environment(&environment),
            session: Mutex::default(),
        }
    }

    async fn write(&self, name: &str, version: u64, bytes: Vec<u8>) -> bool {
        self.run(name, version, bytes).await.is_some()
    }

    async fn visible(&self) -> Vec<Visible> {
        let mut session = Session::connect_with(&self.connection, &self.options)
            .await
            .expect("the administrator can log in");
        let rows = session.query("SELECT name, version, bytes FROM chaos", Vec::new());
        let mut visible = Vec::new();
        for rows in rows.await.expect("the table can be read").batches() {
            let names = rows.column(0).as_string::<i32>();
            let versions = rows.column(1).as_primitive::<Int64Type>();
            let bytes = rows.column(2).as_binary::<i32>();
            visible.extend((0..rows.num_rows()).map(|row| Visible {
                name: names.value(row).to_owned(),
                version: u64::try_from(versions.value(row)).expect("written by this test"),
                bytes: bytes.value(row).to_vec(),
            }));
        }
        visible
    }
}

/// sqlml C53: rows that were acknowledged are there, and whole, after kill -9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_survive_kills() {
    survives_kills::<Table>().await;
}

/// How many rows a portion of a bulk load has, and how many portions there are.
const PORTION: i64 = 500;
const PORTIONS: i64 = 40;

/// sqlml C12, C53: a bulk load that a kill ends leaves whole portions, the first ones, and all of them once it was
/// acknowledged. An identity value is never given twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_loads_leave_whole_portions() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let mut finished = Vec::new();
    for seed in random::seeds() {
        let mut emulator = EmulatorProcess::on(data.path()).await;
        check(&mut session(&emulator).await, &finished, seed).await;
        let create = "IF OBJECT_ID('bulk', 'U') IS NULL CREATE TABLE bulk (id int IDENTITY(1,1), lot bigint, n bigint)";
        session(&emulator)
            .await
            .execute(create)
            .await
            .expect("the table is there or can be made");
        let environment = emulator.environment();
        let number = i64::try_from(seed).expect("a small number");
        let loading = tokio::spawn(async move {
            let connection = ConnectionString::from_environment(&environment).ok()?;
            let options = ConnectOptions::from_environment(&environment);
            let mut backend = MssqlBackend::connect(&connection, &options).await.ok()?;
            let rows = RecordBatch::try_from_iter([
                (
                    "lot",
                    Arc::new(Int64Array::from_iter_values(
                        (0..PORTION * PORTIONS).map(|_| number),
                    )) as ArrayRef,
                ),
                (
                    "n",
                    Arc::new(Int64Array::from_iter_values(0..PORTION * PORTIONS)),
                ),
            ]);
            let portion = usize::try_from(PORTION).ok()?;
            backend.load("bulk", &[rows.ok()?], portion).await.ok()
        });
        let pause = Duration::from_millis(20 + Random::new(seed).below(1500));
        SystemClock.sleep(pause).await;
        emulator.kill();
        if loading.await.expect("it does not panic").is_some() {
            finished.push(number);
        }
    }
    let emulator = EmulatorProcess::on(data.path()).await;
    check(&mut session(&emulator).await, &finished, 0).await;
}

async fn check(session: &mut Session, finished: &[i64], seed: u64) {
    if session
        .has_table(&TableName::parse("bulk").expect("a name"))
        .await
        .expect("it answers")
    {
        let text = "SELECT lot, CAST(COUNT(*) AS bigint), MAX(n), CAST(COUNT(DISTINCT n) AS bigint) FROM bulk GROUP BY lot";
        let loads = session.query(text, Vec::new()).await;
        let loads = loads.expect("the table can be read");
        let mut seen = Vec::new();
        for rows in loads.batches() {
            let column = |at: usize| rows.column(at).as_primitive::<Int64Type>();
            for row in 0..rows.num_rows() {
                let [load, count, last, distinct] = [0, 1, 2, 3].map(|at| column(at).value(row));
                assert_eq!(
                    count % PORTION,
                    0,
                    "seed {seed}: load {load} has part of a portion"
                );
                assert_eq!(
                    (last + 1, distinct),
                    (count, count),
                    "seed {seed}: load {load}"
                );
                if finished.contains(&load) {
                    assert_eq!(count, PORTION * PORTIONS, "seed {seed}: load {load}");
                    seen.push(load);
                }
            }
        }
        assert_eq!(seen.len(), finished.len(), "seed {seed}");
        let twice = "SELECT id FROM bulk GROUP BY id HAVING COUNT(*) > 1";
        let twice = session.query(twice, Vec::new()).await;
        assert_eq!(
            twice.expect("the table can be read").num_rows(),
            0,
            "seed {seed}"
        );
    } else {
        assert!(finished.is_empty(), "seed {seed}: the table is gone");
    }
}
