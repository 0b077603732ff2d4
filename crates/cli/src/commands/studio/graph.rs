//! Experiment graphs for the command line: a dataset, split when asked, converted when
//! asked; or whatever a file holds.

use std::path::Path;

use azml::studio_classic::{ExperimentGraph, ModuleInput, ModuleOutput, SourceDataset, SplitData};

use crate::args::studio::experiments::Conversion;
use crate::failure::{Failure, Result};

/// The graph in a JSON file, in the service's own form.
pub(super) fn from_file(path: &Path) -> Result<ExperimentGraph> {
    let text = std::fs::read(path).map_err(|error| Failure::file("read", path, error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// A graph that starts at a dataset. After a split, each of its outputs is converted.
/// Returns the last outputs too.
pub(crate) fn from_dataset(
    dataset: &SourceDataset,
    split: Option<SplitData>,
    convert: Option<Conversion>,
) -> Result<(ExperimentGraph, Vec<ModuleOutput>)> {
    if split.is_none() && convert.is_none() {
        return Err(Failure::usage("the experiment would do nothing")
            .hint("give --split FRACTION, --convert FORMAT, or both"));
    }
    let mut graph = ExperimentGraph::new();
    let mut ends = Vec::new();
    if let Some(settings) = split {
        ends.extend(graph.split_data(dataset, settings)?);
    }
    let Some(format) = convert else {
        return Ok((graph, ends));
    };
    let inputs: Vec<ModuleInput> = match &ends[..] {
        [] => vec![dataset.into()],
        outputs => outputs.iter().map(ModuleInput::from).collect(),
    };
    let ends = inputs.into_iter().map(|input| match format {
        Conversion::Csv => graph.convert_to_csv(input),
        Conversion::Tsv => graph.convert_to_tsv(input),
    });
    let ends = ends.collect();
    Ok((graph, ends))
}
