//! Data Lake: the steps of the article "Manage Azure Data Lake Analytics using Python", from Rust.

use azml::datalake_analytics::{
    DataLake, FileSystem, Job, JobFilter, JobResult, Jobs, ObjectType, PolicyLimits, Relation,
};
use azml_core::env::Environment;
use futures::TryStreamExt as _;
use uuid::Uuid;

use super::artefacts::Artefacts;
use super::stage::{Stage, Stopped};
use crate::failure::{Failure, Result};

const GROUP: &str = "quickstart";
const LOCATION: &str = "East US 2";
const STORE: &str = "quickstartlake";
const ACCOUNT: &str = "quickstartadla";
/// The article's script.
const SCRIPT: &str = "\
@a = SELECT * FROM (VALUES (\"Contoso\", 1500.0), (\"Woodgrove\", 2700.0)) AS D( customer, amount );
OUTPUT @a TO \"/data.csv\" USING Outputters.Csv();
";
/// What it writes, as the service wrote it.
const RESULT: &str = "\"Contoso\",1500\r\n\"Woodgrove\",2700\r\n";
/// A word is misspelt at line 1, column 18.
const MISSPELT: &str = "DROP DATABASE IF EXIST FOO; CREATE DATABASE FOO;";
const NOTES: &str = "# A file in a Data Lake Store (Gen1)\n";

/// Takes the services through their steps.
pub(super) async fn steps(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let artefacts = stage.artefacts;
    let environment = Environment::from_pairs(stage.emulator.environment());
    let lake =
        DataLake::from_environment(&environment).map_err(|error| Stopped::Tour(error.into()))?;
    let lake = &lake;
    stage
        .step("sign in and create a resource group", group(lake))
        .await?;
    stage
        .step("create a Data Lake Store account", store(lake))
        .await?;
    stage
        .step("create a Data Lake Analytics account", account(lake))
        .await?;
    let files = &lake
        .files(STORE)
        .map_err(|error| Stopped::Tour(error.into()))?;
    stage
        .step("write, move and list files", write(files))
        .await?;
    let jobs = &lake
        .jobs(ACCOUNT)
        .map_err(|error| Stopped::Tour(error.into()))?;
    stage
        .step("check a script that does not compile", check(jobs))
        .await?;
    stage
        .step(
            "submit a job and read what it wrote",
            submit(jobs, files, artefacts),
        )
        .await?;
    stage
        .step("list jobs, pipelines and recurrences", list(jobs))
        .await?;
    stage.step("set a compute policy", policy(lake)).await
}

async fn group(lake: &DataLake) -> Result<((), String)> {
    let group = lake
        .resource_groups()
        .create_or_update(GROUP, LOCATION)
        .await?;
    Ok(((), format!("`{}` in {}", group.name, group.location)))
}

async fn store(lake: &DataLake) -> Result<((), String)> {
    let store = lake.stores().create(GROUP, STORE, LOCATION).await?.await?;
    Ok(((), store.endpoint.unwrap_or_default()))
}

async fn account(lake: &DataLake) -> Result<((), String)> {
    let account = lake
        .accounts()
        .create(GROUP, ACCOUNT, LOCATION, STORE)
        .await?
        .await?;
    let units = account.limits.max_degree_of_parallelism.unwrap_or_default();
    Ok(((), format!("at most {units} analytics units")))
}

async fn write(files: &FileSystem) -> Result<((), String)> {
    files.write("/incoming/notes.txt", NOTES, false).await?;
    files
        .rename("/incoming/notes.txt", "/notes/read me.txt")
        .await?;
    let names: Vec<String> = files
        .list("/")
        .map_ok(|entry| entry.path_suffix)
        .try_collect()
        .await?;
    if files.read("/notes/read me.txt").await? != NOTES.as_bytes() {
        return Err(Failure::new("the file came back changed"));
    }
    Ok(((), names.join(", ")))
}

async fn check(jobs: &Jobs) -> Result<((), String)> {
    let built = jobs.build(&Job::usql("misspelt", MISSPELT)).await?;
    match built.properties.diagnostics.first() {
        Some(found) => Ok((
            (),
            format!(
                "line {}, column {}: {}",
                found.line_number, found.column_number, found.message
            ),
        )),
        None => Err(Failure::new("the misspelt word was not found")),
    }
}

async fn submit(jobs: &Jobs, files: &FileSystem, artefacts: &Artefacts) -> Result<((), String)> {
    let relation = Relation::recurrence(Uuid::new_v4());
    let job = Job::usql("Sample Job", SCRIPT).relation(relation);
    let submitted = jobs.submit(&job).await?;
    let ended = jobs.wait(&submitted.job_id).await?;
    if ended.result != JobResult::Succeeded {
        return Err(Failure::new(format!("the job ended as {}", ended.result)));
    }
    let written = files.read("/data.csv").await?;
    if written != RESULT.as_bytes() {
        return Err(Failure::new("the job's output is not what it should be"));
    }
    artefacts.write("data.csv", "what the job's script wrote", &written)?;
    let states: Vec<&str> = ended
        .state_audit_records
        .iter()
        .map(|audit| audit.new_state.as_str())
        .collect();
    let trail = states.join(", ");
    artefacts.write(
        "job.txt",
        "the states that a job went through",
        format!("{trail}\n").as_bytes(),
    )?;
    Ok(((), trail))
}

async fn list(jobs: &Jobs) -> Result<((), String)> {
    let listed: Vec<_> = jobs
        .list(&JobFilter::new().name("Sample Job"))?
        .try_collect()
        .await?;
    let pipelines: Vec<_> = jobs.pipelines()?.try_collect().await?;
    let recurrences: Vec<_> = jobs.recurrences()?.try_collect().await?;
    let counts = format!(
        "{}, {}, {}",
        listed.len(),
        pipelines.len(),
        recurrences.len()
    );
    if (listed.len(), recurrences.len()) != (1, 1) {
        return Err(Failure::new(format!(
            "the lists are not as expected: {counts}"
        )));
    }
    Ok(((), counts))
}

async fn policy(lake: &DataLake) -> Result<((), String)> {
    let limits = PolicyLimits {
        max_degree_of_parallelism_per_job: Some(50),
        min_priority_per_job: Some(250),
    };
    let policies = lake.policies(GROUP, ACCOUNT);
    let someone = Uuid::new_v4().to_string();
    let policy = policies
        .create_or_update("GaryMcDaniel", &someone, &ObjectType::User, &limits)
        .await?;
    Ok((
        (),
        format!("`{}`: at most 50 units, priority 250 or later", policy.name),
    ))
}
