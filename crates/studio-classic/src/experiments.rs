//! The experiments of a workspace.

use futures::{Stream, TryStreamExt, stream};
use serde_json::Value;

use crate::client::Client;
use crate::error::ItemKind;
use crate::listing::{Filter, at_index};
use crate::models::{ExperimentInfo, SaveExperiment};
use crate::{Error, Experiment, ExperimentGraph, Result};

/// A view of the experiments of a workspace.
///
/// As with [`Datasets`](crate::Datasets), every call fetches the list again.
///
/// ```no_run
/// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
/// for experiment in workspace.user_experiments().list().await? {
///     println!("{} {}", experiment.experiment_id(), experiment.description());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Experiments {
    client: Client,
    filter: Filter,
}

impl Experiments {
    pub(crate) fn new(client: Client, filter: Filter) -> Self {
        Self { client, filter }
    }

    /// Every experiment of the view.
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses.
    pub async fn list(&self) -> Result<Vec<Experiment>> {
        let url = self.client.url(&["experiments"])?;
        let all: Vec<ExperimentInfo> = self.client.get("list the experiments", url).await?;
        Ok(all
            .into_iter()
            .filter(|experiment| self.filter.admits(&experiment.experiment_id))
            .map(|experiment| Experiment::new(self.client.clone(), experiment))
            .collect())
    }

    /// Every experiment of the view, one after the other.
    pub fn stream(&self) -> impl Stream<Item = Result<Experiment>> + Send + use<> {
        let view = self.clone();
        stream::once(async move { view.list().await })
            .map_ok(|list| stream::iter(list.into_iter().map(Ok)))
            .try_flatten()
    }

    /// How many experiments the view has.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn len(&self) -> Result<usize> {
        Ok(self.list().await?.len())
    }

    /// Whether the view has no experiment.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// The experiment with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the view has none, and as [`list`](Self::list).
    pub async fn get(&self, id: &str) -> Result<Experiment> {
        self.try_get(id).await?.ok_or_else(|| Error::NotFound {
            kind: ItemKind::Experiment,
            key: id.to_owned(),
        })
    }

    /// As [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn try_get(&self, id: &str) -> Result<Option<Experiment>> {
        let list = self.list().await?;
        Ok(list
            .into_iter()
            .find(|experiment| experiment.experiment_id() == id))
    }

    /// The experiment at a place of the view, counted from 0; negative numbers count from the end.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the view is shorter, and as [`list`](Self::list).
    pub async fn get_index(&self, index: i64) -> Result<Experiment> {
        at_index(self.list().await?, index, ItemKind::ExperimentIndex)
    }

    /// Saves a graph as a new experiment of the workspace. It is a draft until it is
    /// [run](Experiment::run).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty description; [`Error::Http`] if the service refuses.
    pub async fn create(&self, description: &str, graph: &ExperimentGraph) -> Result<Experiment> {
        if description.is_empty() {
            return Err(Error::argument("description", "is empty"));
        }
        let body = SaveExperiment {
            description,
            summary: None,
            is_draft: true,
            parent_experiment_id: None,
            disable_node_update: false,
            category: None,
            experiment_graph: graph,
            web_service: &Value::Null,
        };
        let url = self.client.url(&["experiments"])?;
        let attempted = format!("create experiment `{description}`");
        let info = self.client.post(&attempted, url, &body).await?;
        Ok(Experiment::new(self.client.clone(), info))
    }
}
