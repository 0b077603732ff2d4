//! The experiments of a workspace.

use futures::Stream;
use serde_json::Value;

use crate::client::Client;
use crate::error::ItemKind;
use crate::listing::{Filter, Item, View};
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
    view: View<Experiment>,
}

impl Item for Experiment {
    type Info = ExperimentInfo;

    const LIST: &'static str = "experiments";
    const NAME: &'static str = "experiments";
    const LOOKUP: [ItemKind; 2] = [ItemKind::Experiment, ItemKind::ExperimentIndex];

    fn new(client: Client, info: ExperimentInfo) -> Self {
        Self::new(client, info)
    }

    fn id(&self) -> &str {
        self.experiment_id()
    }

    fn key(&self) -> &str {
        self.experiment_id()
    }
}

impl Experiments {
    pub(crate) fn new(client: Client, filter: Filter) -> Self {
        Self {
            view: View::new(client, filter),
        }
    }

    /// Every experiment of the view.
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses.
    pub async fn list(&self) -> Result<Vec<Experiment>> {
        self.view.list().await
    }

    /// Every experiment of the view, one after the other.
    pub fn stream(&self) -> impl Stream<Item = Result<Experiment>> + Send + use<> {
        self.view.stream()
    }

    /// How many experiments the view has.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn len(&self) -> Result<usize> {
        self.view.len().await
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
        self.view.get(id).await
    }

    /// As [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn try_get(&self, id: &str) -> Result<Option<Experiment>> {
        self.view.try_get(id).await
    }

    /// The experiment at a place of the view, counted from 0; negative numbers count from the end.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the view is shorter, and as [`list`](Self::list).
    pub async fn get_index(&self, index: i64) -> Result<Experiment> {
        self.view.get_index(index).await
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
        let url = self.view.client.url(&["experiments"])?;
        let attempted = format!("create experiment `{description}`");
        let info = self.view.client.post(&attempted, url, &body).await?;
        Ok(Experiment::new(self.view.client.clone(), info))
    }
}
