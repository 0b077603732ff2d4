//! Graphs made in a program: datasets into modules, outputs of modules into further ones.
//!
//! Knows the modules with their ids, settings and ports; running a graph is the business of
//! `experiment`.

use serde_json::Map;
use uuid::Uuid;

use crate::models::{Edge, GraphNode, InputPort, ModuleParameter, OutputPort};
use crate::{DataTypeId, Error, ExperimentGraph, Result, SourceDataset};

/// A module of the service, as graphs name it.
struct Module {
    id: &'static str,
    input: &'static str,
    outputs: &'static [(&'static str, DataTypeId)],
}

const SPLIT_DATA: Module = Module {
    id: "506153734175476c4f62416c57734963.70530644c97a4ab685f788bf30a8be5f.v1-default-1644",
    input: "Dataset",
    outputs: &[
        ("Result dataset1", DataTypeId::Dataset),
        ("Result dataset2", DataTypeId::Dataset),
    ],
};

const CONVERT_TO_CSV: Module = Module {
    id: "506153734175476c4f62416c57734963.faa6ba63383c4086ba587abf26b85814.v1-default-1643",
    input: "Dataset",
    outputs: &[("Results dataset", DataTypeId::GenericCsv)],
};

const CONVERT_TO_TSV: Module = Module {
    id: "506153734175476c4f62416c57734963.1cdbcda42ece49088b87e6b636258d3d.v1-default-1644",
    input: "Dataset",
    outputs: &[("Results dataset", DataTypeId::GenericTsv)],
};

/// What flows into a module: a dataset, or the output of another module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInput(Origin);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Dataset(String),
    Output(ModuleOutput),
}

impl From<&SourceDataset> for ModuleInput {
    fn from(dataset: &SourceDataset) -> Self {
        Self(Origin::Dataset(dataset.id().to_owned()))
    }
}

impl From<&ModuleOutput> for ModuleInput {
    fn from(output: &ModuleOutput) -> Self {
        Self(Origin::Output(output.clone()))
    }
}

/// What flows out of a module: the key to read it by when the experiment has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleOutput {
    node_id: String,
    port_name: String,
    data_type_id: DataTypeId,
}

impl ModuleOutput {
    /// Id of the module's node.
    pub fn node_id(&self) -> &str {
        &self.node_id
    }

    /// Name of the port.
    pub fn port_name(&self) -> &str {
        &self.port_name
    }

    /// Type of the data.
    pub fn data_type_id(&self) -> &DataTypeId {
        &self.data_type_id
    }
}

/// Settings of the module Split Data.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitData {
    fraction: f64,
    seed: Option<u32>,
}

impl SplitData {
    /// Sends this part of the rows, from 0 to 1, to the first output and the rest to the second.
    pub fn fraction(fraction: f64) -> Self {
        Self {
            fraction,
            seed: None,
        }
    }

    /// Chooses the rows at random, the same ones for the same seed. Without a seed the first rows
    /// go to the first output.
    #[must_use]
    pub fn random(mut self, seed: u32) -> Self {
        self.seed = Some(seed);
        self
    }

    fn parameters(&self) -> Result<Vec<ModuleParameter>> {
        if !(0.0..=1.0).contains(&self.fraction) {
            return Err(Error::argument("fraction", "is not between 0 and 1"));
        }
        Ok([
            ("Splitting mode", "Split Rows".to_owned()),
            (
                "Fraction of rows in the first output dataset",
                self.fraction.to_string(),
            ),
            ("Randomized split", python_bool(self.seed.is_some())),
            ("Random seed", self.seed.unwrap_or(0).to_string()),
            ("Stratified split", python_bool(false)),
        ]
        .into_iter()
        .map(|(name, value)| ModuleParameter {
            name: name.to_owned(),
            value,
            other: Map::new(),
        })
        .collect())
    }
}

/// As the service spells booleans in settings.
fn python_bool(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}

impl ExperimentGraph {
    /// A graph without nodes.
    ///
    /// ```no_run
    /// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
    /// use azml_studio_classic::{ExperimentGraph, SplitData, WaitOptions};
    ///
    /// let census = workspace.datasets().get("Adult Census Income Binary Classification dataset").await?;
    /// let mut graph = ExperimentGraph::new();
    /// let [train, _test] = graph.split_data(&census, SplitData::fraction(0.7).random(1))?;
    /// let csv = graph.convert_to_csv(&train);
    ///
    /// let mut experiment = workspace.experiments().create("split the census", &graph).await?;
    /// experiment.run().await?;
    /// experiment.wait(WaitOptions::default()).await?;
    /// let batch = experiment.output(&csv).read().await?;
    /// println!("{} rows", batch.num_rows());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the module Split Data: rows to two outputs. They are of the service's internal type
    /// `Dataset`, so a conversion has to follow before they can be read as a frame.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a fraction that is not between 0 and 1.
    pub fn split_data(
        &mut self,
        input: impl Into<ModuleInput>,
        settings: SplitData,
    ) -> Result<[ModuleOutput; 2]> {
        let parameters = settings.parameters()?;
        let outputs = self.add_module(&SPLIT_DATA, input.into(), parameters);
        Ok(outputs.try_into().expect("Split Data has two outputs"))
    }

