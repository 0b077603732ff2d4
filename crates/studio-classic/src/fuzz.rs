//! What must hold for any answer of a server: the target in `fuzz/` and the test that replays it.

use azml_core::http::ErrorResponse;
use azure_core::http::headers::Headers;
use bytes::Bytes;

use crate::ExperimentGraph;
use crate::http_error::HttpError;
use crate::models::{DataSource, ExperimentInfo, User, WorkspaceInfo};

/// Reads bytes as every body that the service sends. Nothing that is read is lost on the way back,
/// and no name leads out of its directory.
///
/// # Panics
/// When one of these does not hold.
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

#[cfg(test)]
mod tests {
    use azml_fuzz_replay::replay;

    #[test]
    fn any_body_is_read_or_refused() {
        let dictionary: [&[u8]; 22] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b":",
            b",",
            b"null",
            b"-1",
            b"1e400",
            b"\\u0000",
            b"\"Id\":",
            b"\"Size\":",
            b"\"CreatedDate\":\"/Date(-1)/\"",
            b"\"DownloadLocation\":",
            b"\"ModuleNodes\":",
            b"\"OutputPortsInternal\":",
            b"\"error\":",
            b"Request ID: ",
            b"<Code>",
            b"</Code>",
            b"\xef\xbb\xbf",
        ];
        replay("studio_json", &dictionary, super::json_body);
    }
}
