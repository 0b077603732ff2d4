//! One client's session: its login, database, options and transaction.

use std::{collections::HashMap, sync::Arc};

use datafusion::scalar::ScalarValue;

use super::{
    catalog::{Instance, key},
    dml::TableName,
    engine::Scope,
    error::{Result, SqlError},
    output::{Event, Output},
    procedures::PreparedStatement,
    security::{self, Caller},
    server::Server,
    store::WriteLock,
    tsql::SqlType,
};

/// A variable: its declared type and its value in that type's Arrow type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variable {
    pub(super) sql_type: SqlType,
    pub(super) value: ScalarValue,
}

impl Variable {
    pub(super) fn new(sql_type: SqlType, value: ScalarValue) -> Self {
        Self { sql_type, value }
    }
}

/// What functions and `@@` variables tell about server and session, for one statement.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) server: String,
    pub(super) product_version: String,
    pub(super) login: String,
    /// The database whose objects are used on behalf of a procedure in it.
    pub(super) chain: Option<String>,
    pub(super) database: String,
    /// Unix microseconds, to the millisecond as `datetime` has them.
    pub(super) now_micros: i64,
    pub(super) spid: i16,
    pub(super) row_count: i32,
    pub(super) error: i32,
    pub(super) transactions: i32,
    pub(super) identity: Option<i64>,
    pub(super) caught: Option<(SqlError, u32)>,
}

impl Facts {
    /// The `@@` variables.
    pub(super) fn variables(&self) -> HashMap<String, Variable> {
        let int = |value: i32| Variable::new(SqlType::Int, ScalarValue::Int32(Some(value)));
        let text =
            |value: String| Variable::new(SqlType::NVarChar(None), ScalarValue::Utf8(Some(value)));
        let version = format!(
            "Microsoft SQL Server 2019 (RTM) - {} (X64) \n\tDeveloper Edition (64-bit) (azml emulator {})",
            self.product_version,
            env!("CARGO_PKG_VERSION")
        );
        HashMap::from([
            ("@@version".to_owned(), text(version)),
            ("@@servername".to_owned(), text(self.server.clone())),
            ("@@language".to_owned(), text("us_english".to_owned())),
            (
                "@@spid".to_owned(),
                Variable::new(SqlType::SmallInt, ScalarValue::Int16(Some(self.spid))),
            ),
            ("@@rowcount".to_owned(), int(self.row_count)),
            ("@@error".to_owned(), int(self.error)),
            ("@@trancount".to_owned(), int(self.transactions)),
            (
                "@@max_precision".to_owned(),
                Variable::new(SqlType::TinyInt, ScalarValue::UInt8(Some(38))),
            ),
            (
                "@@identity".to_owned(),
                Variable::new(
                    SqlType::Decimal {
                        precision: 38,
                        scale: 0,
                    },
                    ScalarValue::Decimal128(self.identity.map(i128::from), 38, 0),
                ),
            ),
        ])
    }
}

/// An open transaction.
#[derive(Debug)]
struct Transaction {
    descriptor: u64,
    /// BEGIN TRAN nests by counting.
    depth: i32,
    /// From the first change on: the changed snapshot and the right to commit it.
    change: Option<(Arc<Instance>, WriteLock)>,
    savepoints: Vec<(String, Option<Arc<Instance>>)>,
}

/// A change in progress: a snapshot of its own under the lock of the one writer.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) instance: Instance,
    lock: WriteLock,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) server: Arc<Server>,
    pub(super) spid: i16,
    pub(super) login: String,
    pub(super) database: String,
    /// While a procedure runs: its database, as [`key`]. Whoever may run it may use through it what is there.
    pub(super) chain: Option<String>,
    login_database: String,
    pub(super) no_count: bool,
    pub(super) abort_on_error: bool,
    /// SET FMTONLY: statements are described, not run.
    pub(super) format_only: bool,
    pub(super) row_count: i32,
    pub(super) error: i32,
    pub(super) identity: Option<i64>,
    /// The error that the nearest CATCH block handles, with its line.
    pub(super) caught: Option<(SqlError, u32)>,
    transaction: Option<Transaction>,
    next_descriptor: u64,
    pub(super) prepared: HashMap<i32, PreparedStatement>,
    pub(super) next_handle: i32,
}

