//! Jobs of an analytics account: submit, wait, list, cancel; pipelines and recurrences.

use std::{collections::BTreeMap, time::Duration};

use azml_core::{Error, ErrorKind, http::Repeat};
use azure_core::http::Method;
use futures::Stream;
use serde::Serialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    CompileMode, Items, JobDataPath, JobInformation, JobResult, JobState, JobStatistics, Pipeline,
    Recurrence, Result, arm::Service,
};

/// How often a job that is waited for is looked at.
const INTERVAL: Duration = Duration::from_secs(3);
/// Small jobs end at once: the first looks come sooner, each after twice the time of the one before.
const FIRST_INTERVAL: Duration = Duration::from_millis(50);

/// A job to submit.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a job does nothing until it is submitted"]
pub struct Job {
    id: Uuid,
    name: String,
    script: String,
    units: Units,
    priority: u32,
    relation: Option<Relation>,
    runtime_version: Option<String>,
    compile_mode: Option<CompileMode>,
    log_file_patterns: Vec<String>,
}

/// How many analytics units a job may use.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Units {
    Number(u32),
    /// Of what the account may use.
    Percent(f64),
}

/// What is to be different about a job that waits. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobChange {
    /// How many analytics units it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degree_of_parallelism: Option<u32>,
    /// Its priority; smaller numbers run first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// All its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// How a job belongs to a recurring pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relation {
    /// The recurrence.
    pub recurrence_id: Uuid,
    /// Its name.
    pub recurrence_name: Option<String>,
    /// The pipeline.
    pub pipeline_id: Option<Uuid>,
    /// Its name.
    pub pipeline_name: Option<String>,
    /// Where the pipeline is described.
    pub pipeline_uri: Option<String>,
    /// This run of the pipeline.
    pub run_id: Option<Uuid>,
}

impl Relation {
    /// A relation to a recurrence alone.
    #[must_use]
    pub fn recurrence(recurrence_id: Uuid) -> Self {
        Self {
            recurrence_id,
            recurrence_name: None,
            pipeline_id: None,
            pipeline_name: None,
            pipeline_uri: None,
            run_id: None,
        }
    }
}

impl Job {
    /// A U-SQL job with one analytics unit and priority 1000.
    pub fn usql(name: impl Into<String>, script: impl Into<String>) -> Self {
        Self {
            id: Uuid::new_v4(),
            name: name.into(),
            script: script.into(),
            units: Units::Number(1),
            priority: 1000,
            relation: None,
            runtime_version: None,
            compile_mode: None,
            log_file_patterns: Vec::new(),
        }
    }

    /// Another id than a random one. Submitting the same job twice is one job.
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = id;
        self
    }

    /// How many analytics units it may use.
    pub fn degree_of_parallelism(mut self, units: u32) -> Self {
        self.units = Units::Number(units);
        self
    }

    /// How many analytics units it may use, as a share of the account's in percent: above 0 and up to 100. Replaces a
    /// number that was given.
    pub fn degree_of_parallelism_percent(mut self, percent: f64) -> Self {
        self.units = Units::Percent(percent);
        self
    }

    /// Another runtime than the service's default.
    pub fn runtime_version(mut self, version: impl Into<String>) -> Self {
        self.runtime_version = Some(version.into());
        self
    }

    /// How the script is compiled; the service chooses without it.
    pub fn compile_mode(mut self, mode: CompileMode) -> Self {
        self.compile_mode = Some(mode);
        self
    }

    /// Names of log files that are kept beside the job; `*` stands for any characters.
    pub fn log_file_patterns(
        mut self,
        patterns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.log_file_patterns = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Its priority; smaller numbers run first.
    pub fn priority(mut self, priority: u32) -> Self {
        self.priority = priority;
        self
    }

    /// The recurring pipeline it belongs to.
    pub fn relation(mut self, relation: Relation) -> Self {
        self.relation = Some(relation);
        self
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "type": "USql",
            "name": self.name,
            "priority": self.priority,
            "properties": { "type": "USql", "script": self.script },
        });
        match self.units {
            Units::Number(units) => body["degreeOfParallelism"] = units.into(),
            Units::Percent(percent) => body["degreeOfParallelismPercent"] = percent.into(),
        }
        if let Some(version) = &self.runtime_version {
            body["properties"]["runtimeVersion"] = version.as_str().into();
        }
        if let Some(mode) = &self.compile_mode {
            body["properties"]["compileMode"] = mode.as_str().into();
        }
        if !self.log_file_patterns.is_empty() {
            body["logFilePatterns"] = json!(self.log_file_patterns);
        }
        if let Some(relation) = &self.relation {
            let members = [
                ("recurrenceId", Some(relation.recurrence_id.to_string())),
                ("recurrenceName", relation.recurrence_name.clone()),
                ("pipelineId", relation.pipeline_id.map(|id| id.to_string())),
                ("pipelineName", relation.pipeline_name.clone()),
                ("pipelineUri", relation.pipeline_uri.clone()),
                ("runId", relation.run_id.map(|id| id.to_string())),
            ];
            let members = members
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
            body["related"] = Value::Object(members.collect());
        }
        body
    }
}

