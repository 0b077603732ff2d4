//! Procedures: the system's own and those of users, by EXEC and by remote call.

mod data_types;
mod external_script;
mod principals;
mod stored;
mod tables;

use std::collections::HashMap;

use azml_tds::{
    request::{Call, Parameter, Procedure},
    types::Value,
};
use datafusion::scalar::ScalarValue;
use futures::future::BoxFuture;

use super::{
    catalog::key,
    dml,
    error::{Result, SqlError},
    interpreter::{self, Around, Flow, Frame},
    output::{Done, Event, Message, Output},
    session::{Session, Variable},
    tsql::{
        ArgumentValue, Declaration, Execute, ExecuteTarget, ResultSets, SqlType, object_name,
        parse_parameters,
    },
};

/// The most statements that a session keeps prepared.
const MAX_PREPARED: usize = 10_000;

/// A statement that a client prepared.
#[derive(Clone, Debug)]
pub(super) struct PreparedStatement {
    text: String,
    declarations: Vec<Declaration>,
}

/// An argument with its value.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// With its `@` or without, as given; empty for one given by position.
    name: String,
    value: Variable,
    /// DEFAULT was given instead of a value.
    is_default: bool,
}

impl Argument {
    fn is_named(&self, name: &str) -> bool {
        self.name.trim_start_matches('@').eq_ignore_ascii_case(name)
    }
}

/// What a procedure leaves: its status and the values of its output parameters, by the position of their arguments.
#[derive(Debug, Default)]
struct Called {
    status: i32,
    outputs: HashMap<usize, Variable>,
    aborted: bool,
}

/// EXEC.
///
/// # Errors
/// 2812 for an unknown procedure, and the errors of the procedure.
pub(super) fn execute<'a>(
    session: &'a mut Session,
    call: &'a Execute,
    frame: &'a mut Frame,
    line: u32,
    out: &'a Output,
) -> BoxFuture<'a, Result<Flow>> {
    Box::pin(async move {
        let name = match &call.target {
            ExecuteTarget::Text(text) => {
                let text = session
                    .scope(&frame.variables)
                    .value(text.as_ref().clone())
                    .await?;
                let mut inner = Frame::inside(frame.around());
                let flow = unchained(session, &text.to_string(), &mut inner, out).await?;
                return Ok(if flow == Flow::Abort {
                    Flow::Abort
                } else {
                    Flow::Next
                });
            }
            ExecuteTarget::Procedure(name) => dml::shown(name),
        };
        let mut arguments = Vec::with_capacity(call.arguments.len());
        let mut variables = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let (value, variable) = match &argument.value {
                ArgumentValue::Default => (None, None),
                ArgumentValue::Expr(expr) => {
                    let variable = match expr.as_ref() {
                        datafusion::sql::sqlparser::ast::Expr::Identifier(name)
                            if name.value.starts_with('@') =>
                        {
                            Some(name.value.clone())
                        }
                        _ => None,
                    };
                    (
                        Some(
                            session
                                .scope(&frame.variables)
                                .value(expr.as_ref().clone())
                                .await?,
                        ),
                        variable,
                    )
                }
            };
            let scalar = value.clone().unwrap_or(ScalarValue::Null);
            arguments.push(Argument {
                name: argument.name.clone().unwrap_or_default(),
                value: Variable::new(SqlType::of_arrow(&scalar.data_type())?, scalar),
                is_default: value.is_none(),
            });
            variables.push(variable.filter(|_| argument.output));
        }
        let called = run(
            session,
            &name,
            arguments,
            frame.around(),
            &call.result_sets,
            line,
            out,
        )
        .await?;
        for (at, name) in variables.iter().enumerate() {
            if let (Some(name), Some(value)) = (name, called.outputs.get(&at)) {
                let variable = frame.variables.get_mut(&key(name)).ok_or_else(|| {
                    SqlError::new(
                        137,
                        15,
                        format!("Must declare the scalar variable \"{name}\"."),
                    )
                })?;
                dml::assign(variable, &value.value)?;
            }
        }
        if let Some(name) = &call.status
            && let Some(variable) = frame.variables.get_mut(&key(name))
        {
            dml::assign(variable, &ScalarValue::Int32(Some(called.status)))?;
        }
        Ok(if called.aborted {
            Flow::Abort
        } else {
            Flow::Next
        })
    })
}

