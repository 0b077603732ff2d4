//! Jobs as they go over the wire.

use serde_json::{Map, Value, json};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::super::runner::Finding;
use super::model::{Audit, Job, JobState};

/// A time that is not set.
pub(super) const UNSET: &str = "0001-01-01T00:00:00+00:00";
const NIL: &str = "00000000-0000-0000-0000-000000000000";
const STORE_DOMAIN: &str = "azuredatalakestore.net";

/// Files of a job that its `resources` list, with their kind.
pub(super) const FILES: &[(&str, &str)] = &[
    ("algebra.xml", "JobManagerResource"),
    ("profile", "StatisticsResource"),
    ("script.usql", "VertexResource"),
    ("diagnosticsjson", "JobManagerResource"),
];

/// A job as in lists.
pub(super) fn basic(job: &Job, in_list: bool) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("jobId", job.id.clone().into());
    put("name", job.name.clone().into());
    put("type", "USql".into());
    put("submitter", job.submitter.clone().into());
    put("degreeOfParallelism", job.parallelism.into());
    put("degreeOfParallelismPercent", json!(0.0));
    put("priority", job.priority.into());
    put("submitTime", time(job.submitted).into());
    if let Some(started) = job.started {
        put("startTime", time(started).into());
    }
    if let Some(ended) = job.ended {
        put("endTime", time(ended).into());
    }
    put("state", job.state.as_str().into());
    put("result", job.result.as_str().into());
    put("logFolder", address(job, "").into());
    put("logFilePatterns", json!(job.log_file_patterns));
    match (&job.related, in_list) {
        (Some(related), _) => {
            put("related", json!(related));
        }
        (None, true) => {
            put("related", json!({}));
        }
        (None, false) => {}
    }
    put("tags", json!(job.tags));
    put("hierarchyQueueNode", "".into());
    shown
}

/// A whole job; the answer to a submission has no script.
pub(super) fn whole(job: &Job, script: Option<&str>) -> Value {
    let mut shown = basic(job, false);
    if !job.errors.is_empty() {
        shown.insert("errorMessage".to_owned(), json!(job.errors));
    }
    let audits: Vec<Value> = job.audits.iter().map(audit).collect();
    shown.insert("stateAuditRecords".to_owned(), audits.into());
    shown.insert("properties".to_owned(), properties(job, script));
    Value::Object(shown)
}

fn audit(audit: &Audit) -> Value {
    let mut shown = json!({ "newState": audit.state.as_str(), "timeStamp": time(audit.time) });
    if let Some(details) = &audit.details {
        shown["details"] = details.clone().into();
    }
    if let Some(user) = &audit.user {
        shown["requestedByUser"] = user.clone().into();
    }
    shown
}

fn properties(job: &Job, script: Option<&str>) -> Value {
    let between = |from: JobState, to: &[JobState]| {
        let begin = job.entered(from);
        let end = to.iter().find_map(|state| job.entered(*state));
        match (begin, end) {
            (Some(begin), Some(end)) => duration(end - begin),
            _ => duration(Duration::ZERO),
        }
    };
    let resources: Vec<Value> = FILES
        .iter()
        .filter(|_| job.compiled)
        .map(|(name, kind)| json!({ "name": name, "resourcePath": address(job, name), "type": kind }))
        .collect();
    let mut shown = json!({
        "type": "USql",
        "owner": job.submitter,
        "runtimeVersion": job.runtime_version,
        "resources": resources,
        "diagnostics": job.findings.iter().map(diagnostic).collect::<Vec<_>>(),
        "totalCompilationTime": between(JobState::Compiling, &[JobState::Queued, JobState::Ended]),
        "totalQueuedTime": between(JobState::Queued, &[JobState::Scheduling, JobState::Ended]),
        "totalRunningTime": between(JobState::Running, &[JobState::Ended]),
        "totalPausedTime": "PT0S",
        "rootProcessNodeId": job.root_process_id.as_deref().unwrap_or(NIL),
        "yarnApplicationId": 0,
        "yarnApplicationTimeStamp": 0,
        "compileMode": job.compile_mode,
        "errorSource": job.error_source.as_deref().unwrap_or("Unknown"),
        "expirationTimeUtc": "0001-01-01T00:00:00",
    });
    if job.compiled {
        shown["algebraFilePath"] = address(job, "algebra.xml").into();
    }
    if let Some(script) = script {
        shown["script"] = script.into();
    }
    shown
}

