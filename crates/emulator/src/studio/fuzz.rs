//! What the fuzz targets reach of this service.

use serde_json::Value;

use super::{
    lenient, names,
    query::Query,
    run::{self, Graph},
    wire::{Invite, NewDataSource, SaveExperiment},
};

pub(crate) fn body(bytes: &[u8]) {
    if let Ok(new) = serde_json::from_slice::<NewDataSource>(bytes) {
        // The outcome is for the client; here it must only come to one.
        let _ = names::check(&new.data_source.name);
    }
    let _ = lenient::parse::<Invite>(bytes);
    let graph = match serde_json::from_slice::<SaveExperiment>(bytes) {
        Ok(save) => save.experiment_graph,
        Err(_) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
    };
    if let Ok(graph) = Graph::parse(&graph) {
        assert!(graph.is_ordered(), "a step runs before what it needs");
    }
    let again = run::with_output_types(graph.clone(), &[]);
    // Setting no types changes no member that was there.
    if let (Some(before), Some(after)) = (graph.as_object(), again.as_object()) {
        assert!(before.keys().all(|key| after.contains_key(key)));
    }
}

pub(crate) fn query(text: &str) {
    let query = Query::new(Some(text));
    assert!(
        query
            .get("")
            .is_none_or(|value| value.len() <= 3 * text.len())
    );
}
