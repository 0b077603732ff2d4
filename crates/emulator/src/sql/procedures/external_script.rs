//! `sp_execute_external_script`: checks its parameters, runs the input query as the caller, and hands both to the
//! script runtime.

use std::{collections::HashMap, sync::Arc};

use azml_tds::token::command;
use datafusion::{arrow::record_batch::RecordBatch, scalar::ScalarValue};
use tokio::sync::mpsc;

use super::Argument;
use crate::{
    scripts::{Console, Failure, Finished, Parameter, Script},
    sql::{
        catalog::key,
        dml,
        engine::ResultColumn,
        error::{Result, SqlError},
        loopback::Loopback,
        output::{Done, Event, Message, Output},
        session::{Session, Variable},
        tsql::{Declaration, ResultSets, SqlType, parse, parse_parameters, single_query},
    },
};

const PROCEDURE: &str = "sp_execute_external_script";
/// The parameters of the procedure itself, in the order of their positions.
const OWN: &[&str] = &[
    "language",
    "script",
    "input_data_1",
    "input_data_1_name",
    "output_data_1_name",
    "parallel",
    "params",
];
/// The longest text of one message.
const MESSAGE: usize = 2044;

/// The answer while the server runs no scripts.
pub(super) fn disabled() -> SqlError {
    SqlError::new(
        39023,
        16,
        "'sp_execute_external_script' is disabled on this instance of SQL Server. Use sp_configure 'external scripts enabled' to \
         enable it. (This emulator runs scripts only when it is started with --allow-scripts.)",
    )
    .in_procedure(PROCEDURE)
}

/// Runs a script; returns the values of its output parameters by the position of their arguments.
pub(super) async fn run(
    session: &mut Session,
    arguments: &[Argument],
    result_sets: &ResultSets,
    line: u32,
    out: &Output,
) -> Result<HashMap<usize, Variable>> {
    let runtime = session.server.scripts.clone().ok_or_else(disabled)?;
    session.require(&session.database, "EXECUTE ANY EXTERNAL SCRIPT")?;
    let own = |name: &str| {
        let by_name = arguments.iter().find(|argument| argument.is_named(name));
        let at = OWN.iter().position(|own| *own == name)?;
        by_name.or_else(|| {
            arguments
                .get(at)
                .filter(|argument| argument.name.is_empty())
        })
    };
    let text = |name: &str| match own(name).map(|argument| &argument.value.value) {
        Some(ScalarValue::Utf8(Some(text))) => Some(text.clone()),
        _ => None,
    };
    let language = text("language").ok_or_else(|| missing("@language"))?;
    if !language.eq_ignore_ascii_case("python") {
        return Err(SqlError::new(
            39007,
            16,
            format!(
                "The specified language '{language}' does not exist or you do not have permission."
            ),
        )
        .in_procedure(PROCEDURE));
    }
    let source = text("script").ok_or_else(|| missing("@script"))?;
    let declarations = parse_parameters(&text("params").unwrap_or_default())?;
    let (parameters, positions) = parameters(&declarations, arguments)?;
    let variables: HashMap<String, Variable> = declarations
        .iter()
        .zip(&parameters)
        .map(|(declaration, parameter)| {
            (
                key(&declaration.name),
                Variable::new(declaration.sql_type, parameter.value.clone()),
            )
        })
        .collect();
    // An empty text is no input: sqlmlutils sends one.
    let input = match text("input_data_1").filter(|query| !query.trim().is_empty()) {
        Some(query) => Some(input(session, &query, &variables).await?),
        None => None,
    };
    let script = Script {
        source,
        input_name: text("input_data_1_name").unwrap_or_else(|| "InputDataSet".to_owned()),
        input,
        output_name: text("output_data_1_name").unwrap_or_else(|| "OutputDataSet".to_owned()),
        parameters,
    };

    let (console, mut lines) = mpsc::channel(16);
    let mut loopback = Loopback::new(session);
    let ran = async {
        let ran = runtime.run(script, console, &mut loopback).await;
        ran.map_err(|failure| failed(&failure))
    };
    let shown = async {
        while let Some(console) = lines.recv().await {
            show(&console, line, out).await?;
        }
        Ok::<_, SqlError>(())
    };
    let (finished, shown) = tokio::join!(ran, shown);
    shown?;
    let finished = finished?;
    send_output(&finished, result_sets, out).await?;
    outputs(finished, &declarations, &positions)
}