/// A finding as `properties.diagnostics` lists it.
pub(super) fn diagnostic(finding: &Finding) -> Value {
    let (line, column, start, end) = finding.place.map_or((0, 0, 0, 0), |place| {
        (place.line, place.column, place.start, place.end)
    });
    json!({
        "severity": finding.severity,
        "lineNumber": line,
        "columnNumber": column,
        "start": start,
        "end": end,
        "message": format!("{}: {}", finding.code, finding.message),
    })
}

/// A finding as `errorMessage` lists it.
pub(super) fn error(finding: &Finding) -> Value {
    let (line, start, end) = finding
        .place
        .map_or((0, 0, 0), |place| (place.line, place.start, place.end));
    json!({
        "errorId": finding.code,
        "name": finding.code.rsplit('_').next().unwrap_or_default(),
        "severity": finding.severity,
        "source": "USER",
        "component": finding.component,
        "message": finding.message,
        "description": finding.description,
        "details": finding.details,
        "lineNumber": line,
        "startOffset": start,
        "endOffset": end,
        "resolution": finding.resolution,
        "filePath": "",
        "helpLink": "",
        "internalDiagnostics": "",
    })
}

/// `GetStatistics`
pub(super) fn statistics(job: &Job) -> Value {
    let at = job.ended.or(job.started).unwrap_or(job.submitted);
    let stages: Vec<Value> = job
        .stages
        .iter()
        .map(|stage| {
            let span = duration(Duration::milliseconds(
                i64::try_from(stage.milliseconds).unwrap_or(i64::MAX),
            ));
            json!({
                "stageName": stage.name,
                "totalCount": stage.vertices,
                "succeededCount": stage.vertices,
                "failedCount": 0,
                "runningCount": 0,
                "scheduledCount": 0,
                "revocationCount": 0,
                "duplicateDiscardCount": 0,
                "readFailureCount": 0,
                "totalProgress": 100,
                "dataRead": stage.data_read,
                "dataReadCrossPod": 0,
                "dataReadIntraPod": 0,
                "dataToRead": stage.data_read,
                "dataWritten": stage.data_written,
                "tempDataWritten": 0,
                "maxVertexDataRead": stage.data_read,
                "minVertexDataRead": 0,
                "totalSucceededTime": span,
                "totalFailedTime": "PT0S",
                "totalExecutionTime": span,
                "totalPeakMemUsage": 0,
            })
        })
        .collect();
    json!({ "lastUpdateTimeUtc": time(at), "finalizingTimeUtc": time(at), "stages": stages })
}

/// `GetDebugDataPath`
pub(super) fn debug_data(job: &Job) -> Value {
    let paths: Vec<String> = FILES
        .iter()
        .filter(|_| job.compiled)
        .map(|(name, _)| address(job, name))
        .collect();
    json!({ "jobId": job.id, "command": "", "paths": paths })
}

fn address(job: &Job, name: &str) -> String {
    format!("adl://{}.{STORE_DOMAIN}{}{name}", job.store, job.folder())
}

/// Times as the job service writes them: an offset and seven fractional digits.
pub(super) fn time(time: OffsetDateTime) -> String {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]+00:00"
    );
    time.to_offset(UtcOffset::UTC)
        .format(&format)
        .expect("a UTC time has all the parts of the format")
}

/// `PT11.5780243S`
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.whole_seconds().max(0);
    let ticks = duration.subsec_nanoseconds().max(0) / 100;
    if ticks == 0 {
        return format!("PT{seconds}S");
    }
    let fraction = format!("{ticks:07}");
    format!("PT{seconds}.{}S", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_iso_8601() {
        for (nanoseconds, expected) in [
            (0, "PT0S"),
            (11_578_024_300, "PT11.5780243S"),
            (500_000_000, "PT0.5S"),
            (3_600_000_000_000, "PT3600S"),
            (-5, "PT0S"),
        ] {
            assert_eq!(duration(Duration::nanoseconds(nanoseconds)), expected);
        }
    }
}