/// A remote call: its results, its status, its output parameters, and the end of the procedure.
///
/// # Errors
/// When the client is gone. Errors of the procedure are sent.
pub(super) async fn remote_call(session: &mut Session, call: Call, out: &Output) -> Result<()> {
    match remote(session, call, out).await {
        Ok((called, parameters)) => {
            out.send(Event::Status(called.status)).await?;
            for (at, parameter) in parameters
                .iter()
                .enumerate()
                .filter(|(_, parameter)| parameter.output)
            {
                let sql_type = SqlType::of_tds(parameter.info)?;
                let value = match called.outputs.get(&at) {
                    Some(output) => output.value.cast_to(&sql_type.arrow()?)?,
                    None => sql_type.scalar(parameter.value.clone())?,
                };
                out.send(Event::Value {
                    ordinal: u16::try_from(at).unwrap_or(u16::MAX),
                    name: parameter.name.clone(),
                    sql_type,
                    value,
                })
                .await?;
            }
        }
        Err(error) if error.class >= 20 => return Err(error),
        Err(error) => interpreter::fail(session, &error, 1, out).await?,
    }
    out.send(Event::Done(Done {
        procedure: true,
        ..Done::default()
    }))
    .await
}

async fn remote(
    session: &mut Session,
    call: Call,
    out: &Output,
) -> Result<(Called, Vec<Parameter>)> {
    let parameters = call.parameters;
    let called = match call.procedure {
        Procedure::Prepare => prepare(session, &parameters)?,
        Procedure::PrepExec => {
            let mut called = prepare(session, &parameters)?;
            let handle = session.next_handle - 1;
            let ran = execute_prepared(session, handle, &parameters, 3, out).await?;
            called.outputs.extend(ran.outputs);
            called.aborted = ran.aborted;
            called
        }
        Procedure::Execute => {
            let handle = handle(&parameters)?;
            execute_prepared(session, handle, &parameters, 1, out).await?
        }
        Procedure::Unprepare => {
            let handle = handle(&parameters)?;
            if session.prepared.remove(&handle).is_none() {
                return Err(no_handle(handle));
            }
            Called::default()
        }
        Procedure::Cursor(_) => return Err(SqlError::unsupported("sp_cursor")),
        Procedure::ExecuteSql => {
            let arguments = arguments(&parameters)?;
            run(
                session,
                "sp_executesql",
                arguments,
                Around::default(),
                &ResultSets::Undefined,
                1,
                out,
            )
            .await?
        }
        Procedure::Named(name) => {
            let arguments = arguments(&parameters)?;
            let around = Around::default();
            run(
                session,
                &name,
                arguments,
                around,
                &ResultSets::Undefined,
                1,
                out,
            )
            .await?
        }
        _ => return Err(SqlError::unsupported("this remote call")),
    };
    Ok((called, parameters))
}

fn arguments(parameters: &[Parameter]) -> Result<Vec<Argument>> {
    let argument = |parameter: &Parameter| {
        let sql_type = SqlType::of_tds(parameter.info)?;
        Ok(Argument {
            name: parameter.name.clone(),
            value: Variable::new(sql_type, sql_type.scalar(parameter.value.clone())?),
            is_default: parameter.default,
        })
    };
    parameters.iter().map(argument).collect()
}

fn handle(parameters: &[Parameter]) -> Result<i32> {
    match parameters.first().map(|parameter| &parameter.value) {
        Some(Value::Int(handle)) => Ok(*handle),
        _ => Err(SqlError::new(
            214,
            16,
            "Procedure expects parameter '@handle' of type 'int'.",
        )),
    }
}

fn no_handle(handle: i32) -> SqlError {
    SqlError::new(
        8179,
        16,
        format!("Could not find prepared statement with handle {handle}."),
    )
}

