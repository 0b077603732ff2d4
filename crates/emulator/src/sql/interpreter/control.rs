//! WHILE and TRY ... CATCH.

use datafusion::sql::sqlparser::ast::Expr;

use super::{Flow, Frame, run};
use crate::sql::{error::Result, output::Output, session::Session, tsql::Statement};

pub(super) async fn repeat(
    session: &mut Session,
    condition: &Expr,
    body: &Statement,
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    while session
        .scope(&frame.variables)
        .holds(condition.clone())
        .await?
    {
        match run(session, std::slice::from_ref(body), frame, out).await? {
            Flow::Next | Flow::Continue => {}
            Flow::Break => break,
            ends => return Ok(ends),
        }
        // A loop without a query would otherwise never let anybody else run.
        tokio::task::yield_now().await;
    }
    Ok(Flow::Next)
}

pub(super) async fn try_catch(
    session: &mut Session,
    body: &[Statement],
    handler: &[Statement],
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    frame.tries += 1;
    let flow = run(session, body, frame, out).await;
    frame.tries -= 1;
    let error = match flow {
        Ok(flow) => return Ok(flow),
        Err(error) if error.class >= 20 => return Err(error),
        Err(error) => error,
    };
    let line = error.line.unwrap_or(1);
    let outer = session.caught.replace((error, line));
    let flow = run(session, handler, frame, out).await;
    session.caught = outer;
    flow
}
