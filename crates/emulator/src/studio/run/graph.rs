//! The graph of an experiment: which modules run, in which order, on what.
//!
//! It has the service's own form:
//!
//! ```json
//! {
//!   "ModuleNodes": [{
//!     "Id": "5c457225-68e3-4b60-9e3a-bc55f9f029a4-557",
//!     "ModuleId": "506153734175476c4f62416c57734963.70530644c97a4ab685f788bf30a8be5f.v1-default-1644",
//!     "ModuleParameters": [
//!       {"Name": "Fraction of rows in the first output dataset", "Value": "0.5"},
//!       {"Name": "Randomized split", "Value": "True"},
//!       {"Name": "Random seed", "Value": "7"}
//!     ],
//!     "InputPortsInternal": [{"Name": "Dataset", "DataSourceId": "<id of a dataset>"}],
//!     "OutputPortsInternal": [{"Name": "Result dataset1"}, {"Name": "Result dataset2"}]
//!   }],
//!   "EdgesInternal": [
//!     {"SourceOutputPortId": "<node>:<port>", "DestinationInputPortId": "<node>:<port>"}
//!   ]
//! }
//! ```
//!
//! A module is named by its id, in which only the family counts, or by its
//! plain name. Ports count by position and may have any name; without
//! `OutputPortsInternal` they have the names of [`MODULES`]. An input is fed by
//! an edge or by the `DataSourceId` of its port. Other members are kept and not
//! looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::super::{model::GLOBAL_WORKSPACE, refusal::Refusal};

/// A module that can run.
#[derive(Debug)]
pub(in super::super) struct Module {
    pub(in super::super) name: &'static str,
    pub(in super::super) family: &'static str,
    version: u32,
    pub(in super::super) input: &'static str,
    pub(in super::super) outputs: &'static [&'static str],
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Split,
    Csv,
    Tsv,
}

impl Module {
    /// The id that graphs name it by.
    pub(in super::super) fn id(&self) -> String {
        format!(
            "{GLOBAL_WORKSPACE}.{}.v1-default-{}",
            self.family, self.version
        )
    }
}

/// Every module that can run.
pub(in super::super) const MODULES: &[Module] = &[
    Module {
        name: "Split Data",
        family: "70530644c97a4ab685f788bf30a8be5f",
        version: 1644,
        input: "Dataset",
        outputs: &["Result dataset1", "Result dataset2"],
        kind: Kind::Split,
    },
    Module {
        name: "Convert to CSV",
        family: "faa6ba63383c4086ba587abf26b85814",
        version: 1643,
        input: "Dataset",
        outputs: &["Results dataset"],
        kind: Kind::Csv,
    },
    Module {
        name: "Convert to TSV",
        family: "1cdbcda42ece49088b87e6b636258d3d",
        version: 1644,
        input: "Dataset",
        outputs: &["Results dataset"],
        kind: Kind::Tsv,
    },
];

/// Names of modules that are often asked for and cannot run.
const OTHERS: &[(&str, &str)] = &[
    (
        "1ec722fab6234e26a44ea50c6d726223",
        "Select Columns in Dataset",
    ),
    ("401b4f92e7244d5abe81d5b0ff9bdb33", "Score Model"),
    ("4e1b0fe6aded4b3fa36f39b8862b9004", "Import Data"),
    ("72bf58e0fc874bb19704f1805003b975", "Convert to Dataset"),
    ("805e592d0f1f48eb97c9688ed0c1dc70", "Apply Transformation"),
    (
        "90381e8067c34d9987541db785b7ea37",
        "Apply SQL Transformation",
    ),
];

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Work {
    /// Rows to two outputs.
    Split(Split),
    /// Rows as text with this delimiter.
    Convert(Delimiter),
}

/// The parameters of Split Data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    /// From 0 to 1.
    pub(super) fraction: f64,
    pub(super) randomized: bool,
    pub(super) seed: u64,
}

/// A target form of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    Comma,
    Tab,
}

/// Where a node's input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// A dataset by its id.
    Dataset(String),
    /// An output of an earlier step: its place in the order, and the port's.
    Step(usize, usize),
}

