//! Calls of procedures that users have created.

use std::{collections::HashMap, sync::Arc};

use datafusion::scalar::ScalarValue;

use super::{Argument, Called};
use crate::sql::{
    catalog::{StoredProcedure, key},
    dml::{self, TableName},
    error::{Result, SqlError},
    interpreter::{self, Around, Flow, Frame},
    output::Output,
    session::{Session, Variable},
    tsql::object_name,
};

/// Runs a procedure by its name.
///
/// # Errors
/// 2812 where there is none, 201, 8144 and 8145 for arguments that do not fit; the errors of its statements.
pub(super) async fn run(
    session: &mut Session,
    name: &str,
    arguments: &[Argument],
    around: Around,
    out: &Output,
) -> Result<Called> {
    let (place, procedure) = find(session, name)?;
    session.require_object(&place, "EXECUTE")?;
    let (mut frame, positions) = bind(session, &procedure, arguments, around).await?;
    // What a procedure sets ends with it.
    let (no_count, abort_on_error) = (session.no_count, session.abort_on_error);
    let outer = session.chain.replace(place.database);
    let flow = interpreter::run_batch(session, &procedure.body, &mut frame, out).await;
    session.chain = outer;
    (session.no_count, session.abort_on_error) = (no_count, abort_on_error);
    let flow = flow?;
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

fn find(session: &Session, name: &str) -> Result<(TableName, Arc<StoredProcedure>)> {
    let missing = || {
        SqlError::new(
            2812,
            16,
            format!("Could not find stored procedure '{name}'."),
        )
        .with_state(62)
    };
    let written = object_name(name).ok_or_else(missing)?;
    let place = TableName::resolve(&written, &session.database).map_err(|_| missing())?;
    let snapshot = session.snapshot();
    let database = snapshot.database(&place.database).ok_or_else(missing)?;
    let procedure = database
        .procedure(&place.schema, &place.name)
        .cloned()
        .ok_or_else(missing)?;
    Ok((place, procedure))
}

/// The frame of a call, and the positions of the arguments whose parameters give a value back.
async fn bind(
    session: &Session,
    procedure: &StoredProcedure,
    arguments: &[Argument],
    around: Around,
) -> Result<(Frame, Vec<(String, usize)>)> {
    let name = &procedure.name;
    if arguments.len() > procedure.parameters.len() {
        return Err(SqlError::new(
            8144,
            16,
            format!("Procedure or function {name} has too many arguments specified."),
        )
        .with_state(2));
    }
    if let Some(unknown) = arguments.iter().find(|argument| {
        let is_parameter = |known: &str| argument.is_named(known.trim_start_matches('@'));
        !argument.name.is_empty()
            && !procedure
                .parameters
                .iter()
                .any(|parameter| is_parameter(&parameter.name))
    }) {
        return Err(SqlError::new(
            8145,
            16,
            format!(
                "@{} is not a parameter for procedure {name}.",
                unknown.name.trim_start_matches('@')
            ),
        ));
    }
    let mut frame = Frame::inside(around);
    let mut positions = Vec::new();
    for (at, parameter) in procedure.parameters.iter().enumerate() {
        let bare = parameter.name.trim_start_matches('@');
        let found = arguments
            .iter()
            .position(|argument| argument.is_named(bare))
            .or_else(|| {
                arguments
                    .get(at)
                    .filter(|argument| argument.name.is_empty())
                    .map(|_| at)
            });
        let mut variable = Variable::new(parameter.sql_type, ScalarValue::Null);
        let given = found
            .and_then(|found| arguments.get(found))
            .filter(|argument| !argument.is_default);
        match (given, &parameter.default) {
            (Some(argument), _) => dml::assign(&mut variable, &argument.value.value)?,
            (None, Some(text)) => {
                let value = session.scope(&HashMap::new()).constant(text).await?;
                dml::assign(&mut variable, &value)?;
            }
            (None, None) => {
                return Err(SqlError::new(
                    201,
                    16,
                    format!(
                        "Procedure or function '{name}' expects parameter '{}', which was not supplied.",
                        parameter.name
                    ),
                )
                .with_state(4));
            }
        }
        if let (Some(found), true) = (found, parameter.output) {
            positions.push((key(&parameter.name), found));
        }
        frame.variables.insert(key(&parameter.name), variable);
    }
    Ok((frame, positions))
}
