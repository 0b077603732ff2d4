//! The environment file: what a shell reads to point its programs at this emulator.

use std::path::Path;

use crate::state::{Error, write_private};

/// Writes one `NAME='value'` per line, atomically and readable by the owner only.
pub(crate) fn write(path: &Path, entries: &[(String, String)]) -> Result<(), Error> {
    write_private(path, render(entries).as_bytes())
}

fn render(entries: &[(String, String)]) -> String {
    entries
        .iter()
        .map(|(name, value)| format!("{name}={}\n", quote(value)))
        .collect()
}

/// A word that a POSIX shell reads back as `value`.
pub(crate) fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_values_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("env");
        let value = "it's $HOME `x` \"y\" \\ a=b; # c";
        write(&path, &[("AZML_TEST".to_owned(), value.to_owned())]).unwrap();
        let output = Command::new("sh")
            .arg("-c")
            .arg("set -a; . \"$0\"; exec printenv AZML_TEST")
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{value}\n")
        );
    }
}
