use super::*;
use crate::sql::tsql::{ArgumentValue, ExecuteTarget, Identity, ResultSets, SqlType};

fn kinds(text: &str) -> Vec<StatementKind> {
    parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
        .into_iter()
        .map(|statement| statement.kind)
        .collect()
}

fn one(text: &str) -> StatementKind {
    let [kind] = <[StatementKind; 1]>::try_from(kinds(text))
        .unwrap_or_else(|kinds| panic!("{text}: {kinds:?}"));
    kind
}

#[test]
fn the_starts_of_statements_are_sorted() {
    // `is_statement_start` searches a sorted list: every word must be found.
    for word in ["ALTER", "SELECT", "WITH", "EXEC", "PRINT", "IF", "INSERT"] {
        assert!(is_statement_start(word), "{word}");
    }
    assert!(!is_statement_start("SP_HELP"));
}

/// sqlml C56: two statements without a semicolon.
#[test]
fn statements_need_no_semicolons() {
    assert_eq!(kinds("SELECT 1 SELECT 2").len(), 2);
    assert_eq!(
        kinds("DECLARE @a int SET @a = 1 PRINT @a SELECT @a").len(),
        4
    );
    assert_eq!(kinds("INSERT INTO t VALUES (1) EXEC p").len(), 2);
    assert_eq!(kinds("SELECT * FROM t PRINT 'x'").len(), 2);
    assert_eq!(kinds(";;SELECT 1;;").len(), 1);
    assert!(kinds("  ").is_empty());
}

/// sqlml C8: the article's way to start from nothing.
#[test]
fn a_database_is_dropped_if_it_exists_and_created() {
    let text = "IF EXISTS(SELECT * FROM sys.databases WHERE [name]='irissql') DROP DATABASE irissql; CREATE DATABASE irissql";
    let kinds = kinds(text);
    assert!(matches!(
        &kinds[0],
        StatementKind::If {
            otherwise: None,
            ..
        }
    ));
    assert_eq!(
        kinds[1],
        StatementKind::CreateDatabase("irissql".to_owned())
    );
}

#[test]
fn columns_keep_blanks_and_parentheses() {
    let StatementKind::CreateTable(table) = one(
        "CREATE TABLE [dbo].[iris] ([sepal length (cm)] float NULL, id int IDENTITY(1,1) PRIMARY KEY, s nvarchar(max))",
    ) else {
        panic!("not a table");
    };
    assert_eq!(table.columns[0].name, "sepal length (cm)");
    assert_eq!(table.columns[0].sql_type, SqlType::Float);
    assert_eq!(
        table.columns[1].identity,
        Some(Identity {
            seed: 1,
            increment: 1
        })
    );
    assert!(table.columns[1].primary_key);
    assert_eq!(table.columns[2].sql_type, SqlType::NVarChar(None));
}

#[test]
fn procedures_take_named_and_positional_arguments() {
    let StatementKind::Execute(call) =
        one("EXEC @r = dbo.p 1, N'x', @c = @d OUTPUT, @e = DEFAULT, @f = True")
    else {
        panic!("not a call");
    };
    assert_eq!(call.status.as_deref(), Some("@r"));
    assert_eq!(call.arguments.len(), 5);
    assert_eq!(call.arguments[2].name.as_deref(), Some("@c"));
    assert!(call.arguments[2].output);
    assert_eq!(call.arguments[3].value, ArgumentValue::Default);
}

/// The text that sqlmlutils sends for a function without input.
#[test]
fn external_scripts_declare_their_result() {
    let text = "\nEXEC sp_execute_external_script\n@language = N'Python',\n@script = @P1,\n@input_data_1 = @P2\n\nwith result \
                sets((return_val varchar(MAX), _stdout_ varchar(MAX), _stderr_ varchar(MAX)))\n";
    let StatementKind::Execute(call) = one(text) else {
        panic!("not a call");
    };
    assert!(
        matches!(&call.target, ExecuteTarget::Procedure(name) if name.to_string() == "sp_execute_external_script")
    );
    let ResultSets::Defined(sets) = call.result_sets else {
        panic!("no result sets");
    };
    assert_eq!(sets[0][2].name, "_stderr_");
    assert_eq!(sets[0][2].sql_type, SqlType::VarChar(None));
}

#[test]
fn a_procedure_needs_no_exec_at_the_start_of_a_batch() {
    assert!(matches!(
        one("sp_datatype_info_100 -9, 3"),
        StatementKind::Execute(_)
    ));
    // Elsewhere a stray name is an error.
    assert_eq!(parse("SELECT 1; sp_help").unwrap_err().number, 102);
}

#[test]
fn variables_are_assigned_by_select() {
    let StatementKind::Assign(variables, _) = one("SELECT @a = 1, @b = name FROM t") else {
        panic!("not an assignment");
    };
    assert_eq!(variables, ["@a", "@b"]);
}

#[test]
fn control_flow_nests() {
    let text = "BEGIN TRY WHILE @i < 3 BEGIN SET @i += 1; IF @i = 2 BREAK ELSE CONTINUE END END TRY BEGIN CATCH THROW; END CATCH";
    assert!(matches!(one(text), StatementKind::TryCatch { .. }));
    assert!(matches!(
        one("IF 1=1 SELECT 1; ELSE SELECT 2"),
        StatementKind::If {
            otherwise: Some(_),
            ..
        }
    ));
}

#[test]
fn rows_are_deleted_with_and_without_from() {
    for text in [
        "DELETE t WHERE a = 1",
        "DELETE FROM t WHERE a = 1",
        "DELETE t FROM t JOIN u ON t.a = u.a",
    ] {
        assert!(matches!(one(text), StatementKind::Delete(_)), "{text}");
    }
}

/// sqlml C55: known and unsupported statements are told from nonsense.
#[test]
fn what_is_not_carried_out_is_named() {
    assert_eq!(
        one("KILL 52"),
        StatementKind::Unsupported("KILL".to_owned())
    );
    assert_eq!(
        one("CREATE TRIGGER r ON t AFTER INSERT AS SELECT 1"),
        StatementKind::Unsupported("CREATE TRIGGER".to_owned())
    );
}

#[test]
fn errors_name_the_token_and_its_line() {
    let error = parse("SELECT 1\nFROM (\nSELECT )").unwrap_err();
    assert_eq!((error.number, error.line), (102, 3));
    let error = parse("SELECT 'abc").unwrap_err();
    assert_eq!(error.number, 105);
    let error = parse("INSERT INTO t FROM").unwrap_err();
    assert_eq!(error.message, "Incorrect syntax near the keyword 'FROM'.");
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let text = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(parse(&text).unwrap_err().number, 191);
    assert_eq!(parse(&"BEGIN ".repeat(5000)).unwrap_err().number, 191);
}

#[test]
fn bulk_inserts_name_their_columns() {
    let StatementKind::InsertBulk(bulk) = one(
        "INSERT BULK [t] ([a b] int, [c] nvarchar(4000) COLLATE SQL_Latin1_General_CP1_CI_AS) WITH (TABLOCK, ORDER(a ASC))",
    ) else {
        panic!("not a bulk insert");
    };
    assert_eq!(bulk.columns, ["a b", "c"]);
}

#[test]
fn parameters_of_dynamic_text_are_read() {
    let parameters = parse_parameters("@P1 nvarchar(max), @x int OUTPUT").unwrap();
    assert_eq!(parameters.len(), 2);
    assert!(parameters[1].output);
    assert!(parse_parameters("").unwrap().is_empty());
}
