//! The graph of an experiment as the service stores it: datasets flow along edges from node to
//! node. Members that are not known here are kept and sent back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::null_default;
use crate::DataTypeId;

/// Nodes and edges of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ExperimentGraph {
    /// The modules.
    #[serde(deserialize_with = "null_default")]
    pub module_nodes: Vec<GraphNode>,
    /// What flows from which output port to which input port.
    #[serde(rename = "EdgesInternal", deserialize_with = "null_default")]
    pub edges: Vec<Edge>,
    /// Layout of the graph on the web page, as XML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serialized_client_data: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl ExperimentGraph {
    /// The node with this id.
    pub fn node(&self, id: &str) -> Option<&GraphNode> {
        self.module_nodes.iter().find(|node| node.id == id)
    }

    /// Every output of every node, in the graph's order.
    pub fn outputs(&self) -> impl Iterator<Item = (&GraphNode, &OutputPort)> {
        self.module_nodes
            .iter()
            .flat_map(|node| node.outputs.iter().map(move |port| (node, port)))
    }
}

/// A module in a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct GraphNode {
    /// Id of the node: a guid, a dash and a number.
    #[serde(deserialize_with = "null_default")]
    pub id: String,
    /// Id of the module that runs here.
    #[serde(deserialize_with = "null_default")]
    pub module_id: String,
    /// Comment of the author.
    #[serde(deserialize_with = "null_default")]
    pub comment: String,
    /// Settings of the module.
    #[serde(rename = "ModuleParameters", deserialize_with = "null_default")]
    pub parameters: Vec<ModuleParameter>,
    /// What flows in.
    #[serde(rename = "InputPortsInternal", deserialize_with = "null_default")]
    pub inputs: Vec<InputPort>,
    /// What flows out.
    #[serde(rename = "OutputPortsInternal", deserialize_with = "null_default")]
    pub outputs: Vec<OutputPort>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A setting of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ModuleParameter {
    /// Name as the web page shows it.
    #[serde(deserialize_with = "null_default")]
    pub name: String,
    /// Value as text.
    #[serde(deserialize_with = "null_default")]
    pub value: String,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// An input port of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct InputPort {
    /// Name of the port.
    #[serde(deserialize_with = "null_default")]
    pub name: String,
    /// Node the port belongs to.
    #[serde(deserialize_with = "null_default")]
    pub node_id: String,
    /// Dataset that flows in directly, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_source_id: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// An output port of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct OutputPort {
    /// Name of the port, such as `Results dataset`.
    #[serde(deserialize_with = "null_default")]
    pub name: String,
    /// Node the port belongs to.
    #[serde(deserialize_with = "null_default")]
    pub node_id: String,
    /// Type of the data, known once the experiment has run.
    #[serde(rename = "OutputType", skip_serializing_if = "Option::is_none")]
    pub data_type_id: Option<DataTypeId>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// An edge: both ends are written `nodeId:port`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Edge {
    /// Output that the data comes from.
    #[serde(rename = "SourceOutputPortId", deserialize_with = "null_default")]
    pub source: String,
    /// Input that the data goes to.
    #[serde(rename = "DestinationInputPortId", deserialize_with = "null_default")]
    pub destination: String,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stored() -> Value {
        json!({
            "ModuleNodes": [
                {"Id": "n-1", "ModuleId": "m", "Comment": "", "ModuleParameters": [
                    {"Name": "Random seed", "Value": "7", "ValueType": "Literal"}],
                 "InputPortsInternal": [
                    {"Name": "Dataset", "NodeId": "n-1", "DataSourceId": "w.f.v1-default-1"}],
                 "OutputPortsInternal": [{"Name": "Result dataset1", "NodeId": "n-1"},
                    {"Name": "Result dataset2", "NodeId": "n-1", "OutputType": "Dataset"}],
                 "UsePreviousResults": true},
            ],
            "EdgesInternal": [
                {"SourceOutputPortId": "n-1:Result dataset1", "DestinationInputPortId": "n-2:Dataset"}],
            "SerializedClientData": "<xml/>",
            "EntityType": 3
        })
    }

    #[test]
    fn outputs_are_listed_by_node_and_port() {
        // studio 1.7
        let graph: ExperimentGraph = serde_json::from_value(stored()).expect("known members");
        let outputs: Vec<_> = graph
            .outputs()
            .map(|(node, port)| (&*node.id, &*port.name, port.data_type_id.clone()))
            .collect();
        assert_eq!(
            outputs,
            [
                ("n-1", "Result dataset1", None),
                ("n-1", "Result dataset2", Some(DataTypeId::Dataset)),
            ]
        );
        let input = &graph.node("n-1").expect("a node").inputs[0];
        assert_eq!(input.data_source_id.as_deref(), Some("w.f.v1-default-1"));
        assert_eq!(graph.edges[0].destination, "n-2:Dataset");
    }

    #[test]
    fn a_graph_goes_back_as_it_came() {
        let graph: ExperimentGraph = serde_json::from_value(stored()).expect("known members");
        assert_eq!(serde_json::to_value(&graph).expect("serialises"), stored());
        let bare: ExperimentGraph =
            serde_json::from_str(r#"{"ModuleNodes": [{"Comment": null}]}"#).expect("tolerant");
        assert_eq!(bare.outputs().count(), 0);
    }
}