/// One node, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) node: String,
    pub(super) module: &'static str,
    pub(super) work: Work,
    pub(super) input: Input,
    pub(super) ports: Vec<String>,
}

/// A graph whose nodes are in an order in which they can run.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Graph {
    pub(super) steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireGraph {
    #[serde(default)]
    module_nodes: Option<Vec<Node>>,
    #[serde(default)]
    edges_internal: Option<Vec<Edge>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    id: String,
    module_id: String,
    #[serde(default)]
    module_parameters: Option<Vec<Parameter>>,
    #[serde(default)]
    input_ports_internal: Option<Vec<InputPort>>,
    #[serde(default)]
    output_ports_internal: Option<Vec<OutputPort>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InputPort {
    #[serde(default)]
    data_source_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OutputPort {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Edge {
    source_output_port_id: String,
    destination_input_port_id: String,
}

impl Graph {
    /// Reads a graph that is to run; refuses by name what cannot.
    pub(in super::super) fn parse(graph: &Value) -> Result<Self, Refusal> {
        let graph = WireGraph::deserialize(graph)
            .map_err(|error| Refusal::bad_request(format!("The graph is not valid: {error}.")))?;
        let nodes = graph.module_nodes.unwrap_or_default();
        let edges = graph.edges_internal.unwrap_or_default();
        if nodes.is_empty() {
            return Err(Refusal::bad_request("The graph has no modules to run."));
        }
        let mut drafts = BTreeMap::new();
        for node in &nodes {
            let draft = Draft::new(node)?;
            if drafts.insert(node.id.as_str(), draft).is_some() {
                return Err(Refusal::bad_request(format!(
                    "The graph has two nodes with the id '{}'.",
                    node.id
                )));
            }
        }
        for edge in &edges {
            connect(&mut drafts, edge)?;
        }
        // In the order of the request where edges leave a choice.
        order(nodes.iter().map(|node| node.id.as_str()).collect(), drafts)
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Graph {
    /// Whether every step comes after those it reads from.
    pub(in super::super) fn is_ordered(&self) -> bool {
        self.steps
            .iter()
            .enumerate()
            .all(|(place, step)| !matches!(step.input, Input::Step(earlier, _) if earlier >= place))
    }
}

struct Draft {
    step: Step,
    source: Option<Source>,
}

enum Source {
    Dataset(String),
    Port(String, usize),
}

impl Draft {
    fn new(node: &Node) -> Result<Self, Refusal> {
        let module = module(&node.module_id)?;
        let ports: Vec<String> = match node.output_ports_internal.as_deref() {
            None | Some([]) => module.outputs.iter().map(|&name| name.to_owned()).collect(),
            Some(ports) => ports.iter().map(|port| port.name.clone()).collect(),
        };
        if ports.len() != module.outputs.len() || duplicated(&ports) {
            return Err(Refusal::bad_request(format!(
                "The node '{}' ({}) has {} different output ports, not those of its graph.",
                node.id,
                module.name,
                module.outputs.len()
            )));
        }
        let parameters = Parameters {
            node,
            module: module.name,
        };
        let work = match module.kind {
            Kind::Split => Work::Split(parameters.split()?),
            Kind::Csv => Work::Convert(Delimiter::Comma),
            Kind::Tsv => Work::Convert(Delimiter::Tab),
        };
        let dataset = node
            .input_ports_internal
            .iter()
            .flatten()
            .find_map(|port| port.data_source_id.clone().filter(|id| !id.is_empty()));
        Ok(Self {
            step: Step {
                node: node.id.clone(),
                module: module.name,
                work,
                input: Input::Dataset(String::new()),
                ports,
            },
            source: dataset.map(Source::Dataset),
        })
    }
}

fn duplicated(names: &[String]) -> bool {
    names.iter().collect::<BTreeSet<_>>().len() != names.len()
}

/// The module that an id or a plain name means.
fn module(id: &str) -> Result<&'static Module, Refusal> {
    let family = id.split('.').nth(1).unwrap_or(id);
    let known = MODULES.iter().find(|module| {
        module.family.eq_ignore_ascii_case(family) || module.name.eq_ignore_ascii_case(id.trim())
    });
    known.ok_or_else(|| {
        let name = OTHERS
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(family))
            .map_or(id, |(_, name)| name);
        let supported: Vec<_> = MODULES.iter().map(|module| module.name).collect();
        Refusal::bad_request(format!(
            "The module '{name}' cannot run in the emulator, which has {}.",
            supported.join(", ")
        ))
    })
}

struct Parameters<'a> {
    node: &'a Node,
    module: &'static str,
}

impl Parameters<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let parameter = self
            .node
            .module_parameters
            .iter()
            .flatten()
            .find(|parameter| parameter.name.eq_ignore_ascii_case(name))?;
        match &parameter.value {
            Value::Null => None,
            Value::String(text) => Some(text.trim().to_owned()),
            other => Some(other.to_string()),
        }
        .filter(|value| !value.is_empty())
    }

    fn refuse(&self, name: &str, wanted: &str) -> Refusal {
        Refusal::bad_request(format!(
            "The parameter '{name}' of the node '{}' ({}) is not {wanted}.",
            self.node.id, self.module
        ))
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(default),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(self.refuse(name, "True or False")),
        }
    }

    fn split(&self) -> Result<Split, Refusal> {
        const MODE: &str = "Splitting mode";
        const FRACTION: &str = "Fraction of rows in the first output dataset";
        const RANDOMIZED: &str = "Randomized split";
        const SEED: &str = "Random seed";
        const STRATIFIED: &str = "Stratified split";
        if self
            .get(MODE)
            .is_some_and(|mode| !mode.replace(' ', "").eq_ignore_ascii_case("SplitRows"))
        {
            return Err(self.refuse(MODE, "'Split Rows', the only one of the emulator"));
        }
        if self.flag(STRATIFIED, false)? {
            return Err(self.refuse(STRATIFIED, "False; the emulator does not stratify"));
        }
        let fraction = match self.get(FRACTION) {
            None => 0.5,
            Some(text) => text
                .parse()
                .ok()
                .filter(|fraction| (0.0..=1.0).contains(fraction))
                .ok_or_else(|| self.refuse(FRACTION, "a number from 0 to 1"))?,
        };
        let seed = match self.get(SEED) {
            None => 0,
            Some(text) => text
                .parse()
                .map_err(|_| self.refuse(SEED, "a non-negative integer"))?,
        };
        Ok(Split {
            fraction,
            randomized: self.flag(RANDOMIZED, true)?,
            seed,
        })
    }
}