/// Which jobs to list, and in which order. The values are put into the service's filter expression as literals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a filter does nothing until it is used"]
pub struct JobFilter {
    conditions: Vec<String>,
    order: Option<String>,
    skip: Option<u32>,
    page: Option<u32>,
    members: Option<String>,
}

impl JobFilter {
    /// Every job, the last submitted first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Jobs with this name.
    pub fn name(self, name: &str) -> Self {
        self.with(format!("name eq {}", quote(name)))
    }

    /// Jobs of this submitter.
    pub fn submitter(self, submitter: &str) -> Self {
        self.with(format!("submitter eq {}", quote(submitter)))
    }

    /// Jobs in this state.
    pub fn state(self, state: &JobState) -> Self {
        self.with(format!("state eq {}", quote(state.as_str())))
    }

    /// Jobs that ended like this.
    pub fn result(self, result: &JobResult) -> Self {
        self.with(format!("result eq {}", quote(result.as_str())))
    }

    /// Jobs that were submitted at this time or later.
    pub fn submitted_since(self, time: OffsetDateTime) -> Self {
        self.with(format!("submitTime ge datetimeoffset'{}'", literal(time)))
    }

    /// Jobs that were submitted before this time.
    pub fn submitted_before(self, time: OffsetDateTime) -> Self {
        self.with(format!("submitTime lt datetimeoffset'{}'", literal(time)))
    }

    /// Jobs of this recurrence.
    pub fn recurrence(self, id: Uuid) -> Self {
        self.with(format!("related/recurrenceId eq guid'{id}'"))
    }

    /// Jobs of this pipeline.
    pub fn pipeline(self, id: Uuid) -> Self {
        self.with(format!("related/pipelineId eq guid'{id}'"))
    }

    /// A condition in the service's own words, joined to the others with `and`.
    pub fn expression(self, expression: &str) -> Self {
        self.with(format!("({expression})"))
    }

    /// The order in the service's own words, such as `priority asc, submitTime desc`.
    pub fn order_by(mut self, order: impl Into<String>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// Leaves out the first jobs.
    pub fn skip(mut self, jobs: u32) -> Self {
        self.skip = Some(jobs);
        self
    }

    /// How many jobs one request gets, at most 300; the list goes on with the next.
    pub fn page_size(mut self, jobs: u32) -> Self {
        self.page = Some(jobs);
        self
    }

    /// Only these members of the jobs, such as `jobId,name,state,result`; the four are needed.
    pub fn select(mut self, members: impl Into<String>) -> Self {
        self.members = Some(members.into());
        self
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        let expression = self.conditions.join(" and ");
        if !expression.is_empty() {
            query.push(("$filter", expression));
        }
        let more = [
            ("$orderby", self.order.clone()),
            ("$skip", self.skip.map(|it| it.to_string())),
            ("$top", self.page.map(|it| it.to_string())),
            ("$select", self.members.clone()),
        ];
        query.extend(more.into_iter().filter_map(|(name, it)| Some((name, it?))));
        query
    }

    fn with(mut self, condition: String) -> Self {
        self.conditions.push(condition);
        self
    }
}

/// A time as the service's expressions have it.
fn literal(time: OffsetDateTime) -> String {
    time.format(&Rfc3339)
        .expect("a time since the year 0 has all the parts of the format")
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The jobs of an analytics account.
#[derive(Clone, Debug)]
pub struct Jobs {
    service: Service,
}

impl Jobs {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }

    /// Submits a job. Sent again after a lost answer, it is still one job.
    ///
    /// # Errors
    /// The service's refusal, for example more units or a higher priority than allowed. A script that does not
    /// compile is no error here: its job ends as failed.
    pub async fn submit(&self, job: &Job) -> Result<JobInformation> {
        self.service
            .put(&["jobs", &job.id.to_string()], &job.body())
            .await
    }

    /// Compiles a job without running it; see the result's diagnostics.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn build(&self, job: &Job) -> Result<JobInformation> {
        self.service.post(&["buildJob"], &job.body()).await
    }