/// `sp_prepare` and the first half of `sp_prepexec`: handle, declarations, text.
fn prepare(session: &mut Session, parameters: &[Parameter]) -> Result<Called> {
    let text = |at: usize| match parameters.get(at).map(|parameter| &parameter.value) {
        Some(Value::String(text)) => Ok(text.clone()),
        None | Some(Value::Null) => Ok(String::new()),
        Some(_) => Err(SqlError::new(
            214,
            16,
            "Procedure expects a text as its parameter '@stmt'.",
        )),
    };
    if session.prepared.len() >= MAX_PREPARED {
        return Err(SqlError::new(
            8180,
            16,
            "Statement(s) could not be prepared: too many are open in this session.",
        ));
    }
    let prepared = PreparedStatement {
        declarations: parse_parameters(&text(1)?)?,
        text: text(2)?,
    };
    let handle = session.next_handle;
    session.next_handle = session.next_handle.wrapping_add(1);
    session.prepared.insert(handle, prepared);
    let value = Variable::new(SqlType::Int, ScalarValue::Int32(Some(handle)));
    Ok(Called {
        outputs: HashMap::from([(0, value)]),
        ..Called::default()
    })
}

async fn execute_prepared(
    session: &mut Session,
    handle: i32,
    parameters: &[Parameter],
    first: usize,
    out: &Output,
) -> Result<Called> {
    let prepared = session
        .prepared
        .get(&handle)
        .cloned()
        .ok_or_else(|| no_handle(handle))?;
    let arguments = arguments(parameters.get(first..).unwrap_or_default())?;
    run_text(
        session,
        &prepared.text,
        &prepared.declarations,
        &arguments,
        first,
        Around::default(),
        out,
    )
    .await
}

/// Runs text with parameters. `offset` is the position of the first argument among those of the procedure.
async fn run_text(
    session: &mut Session,
    text: &str,
    declarations: &[Declaration],
    arguments: &[Argument],
    offset: usize,
    around: Around,
    out: &Output,
) -> Result<Called> {
    let mut frame = Frame::inside(around);
    let mut positions = Vec::with_capacity(declarations.len());
    for (at, declaration) in declarations.iter().enumerate() {
        let by_name = arguments
            .iter()
            .position(|argument| argument.is_named(declaration.name.trim_start_matches('@')));
        let found = by_name.or_else(|| {
            arguments
                .get(at)
                .filter(|argument| argument.name.is_empty())
                .map(|_| at)
        });
        let Some(found) = found else {
            return Err(SqlError::new(
                8178,
                16,
                format!(
                    "The parameterized query '{}' expects the parameter '{}', which was not supplied.",
                    start(text),
                    declaration.name
                ),
            ));
        };
        let mut variable = Variable::new(declaration.sql_type, ScalarValue::Null);
        dml::assign(&mut variable, &arguments[found].value.value)?;
        frame.variables.insert(key(&declaration.name), variable);
        positions.push((key(&declaration.name), found + offset));
    }
    let flow = unchained(session, text, &mut frame, out).await?;
    let outputs = positions
        .into_iter()
        .filter_map(|(name, at)| Some((at, frame.variables.remove(&name)?)));
    Ok(Called {
        status: match flow {
            Flow::Return(status) => status,
            _ => 0,
        },
        outputs: outputs.collect(),
        aborted: flow == Flow::Abort,
    })
}

/// Runs text that was put together: what is around it vouches for nothing in it.
async fn unchained(
    session: &mut Session,
    text: &str,
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    let chain = session.chain.take();
    let flow = interpreter::run_batch(session, text, frame, out).await;
    session.chain = chain;
    flow
}

fn start(text: &str) -> String {
    text.chars().take(128).collect()
}

