//! One experiment: what the service says about it, its graph, and its outputs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::models::{ExperimentInfo, ExperimentStatus, RunStatus, SaveExperiment};
use crate::{
    DataTypeId, Error, ExperimentGraph, IntermediateDataset, ModuleOutput, Result, WaitOptions,
    listing,
};

/// An experiment: a graph of datasets and modules, and the state of its last run.
#[derive(Clone)]
pub struct Experiment {
    client: Client,
    info: Arc<ExperimentInfo>,
}

impl Experiment {
    pub(crate) fn new(client: Client, info: ExperimentInfo) -> Self {
        Self {
            client,
            info: Arc::new(info),
        }
    }

    /// Id of the experiment.
    pub fn experiment_id(&self) -> &str {
        &self.info.experiment_id
    }

    /// Name shown to people.
    pub fn description(&self) -> &str {
        &self.info.description
    }

    /// State of the run.
    pub fn status(&self) -> &ExperimentStatus {
        &self.info.status
    }

    /// Tag that changes with every change of the experiment.
    pub fn etag(&self) -> Option<&str> {
        self.info.etag.as_deref()
    }

    /// Who made it.
    pub fn creator(&self) -> Option<&str> {
        self.info.creator.as_deref()
    }

    /// Whether it is put away.
    pub fn is_archived(&self) -> bool {
        self.info.is_archived
    }

    /// Id of the job of the last run.
    pub fn job_id(&self) -> Option<&str> {
        self.info.job_id.as_deref()
    }

    /// Id of this version.
    pub fn version_id(&self) -> Option<&str> {
        self.info.version_id.as_deref()
    }

    /// Id of the last run.
    pub fn run_id(&self) -> Option<&str> {
        self.info.run_id.as_deref()
    }

    /// Where an example is explained.
    pub fn original_experiment_documentation_link(&self) -> Option<&str> {
        self.info.original_experiment_documentation_link.as_deref()
    }

    /// Summary.
    pub fn summary(&self) -> Option<&str> {
        self.info.summary.as_deref()
    }

    /// Category; `user` or empty for the workspace's own.
    pub fn category(&self) -> Option<&str> {
        self.info.category.as_deref()
    }

    /// Experiment that this one is a later version of.
    pub fn parent_experiment_id(&self) -> Option<&str> {
        self.info.parent_experiment_id.as_deref()
    }

    /// Tags.
    pub fn tags(&self) -> &[String] {
        &self.info.tags
    }

    /// Whether no later version exists.
    pub fn is_leaf(&self) -> bool {
        self.info.is_leaf
    }

    /// Whether modules keep their version when the service has a newer one.
    pub fn disable_nodes_update(&self) -> bool {
        self.info.disable_nodes_update
    }

    /// Whether it is an example of the service.
    pub fn is_example(&self) -> bool {
        listing::is_example(self.experiment_id())
    }

    /// The output of a node's port, to be read as data of the given type. Makes no request: the
    /// service is not asked whether there is such an output, nor of what type it is.
    ///
    /// ```no_run
    /// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
    /// let experiment = workspace.user_experiments().get_index(0).await?;
    /// let output = experiment.get_intermediate_dataset(
    ///     "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565",
    ///     "Results dataset",
    ///     "GenericCSV",
    /// )?;
    /// let text = output.read_as_text().await?;
    /// println!("{} lines", text.lines().count());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty argument.
    pub fn get_intermediate_dataset(
        &self,
        node_id: impl Into<String>,
        port_name: impl Into<String>,
        data_type_id: impl Into<DataTypeId>,
    ) -> Result<IntermediateDataset> {
        IntermediateDataset::new(
            self.client.clone(),
            self.experiment_id().to_owned(),
            node_id.into(),
            port_name.into(),
            data_type_id.into(),
        )
    }

    /// The output that a graph's author got when adding a module. Makes no request.
    pub fn output(&self, output: &ModuleOutput) -> IntermediateDataset {
        self.get_intermediate_dataset(
            output.node_id(),
            output.port_name(),
            output.data_type_id().clone(),
        )
        .expect("an output of a module has a node, a port and a type")
    }