    /// A job by id.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get(&self, id: &str) -> Result<JobInformation> {
        self.service.get(&["jobs", id]).await
    }

    /// Waits until a job has ended.
    ///
    /// # Errors
    /// As [`Jobs::get`]. A job that failed is no error here: see its result.
    pub async fn wait(&self, id: &str) -> Result<JobInformation> {
        self.wait_with(id, None, |_| {}).await
    }

    /// Waits until a job has ended, at most `timeout`, and tells each state it comes to.
    ///
    /// # Errors
    /// As [`Jobs::get`]; [`ErrorKind::Timeout`] when the job has not ended in time.
    pub async fn wait_with(
        &self,
        id: &str,
        timeout: Option<Duration>,
        mut on_state: impl FnMut(&JobInformation),
    ) -> Result<JobInformation> {
        let clock = self.service.clock();
        let deadline = timeout.map(|timeout| clock.now() + timeout);
        let (mut seen, mut pause) = (None, FIRST_INTERVAL);
        loop {
            let job = self.get(id).await?;
            if seen.as_ref() != Some(&job.state) {
                on_state(&job);
                seen = Some(job.state.clone());
            }
            if job.state == JobState::Ended {
                return Ok(job);
            }
            if deadline.is_some_and(|deadline| clock.now() >= deadline) {
                let message = format!("the job {id} has not ended in time: it is {}", job.state);
                return Err(Error::new(ErrorKind::Timeout, message).into());
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(INTERVAL);
        }
    }

    /// Jobs without their scripts and errors.
    ///
    /// # Errors
    /// Each item as a request of its page; [`ErrorKind::InvalidRequest`] for a filter that the service cannot read.
    pub fn list(&self, filter: &JobFilter) -> Result<Items<JobInformation>> {
        let query = filter.query();
        let query: Vec<_> = query
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        self.service.list(&["jobs"], &query)
    }

    /// How many jobs there are, whatever page they are on.
    ///
    /// # Errors
    /// As [`Jobs::list`].
    pub async fn count(&self, filter: &JobFilter) -> Result<u64> {
        #[derive(serde::Deserialize)]
        struct Counted {
            count: u64,
        }
        let filter = filter.clone().page_size(1);
        let query = filter.query();
        let mut query: Vec<_> = query
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        query.push(("$count", "true"));
        let counted: Counted = self.service.get_with(&["jobs"], &query).await?;
        Ok(counted.count)
    }

    /// Changes a job that does not run yet; it goes to its new place in the line.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::Conflict`] when it runs or has ended,
    /// [`ErrorKind::InvalidRequest`] for more units or a higher priority than allowed.
    pub async fn change(&self, id: &str, change: &JobChange) -> Result<JobInformation> {
        self.service.patch(&["jobs", id], change).await
    }

    /// Ends a job. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn cancel(&self, id: &str) -> Result<()> {
        self.service
            .call(Method::Post, &["jobs", id, "CancelJob"], Repeat::Always)
            .await?;
        Ok(())
    }

    /// Takes a running job off its units; it goes on when they are free again.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::Conflict`] when it does not run.
    pub async fn yield_job(&self, id: &str) -> Result<()> {
        self.service
            .call(Method::Post, &["jobs", id, "YieldJob"], Repeat::Never)
            .await?;
        Ok(())
    }

    /// The numbers of a job by stage.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn statistics(&self, id: &str) -> Result<JobStatistics> {
        self.service.get(&["jobs", id, "GetStatistics"]).await
    }

    /// Where the files for looking into a job are.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn debug_data_path(&self, id: &str) -> Result<JobDataPath> {
        self.service.get(&["jobs", id, "GetDebugDataPath"]).await
    }

    /// The job each time that it has come to another state, and once more when it has ended; then the stream ends.
    ///
    /// # Errors
    /// Each item as [`Jobs::get`]; the stream ends with the first.
    pub fn watch(&self, id: &str) -> impl Stream<Item = Result<JobInformation>> + Send + 'static {
        struct Watch {
            jobs: Jobs,
            id: String,
            seen: Option<JobState>,
            pause: Duration,
        }
        let begin = Watch {
            jobs: self.clone(),
            id: id.to_owned(),
            seen: None,
            pause: Duration::ZERO,
        };
        futures::stream::try_unfold(begin, |mut watch| async move {
            while watch.seen != Some(JobState::Ended) {
                if !watch.pause.is_zero() {
                    watch.jobs.service.clock().sleep(watch.pause).await;
                }
                watch.pause = (watch.pause * 2).clamp(FIRST_INTERVAL, INTERVAL);
                let job = watch.jobs.get(&watch.id).await?;
                if watch.seen.as_ref() != Some(&job.state) {
                    watch.seen = Some(job.state.clone());
                    return Ok(Some((job, watch)));
                }
            }
            Ok(None)
        })
    }

    /// Pipelines with a job in the last 30 days.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn pipelines(&self) -> Result<Items<Pipeline>> {
        self.service.list(&["pipelines"], &[])
    }

    /// Pipelines with a job between two times, which are at most 30 days apart.
    ///
    /// # Errors
    /// Each item as a request of its page; [`ErrorKind::InvalidRequest`] for a longer time.
    pub fn pipelines_between(
        &self,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<Items<Pipeline>> {
        self.between("pipelines", from, to)
    }

    fn between<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        what: &str,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<Items<T>> {
        let (from, to) = (literal(from), literal(to));
        let query = [
            ("startDateTime", from.as_str()),
            ("endDateTime", to.as_str()),
        ];
        self.service.list(&[what], &query)
    }

    /// A pipeline with its recurrences.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it had no job in the last 30 days.
    pub async fn pipeline(&self, id: &str) -> Result<Pipeline> {
        self.service.get(&["pipelines", id]).await
    }

    /// Recurrences with a job in the last 30 days.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn recurrences(&self) -> Result<Items<Recurrence>> {
        self.service.list(&["recurrences"], &[])
    }

    /// Recurrences with a job between two times, which are at most 30 days apart.
    ///
    /// # Errors
    /// Each item as a request of its page; [`ErrorKind::InvalidRequest`] for a longer time.
    pub fn recurrences_between(
        &self,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<Items<Recurrence>> {
        self.between("recurrences", from, to)
    }

    /// A recurrence by id.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it had no job in the last 30 days.
    pub async fn recurrence(&self, id: &str) -> Result<Recurrence> {
        self.service.get(&["recurrences", id]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_quote_their_values() {
        let filter = JobFilter::new()
            .name("it's")
            .state(&JobState::Ended)
            .expression("priority gt 1 or priority lt 0");
        assert_eq!(
            filter.conditions.join(" and "),
            "name eq 'it''s' and state eq 'Ended' and (priority gt 1 or priority lt 0)"
        );
    }

    #[test]
    fn filters_say_only_what_was_asked_for() {
        assert!(JobFilter::new().query().is_empty());
        let filter = JobFilter::new()
            .submitted_since(OffsetDateTime::UNIX_EPOCH)
            .order_by("priority")
            .skip(2)
            .page_size(10);
        let query: Vec<_> = filter.query();
        let query: Vec<_> = query
            .iter()
            .map(|(name, it)| format!("{name}={it}"))
            .collect();
        assert_eq!(
            query,
            [
                "$filter=submitTime ge datetimeoffset'1970-01-01T00:00:00Z'",
                "$orderby=priority",
                "$skip=2",
                "$top=10"
            ]
        );
    }

    #[test]
    fn a_relation_names_only_what_is_there() {
        let id = Uuid::nil();
        let body = Job::usql("n", "s")
            .relation(Relation::recurrence(id))
            .body();
        assert_eq!(body["related"], json!({ "recurrenceId": id.to_string() }));
        assert_eq!(
            (&body["priority"], &body["degreeOfParallelism"]),
            (&json!(1000), &json!(1))
        );
        assert_eq!(body["properties"], json!({ "type": "USql", "script": "s" }));
        let body = Job::usql("n", "s")
            .degree_of_parallelism_percent(12.5)
            .runtime_version("release_2")
            .compile_mode(CompileMode::Full)
            .log_file_patterns(["*.log"])
            .body();
        assert_eq!(
            (
                body.get("degreeOfParallelism"),
                &body["degreeOfParallelismPercent"]
            ),
            (None, &json!(12.5))
        );
        assert_eq!(
            (
                &body["properties"]["runtimeVersion"],
                &body["properties"]["compileMode"],
                &body["logFilePatterns"]
            ),
            (&json!("release_2"), &json!("Full"), &json!(["*.log"]))
        );
    }
}