fn missing(name: &str) -> SqlError {
    SqlError::new(
        39016,
        16,
        format!("The parameterized external script expects the parameter '{name}', which was not supplied."),
    )
    .in_procedure(PROCEDURE)
}

/// The declared parameters with their values, and the positions of their arguments.
fn parameters(
    declarations: &[Declaration],
    arguments: &[Argument],
) -> Result<(Vec<Parameter>, Vec<Option<usize>>)> {
    let mut parameters: Vec<Parameter> = Vec::with_capacity(declarations.len());
    let mut positions = Vec::with_capacity(declarations.len());
    for declaration in declarations {
        let name = declaration.name.trim_start_matches('@').to_owned();
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            return Err(SqlError::new(
                39008,
                16,
                format!(
                    "The parameter name '{}' clashes with one of the procedure.",
                    declaration.name
                ),
            ));
        }
        if parameters
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(&name))
        {
            return Err(SqlError::new(
                39027,
                16,
                format!(
                    "The parameter name '{}' has been declared more than once.",
                    declaration.name
                ),
            ));
        }
        let at = arguments
            .iter()
            .position(|argument| argument.is_named(&name));
        let mut variable = Variable::new(declaration.sql_type, ScalarValue::Null);
        match at {
            Some(at) => dml::assign(&mut variable, &arguments[at].value.value)?,
            None if declaration.output => dml::assign(&mut variable, &ScalarValue::Null)?,
            None => return Err(missing(&declaration.name)),
        }
        parameters.push(Parameter {
            name,
            value: variable.value,
            is_output: declaration.output,
        });
        positions.push(at);
    }
    Ok((parameters, positions))
}

/// The rows of the input query, which runs as the caller.
async fn input(
    session: &Session,
    query: &str,
    variables: &HashMap<String, Variable>,
) -> Result<RecordBatch> {
    let Some(query) = single_query(parse(query)?) else {
        return Err(SqlError::new(
            39001,
            16,
            "Only SELECT statement is supported for input data query to 'sp_execute_external_script' stored procedure.",
        )
        .in_procedure(PROCEDURE));
    };
    // The query is text that was put together: a procedure around it vouches for nothing in it.
    let mut scope = session.scope(variables);
    scope.facts.chain = None;
    let planned = scope.plan(*query).await?;
    for (at, column) in planned.columns.iter().enumerate() {
        if matches!(
            column.sql_type,
            SqlType::DateTime2(_) | SqlType::DateTimeOffset(_) | SqlType::Time(_)
        ) {
            return Err(SqlError::new(
                39017,
                16,
                format!(
                    "Input data query returns column #{at} of type '{}' which is not supported by the runtime for 'Python' script.",
                    column.sql_type
                ),
            )
            .in_procedure(PROCEDURE));
        }
    }
    let names: Vec<String> = planned
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let schema = planned.schema();
    let rows = planned.all().await?;
    let rows = datafusion::arrow::compute::concat_batches(
        rows.first().map_or(&schema, RecordBatch::schema_ref),
        &rows,
    )?;
    // The frame's columns are called as the query calls them.
    let fields: Vec<_> = rows
        .schema()
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| field.as_ref().clone().with_name(name))
        .collect();
    Ok(RecordBatch::try_new(
        Arc::new(datafusion::arrow::datatypes::Schema::new(fields)),
        rows.columns().to_vec(),
    )?)
}

/// Sends what the script printed, in messages that are short enough.
async fn show(console: &Console, line: u32, out: &Output) -> Result<()> {
    let (number, head, text) = match console {
        Console::Stdout(text) => (39005, "STDOUT message(s) from external script: ", text),
        Console::Stderr(text) => (39022, "STDERR message(s) from external script: ", text),
    };
    let mut rest = text.trim_end_matches('\n');
    while !rest.is_empty() {
        let limit = rest
            .char_indices()
            .nth(MESSAGE)
            .map_or(rest.len(), |(at, _)| at);
        // Lines are kept whole where they fit.
        let cut = if limit == rest.len() {
            limit
        } else {
            rest[..limit].rfind('\n').map_or(limit, |at| at + 1)
        };
        let mut message = Message::information(
            number,
            format!("{head}\n{}", rest[..cut].trim_end_matches('\n')),
            line,
        );
        message.procedure = PROCEDURE;
        out.send(Event::Message(message)).await?;
        rest = &rest[cut..];
    }
    Ok(())
}