    /// Every output of the last run that the service names a type for, in the graph's order.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub async fn outputs(&self) -> Result<Vec<IntermediateDataset>> {
        let graph = self.graph().await?;
        graph
            .outputs()
            .filter_map(|(node, port)| Some((node, port, port.data_type_id.clone()?)))
            .map(|(node, port, data_type_id)| {
                self.get_intermediate_dataset(&node.id, &port.name, data_type_id)
            })
            .collect()
    }

    /// Runs the experiment as it is stored. Returns when the service has accepted it; see
    /// [`wait`](Self::wait).
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses: with status 400 for a graph that
    /// cannot run, with status 409 if it is running.
    pub async fn run(&mut self) -> Result<()> {
        let stored = self.fetch().await?;
        let graph = stored.graph.unwrap_or_default();
        let body = SaveExperiment {
            description: &stored.description,
            summary: stored.summary.as_deref(),
            is_draft: false,
            parent_experiment_id: stored.parent_experiment_id.as_deref(),
            disable_node_update: stored.disable_nodes_update,
            category: stored.category.as_deref(),
            experiment_graph: &graph,
            web_service: &stored.web_service,
        };
        let url = self.client.url(&["experiments", self.experiment_id()])?;
        let attempted = format!("run experiment `{}`", stored.description);
        self.info = Arc::new(self.client.post(&attempted, url, &body).await?);
        Ok(())
    }

    /// Waits until the run has ended.
    ///
    /// # Errors
    /// [`Error::Failed`] with the service's explanation if it ended without success,
    /// [`Error::TimedOut`], and as [`refresh`](Self::refresh).
    pub async fn wait(&mut self, options: WaitOptions) -> Result<()> {
        let subject = format!("experiment `{}`", self.description());
        let mut waited = Duration::ZERO;
        while !self.status().status_code.is_final() {
            waited = options
                .pause(
                    self.client.clock(),
                    waited,
                    subject.clone(),
                    self.status().status_code.as_str(),
                )
                .await?;
            self.refresh().await?;
        }
        match &self.status().status_code {
            RunStatus::Finished => Ok(()),
            status => Err(Error::Failed {
                subject,
                status: status.to_string(),
                detail: self.status().status_detail.clone(),
            }),
        }
    }

    /// The graph: nodes with their ports, and the edges between them.
    ///
    /// # Errors
    /// [`Error::Http`], with [`is_not_found`](Error::is_not_found) if the experiment was deleted.
    pub async fn graph(&self) -> Result<ExperimentGraph> {
        Ok(self.fetch().await?.graph.unwrap_or_default())
    }

    /// Fetches status and metadata again.
    ///
    /// # Errors
    /// [`Error::Http`], with [`is_not_found`](Error::is_not_found) if it was deleted.
    pub async fn refresh(&mut self) -> Result<()> {
        self.info = Arc::new(self.fetch().await?);
        Ok(())
    }

    /// Deletes the experiment with its earlier versions.
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses.
    pub async fn delete(&self) -> Result<()> {
        let mut url = self.client.url(&["experiments", self.experiment_id()])?;
        url.query_pairs_mut().append_pair("deleteAncestors", "true");
        let attempted = format!("delete experiment `{}`", self.experiment_id());
        self.client.delete(&attempted, url).await
    }

    async fn fetch(&self) -> Result<ExperimentInfo> {
        let url = self.client.url(&["experiments", self.experiment_id()])?;
        let attempted = format!("read experiment `{}`", self.experiment_id());
        self.client.get(&attempted, url).await
    }
}

/// Id, tab and description, as the original client shows an experiment.
impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}", self.experiment_id(), self.description())
    }
}

impl fmt::Debug for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Experiment")
            .field("experiment_id", &self.experiment_id())
            .field("description", &self.description())
            .field("status", &self.status().status_code.as_str())
            .finish_non_exhaustive()
    }
}
