//! Entry points for fuzz targets and for the tests that replay their corpora. Not part of the
//! public interface.

use azml_core::http::ErrorResponse;
use azure_core::http::headers::Headers;
use bytes::Bytes;

use crate::ExperimentGraph;
use crate::http_error::HttpError;
use crate::models::{DataSource, ExperimentInfo, User, WorkspaceInfo};

/// Reads bytes as every body that the service sends.
///
/// # Panics
/// Never, and that is what is tested; nor may anything that was read be lost on the way back.
pub fn json_body(bytes: &[u8]) {
    if let Ok(dataset) = serde_json::from_slice::<DataSource>(bytes) {
        let name = crate::download::file_name(&dataset.name, ".csv");
        assert!(!name.contains(['/', '\\']) && !name.starts_with('.') && !name.is_empty());
        assert!(!format!("{dataset:?}").is_empty());
    }
    let _ = serde_json::from_slice::<Vec<DataSource>>(bytes);
    let _ = serde_json::from_slice::<Vec<User>>(bytes);
    let _ = serde_json::from_slice::<WorkspaceInfo>(bytes);
    if let Ok(experiment) = serde_json::from_slice::<ExperimentInfo>(bytes) {
        keeps(&experiment.graph.unwrap_or_default());
    }
    if let Ok(graph) = serde_json::from_slice::<ExperimentGraph>(bytes) {
        keeps(&graph);
    }
    let refusal = HttpError::from_response(&ErrorResponse {
        status: 400,
        headers: Headers::new(),
        body: Bytes::copy_from_slice(bytes),
    });
    assert!(!refusal.to_string().is_empty());
}

fn keeps(graph: &ExperimentGraph) {
    let text = serde_json::to_vec(graph).expect("a graph is text and numbers");
    let again: ExperimentGraph =
        serde_json::from_slice(&text).expect("what was written can be read");
    // Numbers in unknown members may change in their last digit, so ports are compared.
    let ports = |graph: &ExperimentGraph| -> Vec<_> {
        graph.outputs().map(|(_, port)| port.name.clone()).collect()
    };
    assert_eq!(ports(graph), ports(&again));
}
