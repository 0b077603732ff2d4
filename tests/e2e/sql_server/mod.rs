//! Our SQL Server client against the emulator: the article from its first step to the picture, and the promises of the
//! protocol notes, section 1.1, each by its number.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

mod connections;
mod faults;
mod functions;
mod isolation;
mod promises;
mod statistics;
mod tables;

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