    /// Adds the module Convert to CSV.
    pub fn convert_to_csv(&mut self, input: impl Into<ModuleInput>) -> ModuleOutput {
        self.convert(&CONVERT_TO_CSV, input.into())
    }

    /// Adds the module Convert to TSV.
    pub fn convert_to_tsv(&mut self, input: impl Into<ModuleInput>) -> ModuleOutput {
        self.convert(&CONVERT_TO_TSV, input.into())
    }

    fn convert(&mut self, module: &Module, input: ModuleInput) -> ModuleOutput {
        let mut outputs = self.add_module(module, input, Vec::new());
        outputs.pop().expect("a conversion has one output")
    }

    fn add_module(
        &mut self,
        module: &Module,
        input: ModuleInput,
        parameters: Vec<ModuleParameter>,
    ) -> Vec<ModuleOutput> {
        let node_id = format!("{}-{}", Uuid::new_v4(), self.module_nodes.len() + 1);
        let mut port = InputPort {
            name: module.input.to_owned(),
            node_id: node_id.clone(),
            ..InputPort::default()
        };
        match input.0 {
            Origin::Dataset(id) => port.data_source_id = Some(id),
            Origin::Output(output) => self.edges.push(Edge {
                source: format!("{}:{}", output.node_id, output.port_name),
                destination: format!("{node_id}:{}", port.name),
                other: Map::new(),
            }),
        }
        let outputs: Vec<_> = module
            .outputs
            .iter()
            .map(|(name, data_type_id)| ModuleOutput {
                node_id: node_id.clone(),
                port_name: (*name).to_owned(),
                data_type_id: data_type_id.clone(),
            })
            .collect();
        self.module_nodes.push(GraphNode {
            module_id: module.id.to_owned(),
            parameters,
            inputs: vec![port],
            outputs: outputs
                .iter()
                .map(|output| OutputPort {
                    name: output.port_name.clone(),
                    node_id: node_id.clone(),
                    ..OutputPort::default()
                })
                .collect(),
            id: node_id,
            ..GraphNode::default()
        });
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_chained_by_edges() {
        let mut graph = ExperimentGraph::new();
        let dataset = ModuleInput(Origin::Dataset("w.f.v1-default-1".to_owned()));
        let [first, second] = graph
            .split_data(dataset, SplitData::fraction(0.25).random(7))
            .expect("a fraction");
        let csv = graph.convert_to_csv(&first);
        let tsv = graph.convert_to_tsv(&second);
        assert_eq!(first.data_type_id(), &DataTypeId::Dataset);
        assert_eq!(csv.data_type_id(), &DataTypeId::GenericCsv);
        assert_eq!(tsv.data_type_id(), &DataTypeId::GenericTsv);
        let split = graph.node(first.node_id()).expect("a node");
        assert_eq!(
            split.inputs[0].data_source_id.as_deref(),
            Some("w.f.v1-default-1")
        );
        let settings: Vec<_> = split.parameters.iter().map(|p| &*p.value).collect();
        assert_eq!(settings, ["Split Rows", "0.25", "True", "7", "False"]);
        let edges: Vec<_> = graph
            .edges
            .iter()
            .map(|e| (&*e.source, &*e.destination))
            .collect();
        assert_eq!(
            edges,
            [
                (
                    &*format!("{}:Result dataset1", first.node_id()),
                    &*format!("{}:Dataset", csv.node_id())
                ),
                (
                    &*format!("{}:Result dataset2", second.node_id()),
                    &*format!("{}:Dataset", tsv.node_id())
                ),
            ]
        );
        let ids: std::collections::HashSet<_> = graph.module_nodes.iter().map(|n| &n.id).collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn a_fraction_is_between_nothing_and_everything() {
        let mut graph = ExperimentGraph::new();
        let dataset = ModuleInput(Origin::Dataset("w.f.v1-default-1".to_owned()));
        for fraction in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let refused = graph.split_data(dataset.clone(), SplitData::fraction(fraction));
            assert!(matches!(
                refused,
                Err(Error::InvalidArgument {
                    name: "fraction",
                    ..
                })
            ));
        }
        assert!(graph.module_nodes.is_empty());
    }
}
