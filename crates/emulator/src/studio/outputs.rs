//! The outputs of finished experiments, by node and port.

use axum::{
    body::Body,
    extract::{Path, State as AxumState},
    http::{Response, header},
    response::IntoResponse,
};

use super::{
    Studio,
    access::InWorkspace,
    content,
    model::{Experiment, GLOBAL_WORKSPACE, Output, StatusCode},
    refusal::Refusal,
    tables,
};
use crate::state::Read;

/// The bytes of one output, by the token and without a link.
pub(super) async fn download(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    Path((_, experiment, node, port)): Path<(String, String, String, String)>,
) -> Result<Response<Body>, Refusal> {
    let state = &studio.context.state;
    let output = state
        .store
        .read(|txn| find(txn, &workspace, &experiment, &node, &port))?;
    let length = output.content.length();
    let body = content::send(&state.files, &output.content, 0..length).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    Ok((headers, body).into_response())
}

/// An experiment of the workspace or an example.
pub(super) fn visible(txn: &impl Read, workspace: &str, id: &str) -> Result<Experiment, Refusal> {
    if let Some(experiment) = tables::experiment(txn, workspace, id)? {
        return Ok(experiment);
    }
    tables::experiment(txn, GLOBAL_WORKSPACE, id)?
        .ok_or_else(|| Refusal::not_found("There is no experiment with this id."))
}

/// One output of an experiment whose run has finished.
pub(super) fn find(
    txn: &impl Read,
    workspace: &str,
    experiment: &str,
    node: &str,
    port: &str,
) -> Result<Output, Refusal> {
    let experiment = visible(txn, workspace, experiment)?;
    if experiment.status != StatusCode::Finished {
        return Err(Refusal::not_found(format!(
            "The experiment has no outputs: its status is {}, not Finished.",
            experiment.status.as_str()
        )));
    }
    experiment
        .outputs
        .into_iter()
        .find(|output| output.node == node && output.port == port)
        .ok_or_else(|| Refusal::not_found("The experiment has no output at this node and port."))
}
