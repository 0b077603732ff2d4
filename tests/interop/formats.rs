//! The text formats against azureml 0.2.7 on pandas, over generated texts and columns: what is
//! read, and what is written of it, byte for byte.

#![expect(
    clippy::unwrap_used,
    reason = "a comparison that cannot be made is a failure"
)]

mod generate;
mod reading;
mod writing;

use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

/// Answers of `formats.py` to cases, in their order.
fn ask(what: &str, cases: &[Value]) -> Vec<Value> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for case in cases {
        writeln!(file, "{case}").unwrap();
    }
    file.flush().unwrap();
    let output = Command::new(azml_tests::python("studio"))
        .arg(azml_tests::script("formats.py"))
        .arg(what)
        .arg(file.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let answers: Vec<Value> = output
        .stdout
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(answers.len(), cases.len(), "{errors}");
    answers
}
