//! What a program outside this repository does with the SQL Server client by itself: here without any server, so that
//! building it, OpenSSL included, is what is tested.

use azml_sqlml_remote::{ConnectionString, RemoteFunction, RxInSqlServer, TableName};

fn main() {
    let text = "Driver=SQL Server;Server=localhost;Database=irissql;UID=sa;PWD={hunter2};";
    let connection = ConnectionString::parse(text).expect("the string is well-formed");
    let function = RemoteFunction::python("def answer():\n    return 42").entry("answer");
    let context = RxInSqlServer::builder(connection).num_tasks(2).build();
    let shown = format!("{function:?} would run on {}", context.connection());
    assert!(!shown.contains("hunter2"));
    assert!(TableName::parse("dbo.[iris data]").is_ok());
    println!("{shown}");
}