/// Runs a procedure by its name.
async fn run(
    session: &mut Session,
    name: &str,
    arguments: Vec<Argument>,
    around: Around,
    result_sets: &ResultSets,
    line: u32,
    out: &Output,
) -> Result<Called> {
    let bare = name
        .rsplit('.')
        .next()
        .unwrap_or(name)
        .trim_matches(['[', ']', '"'])
        .to_lowercase();
    match bare.as_str() {
        "sp_executesql" => execute_sql(session, arguments, around, out).await,
        "sp_execute_external_script" => {
            let outputs = external_script::run(session, &arguments, result_sets, line, out).await?;
            Ok(Called {
                outputs,
                ..Called::default()
            })
        }
        "sp_datatype_info" | "sp_datatype_info_100" => {
            data_types::send(&arguments, out).await?;
            Ok(Called::default())
        }
        "sp_reset_connection" => {
            session.reset(false);
            Ok(Called::default())
        }
        "sp_rename" => {
            tables::rename(session, &database_of(name, session), &arguments, line, out).await?;
            Ok(Called::default())
        }
        "sp_tablecollations_100" => {
            tables::collations(session, &database_of(name, session), &arguments, out).await?;
            Ok(Called::default())
        }
        "sp_configure" => configure(session, &arguments, line, out).await,
        "sp_addrolemember"
        | "sp_droprolemember"
        | "sp_addsrvrolemember"
        | "sp_dropsrvrolemember" => {
            principals::member(session, &bare, &arguments).await?;
            Ok(Called::default())
        }
        _ => stored::run(session, name, &arguments, around, out).await,
    }
}

/// The database that a system procedure works on: `[d]..sp_name` names another than the session's.
fn database_of(name: &str, session: &Session) -> String {
    let named = object_name(name).filter(|name| name.0.len() == 3);
    named
        .and_then(|name| Some(name.0.first()?.as_ident()?.value.clone()))
        .unwrap_or_else(|| session.database.clone())
}

async fn execute_sql(
    session: &mut Session,
    mut arguments: Vec<Argument>,
    around: Around,
    out: &Output,
) -> Result<Called> {
    let text = |argument: Option<&Argument>| match argument.map(|argument| &argument.value.value) {
        None | Some(ScalarValue::Null | ScalarValue::Utf8(None)) => Ok(String::new()),
        Some(ScalarValue::Utf8(Some(text))) => Ok(text.clone()),
        Some(_) => Err(SqlError::new(
            214,
            16,
            "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.",
        )),
    };
    if arguments.is_empty() {
        return Err(SqlError::new(
            201,
            16,
            "Procedure or function 'sp_executesql' expects parameter '@statement', which was not supplied.",
        ));
    }
    let statement = text(arguments.first())?;
    let declarations = parse_parameters(&text(arguments.get(1))?)?;
    let values = if arguments.len() > 2 {
        arguments.split_off(2)
    } else {
        Vec::new()
    };
    run_text(session, &statement, &declarations, &values, 2, around, out).await
}

/// `sp_configure`: the one setting that scripts look at can be read; it is set when the server is started.
async fn configure(
    session: &mut Session,
    arguments: &[Argument],
    line: u32,
    out: &Output,
) -> Result<Called> {
    let name = arguments
        .first()
        .map(|argument| argument.value.value.to_string())
        .unwrap_or_default();
    if !name.eq_ignore_ascii_case("external scripts enabled") {
        return Err(SqlError::new(
            15123,
            16,
            format!(
                "The configuration option '{name}' does not exist, or it may be an advanced option."
            ),
        ));
    }
    let enabled = i32::from(session.server.scripts.is_some());
    if let Some(wanted) = arguments.get(1) {
        session.require_on_server("CONTROL SERVER")?;
        let wanted = wanted
            .value
            .value
            .cast_to(&datafusion::arrow::datatypes::DataType::Int32)?;
        if wanted != ScalarValue::Int32(Some(enabled)) {
            return Err(external_script::disabled());
        }
        let text = format!(
            "Configuration option 'external scripts enabled' changed from {enabled} to {enabled}. Run the RECONFIGURE statement \
             to install."
        );
        out.send(Event::Message(Message::information(15457, text, line)))
            .await?;
        return Ok(Called::default());
    }
    data_types::send_configuration(enabled, out).await?;
    Ok(Called::default())
}