fn connect(drafts: &mut BTreeMap<&str, Draft>, edge: &Edge) -> Result<(), Refusal> {
    let unknown = |end: &str| {
        Refusal::bad_request(format!(
            "An edge of the graph names '{end}', which is no port."
        ))
    };
    let (source, port) = edge
        .source_output_port_id
        .split_once(':')
        .ok_or_else(|| unknown(&edge.source_output_port_id))?;
    let place = drafts
        .get(source)
        .and_then(|draft| draft.step.ports.iter().position(|name| name == port))
        .ok_or_else(|| unknown(&edge.source_output_port_id))?;
    let target = edge
        .destination_input_port_id
        .split_once(':')
        .and_then(|(node, _)| drafts.get_mut(node))
        .ok_or_else(|| unknown(&edge.destination_input_port_id))?;
    if target.source.is_some() {
        return Err(Refusal::bad_request(format!(
            "The node '{}' has more than one input; its module takes one.",
            target.step.node
        )));
    }
    target.source = Some(Source::Port(source.to_owned(), place));
    Ok(())
}

fn order<'a>(ids: Vec<&'a str>, mut drafts: BTreeMap<&'a str, Draft>) -> Result<Graph, Refusal> {
    let mut steps: Vec<Step> = Vec::with_capacity(ids.len());
    let mut places = BTreeMap::new();
    let mut waiting = ids;
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for id in waiting {
            let Some(draft) = drafts.get(id) else {
                continue;
            };
            let input = match &draft.source {
                Some(Source::Dataset(id)) => Some(Input::Dataset(id.clone())),
                Some(Source::Port(node, port)) => places
                    .get(node.as_str())
                    .map(|step| Input::Step(*step, *port)),
                None => {
                    return Err(Refusal::bad_request(format!(
                        "The node '{id}' ({}) has no input.",
                        draft.step.module
                    )));
                }
            };
            match (input, drafts.remove(id)) {
                (Some(input), Some(draft)) => {
                    places.insert(id, steps.len());
                    steps.push(Step {
                        input,
                        ..draft.step
                    });
                }
                (None, Some(draft)) => {
                    drafts.insert(id, draft);
                    later.push(id);
                }
                (_, None) => {}
            }
        }
        if later.len() == before {
            return Err(Refusal::bad_request("The graph has a cycle."));
        }
        waiting = later;
    }
    Ok(Graph { steps })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(id: &str, module: &str, dataset: Option<&str>) -> Value {
        json!({
            "Id": id,
            "ModuleId": module,
            "InputPortsInternal": [{"Name": "Dataset", "DataSourceId": dataset}],
        })
    }

    fn edge(from: &str, to: &str) -> Value {
        json!({"SourceOutputPortId": from, "DestinationInputPortId": to})
    }

    fn message(graph: Value) -> String {
        Graph::parse(&graph).unwrap_err().to_string()
    }

    #[test]
    fn steps_run_after_what_they_need() {
        let graph = Graph::parse(&json!({
            "ModuleNodes": [
                node("c", "Convert to CSV", None),
                node("s", &MODULES[0].id(), Some("d")),
            ],
            "EdgesInternal": [edge("s:Result dataset2", "c:Dataset")],
        }))
        .unwrap();
        let [split, convert] = graph.steps.as_slice() else {
            panic!("{graph:?}");
        };
        assert_eq!(split.input, Input::Dataset("d".to_owned()));
        assert_eq!(convert.input, Input::Step(0, 1));
        assert_eq!(convert.ports, ["Results dataset"]);
    }

    #[test]
    fn other_modules_are_refused_by_name() {
        let text = message(json!({"ModuleNodes": [node("n", "Train Model", Some("d"))]}));
        assert!(text.contains("'Train Model'"), "{text}");
        let id =
            "506153734175476c4f62416c57734963.401b4f92e7244d5abe81d5b0ff9bdb33.v1-default-1751";
        let text = message(json!({"ModuleNodes": [node("n", id, Some("d"))]}));
        assert!(text.contains("'Score Model'"), "{text}");
    }

    #[test]
    fn broken_graphs_are_refused() {
        let csv = |id| node(id, "convert to csv", None);
        let cases = [
            (json!({}), "no modules"),
            (json!({"ModuleNodes": [csv("a")]}), "no input"),
            (json!({"ModuleNodes": [csv("a"), csv("a")]}), "two nodes"),
            (
                json!({
                    "ModuleNodes": [csv("a"), csv("b")],
                    "EdgesInternal": [
                        edge("a:Results dataset", "b:Dataset"),
                        edge("b:Results dataset", "a:Dataset"),
                    ],
                }),
                "cycle",
            ),
            (
                json!({"ModuleNodes": [csv("a")], "EdgesInternal": [edge("x:y", "a:Dataset")]}),
                "no port",
            ),
            (json!({"ModuleNodes": 7}), "not valid"),
        ];
        for (graph, reason) in cases {
            let text = message(graph);
            assert!(text.contains(reason), "{text}");
        }
    }

    #[test]
    fn parameters_are_checked() {
        let parse = |name: &str, value: Value| {
            let mut node = node("n", "Split Data", Some("d"));
            node["ModuleParameters"] = json!([{"Name": name, "Value": value}]);
            Graph::parse(&json!({"ModuleNodes": [node]}))
        };
        let fraction = "Fraction of rows in the first output dataset";
        let graph = parse(fraction, json!("0.25")).unwrap();
        assert!(matches!(
            &graph.steps[0].work,
            Work::Split(split) if split.fraction == 0.25 && split.randomized
        ));
        for (name, value) in [
            (fraction, json!("1.5")),
            (fraction, json!("NaN")),
            ("Random seed", json!(-1)),
            ("Randomized split", json!("maybe")),
            ("Splitting mode", json!("Regular Expression Split")),
            ("Stratified split", json!("True")),
        ] {
            let text = parse(name, value).unwrap_err().to_string();
            assert!(text.contains(name), "{text}");
        }
    }
}