/// The two errors of a failed script: that it failed, and how.
fn failed(failure: &Failure) -> SqlError {
    let what = SqlError::new(
        39004,
        16,
        "A 'Python' script error occurred during execution of 'sp_execute_external_script' with HRESULT 0x80004004.",
    )
    .with_state(20);
    let how = SqlError::new(
        39019,
        16,
        format!("An external script error occurred: \n{failure}"),
    )
    .with_state(2);
    how.in_procedure(PROCEDURE)
        .preceded_by(what.in_procedure(PROCEDURE))
}

async fn send_output(finished: &Finished, result_sets: &ResultSets, out: &Output) -> Result<()> {
    let declared = match result_sets {
        ResultSets::Undefined => None,
        ResultSets::None => {
            if finished.output.is_some() {
                return Err(SqlError::new(
                    11535,
                    16,
                    "EXECUTE statement failed because its WITH RESULT SETS clause specified 0 result set(s), and the statement tried \
                     to send more result sets than this.",
                ));
            }
            None
        }
        ResultSets::Defined(sets) => {
            let count = usize::from(finished.output.is_some());
            if sets.len() != count {
                return Err(SqlError::new(
                    11536,
                    16,
                    format!(
                        "EXECUTE statement failed because its WITH RESULT SETS clause specified {} result set(s), but the statement only \
                         sent {count} result set(s) at run time.",
                        sets.len()
                    ),
                ));
            }
            sets.first()
        }
    };
    let Some(rows) = &finished.output else {
        return Ok(());
    };
    let mut columns = Vec::with_capacity(rows.num_columns());
    if let Some(declared) = declared {
        if declared.len() != rows.num_columns() {
            return Err(SqlError::new(
                11537,
                16,
                format!(
                    "EXECUTE statement failed because its WITH RESULT SETS clause specified {} column(s) for result set number 1, but \
                     the statement sent {} column(s) at run time.",
                    declared.len(),
                    rows.num_columns()
                ),
            ));
        }
        for (at, column) in declared.iter().enumerate() {
            if column.nullable == Some(false) && rows.column(at).null_count() > 0 {
                return Err(SqlError::new(
                    11553,
                    16,
                    format!(
                        "EXECUTE statement failed because its WITH RESULT SETS clause specified a non-nullable type for column #{} in \
                         result set #1, and the corresponding value sent at run time was null.",
                        at + 1
                    ),
                ));
            }
            columns.push(ResultColumn {
                name: column.name.clone(),
                sql_type: column.sql_type,
                nullable: column.nullable != Some(false),
            });
        }
    } else {
        for field in rows.schema().fields() {
            columns.push(ResultColumn {
                name: String::new(),
                sql_type: SqlType::of_arrow(field.data_type())?,
                nullable: true,
            });
        }
    }
    let count = u64::try_from(rows.num_rows()).unwrap_or(0);
    out.send(Event::Columns(columns)).await?;
    out.send(Event::Rows(rows.clone())).await?;
    out.send(Event::Done(Done {
        rows: Some(count),
        command: command::SELECT,
        ..Done::default()
    }))
    .await
}

fn outputs(
    finished: Finished,
    declarations: &[Declaration],
    positions: &[Option<usize>],
) -> Result<HashMap<usize, Variable>> {
    let mut outputs = HashMap::new();
    for (name, value) in finished.parameters {
        let at = declarations.iter().position(|declaration| {
            declaration
                .name
                .trim_start_matches('@')
                .eq_ignore_ascii_case(&name)
        });
        let Some(at) = at else { continue };
        if let Some(position) = positions[at] {
            let mut variable = Variable::new(declarations[at].sql_type, ScalarValue::Null);
            dml::assign(&mut variable, &value)?;
            outputs.insert(position, variable);
        }
    }
    Ok(outputs)
}