impl Session {
    pub(super) fn new(server: Arc<Server>, spid: i16, login: String, database: String) -> Self {
        Self {
            server,
            spid,
            login,
            login_database: database.clone(),
            database,
            chain: None,
            no_count: false,
            abort_on_error: false,
            format_only: false,
            row_count: 0,
            error: 0,
            identity: None,
            caught: None,
            transaction: None,
            next_descriptor: 1,
            prepared: HashMap::new(),
            next_handle: 1,
        }
    }

    /// Back to how it was after the login. The transaction is rolled back unless it is to be kept.
    pub(super) fn reset(&mut self, keep_transaction: bool) {
        if !keep_transaction {
            self.transaction = None;
        }
        self.database.clone_from(&self.login_database);
        self.no_count = false;
        self.abort_on_error = false;
        self.format_only = false;
        self.prepared.clear();
        self.chain = None;
        self.row_count = 0;
        self.error = 0;
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Asks what the login may do.
    pub(super) fn caller<T>(&self, ask: impl FnOnce(Caller<'_>) -> T) -> T {
        ask(Caller {
            instance: &self.snapshot(),
            login: &self.login,
        })
    }

    /// Lets the login do something in a database, or not.
    ///
    /// # Errors
    /// As [`Caller::require`].
    pub(super) fn require(&self, database: &str, permission: &str) -> Result<()> {
        self.caller(|caller| caller.require(database, permission))
    }

    /// Lets the login do something with the server, or not.
    ///
    /// # Errors
    /// As [`Caller::require_on_server`].
    pub(super) fn require_on_server(&self, permission: &str) -> Result<()> {
        self.caller(|caller| caller.require_on_server(permission))
    }

    /// Lets the login do something with a table or procedure, or not.
    ///
    /// # Errors
    /// As [`Caller::require_object`].
    pub(super) fn require_object(&self, object: &TableName, permission: &str) -> Result<()> {
        if self.chain.as_deref() == Some(object.database.as_str()) {
            return Ok(());
        }
        let TableName {
            database,
            schema,
            name,
        } = object;
        self.caller(|caller| caller.require_object(database, schema, name, permission))
    }

    /// Whether the login may change what an object is.
    pub(super) fn may_alter(&self, object: &TableName) -> bool {
        let on = security::Scope::Object(object.schema.clone(), object.name.clone());
        self.caller(|caller| {
            let database = caller.instance.database(&object.database);
            database.is_some_and(|database| {
                ["ALTER", "CONTROL"]
                    .iter()
                    .any(|permission| caller.may(database, permission, &on))
            })
        })
    }

    /// What the next statement sees.
    pub(super) fn snapshot(&self) -> Arc<Instance> {
        match &self.transaction {
            Some(Transaction {
                change: Some((changed, _)),
                ..
            }) => Arc::clone(changed),
            _ => self.server.store.snapshot(),
        }
    }

    /// The scope of a query over the current snapshot.
    pub(super) fn scope(&self, variables: &HashMap<String, Variable>) -> Scope {
        self.scope_over(self.snapshot(), variables)
    }

    /// The scope of a query over this snapshot.
    pub(super) fn scope_over(
        &self,
        instance: Arc<Instance>,
        variables: &HashMap<String, Variable>,
    ) -> Scope {
        Scope {
            instance,
            variables: variables.clone(),
            facts: Facts {
                server: self.server.name.clone(),
                product_version: self.server.product_version(),
                login: self.login.clone(),
                chain: self.chain.clone(),
                database: self.database.clone(),
                now_micros: self.server.store.now().saturating_mul(1000),
                spid: self.spid,
                row_count: self.row_count,
                error: self.error,
                transactions: self
                    .transaction
                    .as_ref()
                    .map_or(0, |transaction| transaction.depth),
                identity: self.identity,
                caught: self.caught.clone(),
            },
        }
    }

    /// Begins a change; waits for other writers unless this session's transaction already is the one.
    ///
    /// # Errors
    /// 1222 when another transaction does not end in time.
    pub(super) async fn begin_change(&mut self) -> Result<Change> {
        if let Some(transaction) = &mut self.transaction
            && let Some((changed, lock)) = transaction.change.take()
        {
            return Ok(Change {
                instance: changed.as_ref().clone(),
                lock,
            });
        }
        let waiting = self.server.store.lock();
        let timeout = self.server.clock().sleep(self.server.lock_timeout);
        let lock = tokio::select! {
            lock = waiting => lock,
            () = timeout => return Err(SqlError::new(1222, 16, "Lock request time out period exceeded.")),
        };
        Ok(Change {
            instance: self.server.store.snapshot().as_ref().clone(),
            lock,
        })
    }

    /// Gives a change up; within a transaction, what it changed before stays.
    pub(super) fn abandon(&mut self, before: Arc<Instance>, change: Change) {
        if let Some(transaction) = &mut self.transaction {
            transaction.change = Some((before, change.lock));
        }
    }

    /// Ends a change: durable at once, or kept for the end of the transaction.
    ///
    /// # Errors
    /// When the store fails; nothing is changed then.
    pub(super) async fn finish(&mut self, change: Change) -> Result<()> {
        match &mut self.transaction {
            Some(transaction) => {
                transaction.change = Some((Arc::new(change.instance), change.lock));
                Ok(())
            }
            None => {
                self.server
                    .store
                    .commit(&change.lock, change.instance)
                    .await
            }
        }
    }

    /// BEGIN TRAN; only the outermost is told to the client.
    pub(super) async fn begin(&mut self, out: &Output) -> Result<()> {
        match &mut self.transaction {
            Some(transaction) => transaction.depth += 1,
            None => {
                let descriptor = self.next_descriptor;
                self.next_descriptor += 1;
                self.transaction = Some(Transaction {
                    descriptor,
                    depth: 1,
                    change: None,
                    savepoints: Vec::new(),
                });
                out.send(Event::Begin(descriptor)).await?;
            }
        }
        Ok(())
    }

    /// COMMIT; durable once the outermost has returned.
    ///
    /// # Errors
    /// 3902 without a transaction; the store's.
    pub(super) async fn commit(&mut self, out: &Output) -> Result<()> {
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                3902,
                16,
                "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            ));
        };
        transaction.depth -= 1;
        if transaction.depth > 0 {
            return Ok(());
        }
        let descriptor = transaction.descriptor;
        let change = transaction.change.take();
        self.transaction = None;
        if let Some((changed, lock)) = change {
            self.server
                .store
                .commit(&lock, changed.as_ref().clone())
                .await?;
        }
        out.send(Event::Commit(descriptor)).await
    }

    /// ROLLBACK, of everything or to a savepoint.
    ///
    /// # Errors
    /// 3903 without a transaction; 6401 for an unknown savepoint.
    pub(super) async fn roll_back(&mut self, savepoint: Option<&str>, out: &Output) -> Result<()> {
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                3903,
                16,
                "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            ));
        };
        if let Some(name) = savepoint
            && let Some(at) = transaction
                .savepoints
                .iter()
                .rposition(|(known, _)| key(known) == key(name))
        {
            let saved = transaction.savepoints[at].1.clone();
            transaction.savepoints.truncate(at + 1);
            if let (Some(saved), Some((changed, _))) = (saved, &mut transaction.change) {
                *changed = saved;
            } else {
                transaction.change = None;
            }
            return Ok(());
        }
        let descriptor = transaction.descriptor;
        self.transaction = None;
        out.send(Event::Rollback(descriptor)).await
    }

    /// SAVE TRAN.
    ///
    /// # Errors
    /// 628 without a transaction.
    pub(super) fn save(&mut self, name: &str) -> Result<()> {
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                628,
                16,
                "Cannot issue SAVE TRANSACTION when there is no active transaction.",
            ));
        };
        let changed = transaction
            .change
            .as_ref()
            .map(|(changed, _)| Arc::clone(changed));
        transaction.savepoints.push((name.to_owned(), changed));
        Ok(())
    }

    /// USE.
    ///
    /// # Errors
    /// 911 for an unknown database.
    pub(super) async fn use_database(&mut self, name: &str, out: &Output) -> Result<()> {
        let name = self.caller(|caller| caller.enter(name).map(|found| found.name.clone()))?;
        let old = std::mem::replace(&mut self.database, name);
        out.send(Event::Database(self.database.clone(), old)).await
    }
}
