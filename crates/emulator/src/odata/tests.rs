use std::collections::HashMap;

use serde_json::{Value, json};

use super::list::Page;
use super::*;

const FIELDS: Fields = &[
    ("jobId", FieldType::Name),
    ("name", FieldType::Text),
    ("submitter", FieldType::Text),
    ("state", FieldType::Name),
    ("priority", FieldType::Number),
    ("submitTime", FieldType::Time),
    ("related/pipelineId", FieldType::Name),
];

const PIPELINE: &str = "0f0c9f4f-7f83-4b5e-a9f4-01b6fd0e0be5";

fn jobs() -> Vec<Value> {
    (1..=5)
        .map(|n| {
            json!({
                "jobId": format!("00000000-0000-0000-0000-00000000000{n}"),
                "name": if n == 3 { "it's".to_owned() } else { format!("Job {n}") },
                "submitter": "dev@azml.localhost",
                "state": if n % 2 == 0 { "Running" } else { "Ended" },
                "priority": n * 100,
                "submitTime": format!("2020-08-27T03:20:3{n}.0945484+00:00"),
                "related": if n == 5 { json!({"pipelineId": PIPELINE}) } else { json!({}) },
            })
        })
        .collect()
}

fn page(options: &[(&str, &str)]) -> Result<Page, QueryError> {
    let query: HashMap<_, _> = options
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok(ListOptions::read(&query, FIELDS, "submitTime desc")?.apply(jobs()))
}

fn found(filter: &str) -> Vec<u64> {
    let page = page(&[("$filter", filter), ("$orderby", "submitTime")]).unwrap();
    page.items
        .iter()
        .map(|job| job["priority"].as_u64().unwrap() / 100)
        .collect()
}

/// adla J14: every form of literal, operator and function.
#[test]
fn filters_select_what_they_say() {
    let cases: &[(&str, &[u64])] = &[
        ("state eq 'ended'", &[1, 3, 5]),
        ("state ne 'Ended'", &[2, 4]),
        ("name eq 'it''s'", &[3]),
        ("name eq 'job 1'", &[]),
        ("tolower(name) eq 'job 1'", &[1]),
        ("toupper(name) eq 'JOB 1'", &[1]),
        ("priority ge 300 and priority lt 500", &[3, 4]),
        ("priority gt 200.5 and priority le 4e2", &[3, 4]),
        ("not (state eq 'Ended') or priority eq 100", &[1, 2, 4]),
        (
            "priority eq 100 or priority eq 200 and state eq 'Ended'",
            &[1],
        ),
        (
            "submitTime ge datetimeoffset'2020-08-27T03:20:34Z'",
            &[4, 5],
        ),
        ("submitTime lt datetime'2020-08-27T03:20:32'", &[1]),
        ("submitTime ge 2020-08-27T05:20:35+02:00", &[5]),
        ("submitTime lt 2020-08-27", &[]),
        (
            "related/pipelineId eq guid'0F0C9F4F-7F83-4B5E-A9F4-01B6FD0E0BE5'",
            &[5],
        ),
        (
            "related/pipelineId eq 0f0c9f4f-7f83-4b5e-a9f4-01b6fd0e0be5",
            &[5],
        ),
        ("related/pipelineId ne null", &[5]),
        ("startswith(name,'Job') and endswith(name, '4')", &[4]),
        ("substringof('t''s', name) or contains(name,'b 2')", &[2, 3]),
        ("true eq true and priority eq 100", &[1]),
        (
            "submitter eq 'dev@azml.localhost' and name eq 'Job 5' and (state eq 'Ended' or state eq 'Running') \
             and submitTime ge datetimeoffset'2020-01-01T00:00:00Z' and related/pipelineId eq guid'0f0c9f4f-7f83-4b5e-a9f4-01b6fd0e0be5'",
            &[5],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(found(filter), *expected, "{filter}");
    }
}

/// adla J14: a bad filter is an error that names the place, never a silent match.
#[test]
fn bad_options_are_refused() {
    let deep = format!("{}priority eq 1{}", "(".repeat(200), ")".repeat(200));
    let lower = format!("{}name{} eq 'x'", "tolower(".repeat(200), ")".repeat(200));
    let cases: &[(&str, &str)] = &[
        ("$filter", "colour eq 'red'"),
        ("$filter", "state"),
        ("$filter", "state eq"),
        ("$filter", "state is 'Ended'"),
        ("$filter", "state eq 'Ended' state"),
        ("$filter", "(state eq 'Ended'"),
        ("$filter", "state eq 'Ended"),
        ("$filter", "priority eq 'high'"),
        ("$filter", "priority eq true"),
        ("$filter", "submitTime ge datetimeoffset'yesterday'"),
        ("$filter", "related/pipelineId eq guid'1'"),
        ("$filter", "startswith(priority,'1')"),
        ("$filter", "startswith(name 'a')"),
        ("$filter", "length(name) eq 3"),
        ("$filter", &deep),
        ("$filter", &lower),
        ("$orderby", "colour"),
        ("$orderby", "state sideways"),
        ("$orderby", "state asc desc"),
        ("$orderby", "state,,name"),
        ("$top", "0"),
        ("$top", "-1"),
        ("$top", "many"),
        ("$skip", "0"),
        ("$select", "colour"),
        ("$count", "yes"),
    ];
    for (option, value) in cases {
        assert!(page(&[(option, value)]).is_err(), "{option}={value}");
    }
}

/// adla J13: a page has a continuation until the last one.
#[test]
fn pages_continue_where_they_stopped() {
    let first = page(&[
        ("$orderby", "submitTime desc"),
        ("$top", "2"),
        ("$count", "true"),
    ])
    .unwrap();
    assert_eq!(first.items[0]["name"], "Job 5");
    assert_eq!(
        (first.items.len(), first.count, first.next_skip),
        (2, 5, Some(2))
    );
    let last = page(&[
        ("$orderby", "submitTime desc"),
        ("$top", "2"),
        ("$skip", "4"),
    ])
    .unwrap();
    assert_eq!(last.items[0]["name"], "Job 1");
    assert_eq!((last.items.len(), last.count, last.next_skip), (1, 0, None));
    let query: HashMap<_, _> = [
        ("$top".to_owned(), "2".to_owned()),
        ("$filter".to_owned(), "a eq 'b&c'".to_owned()),
    ]
    .into();
    assert_eq!(
        next_link("https://h:1/jobs", &query, 2),
        "https://h:1/jobs?%24filter=a+eq+%27b%26c%27&%24top=2&%24skip=2"
    );
    let sorted = page(&[("$orderby", "state, priority desc")]).unwrap();
    let names: Vec<_> = sorted
        .items
        .iter()
        .map(|job| job["priority"].as_u64().unwrap())
        .collect();
    assert_eq!(names, [500, 300, 100, 400, 200]);
}

/// adla J15
#[test]
fn select_keeps_only_the_named_members() {
    let page = page(&[
        ("$select", "jobId, related"),
        ("$filter", "priority eq 500"),
    ])
    .unwrap();
    let expected = json!({
        "jobId": "00000000-0000-0000-0000-000000000005",
        "related": {"pipelineId": PIPELINE},
    });
    assert_eq!(page.items, [expected]);
}
