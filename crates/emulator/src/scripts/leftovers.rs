//! Folders of scripts that an emulator left behind because it was killed. Their names tell which process made them.

use std::path::Path;

const PREFIX: &str = "azml-scripts-";

/// How the folder of this process begins.
pub(super) fn prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// Removes what processes that are gone have left. What cannot be removed is somebody else's.
pub(super) fn remove() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let made_by = name.to_str().and_then(made_by);
        if made_by.is_some_and(|process| !is_running(process)) {
            // Best effort: it may be gone already.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The process whose folder is called so.
fn made_by(name: &str) -> Option<u32> {
    let (process, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    (!rest.is_empty()).then(|| process.parse().ok())?
}

/// Whether there is such a process; where that cannot be told, there is.
fn is_running(process: u32) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(process.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_processes_that_are_gone_are_leftovers() {
        assert_eq!(
            made_by(&format!("{}x1", prefix())),
            Some(std::process::id())
        );
        assert_eq!(made_by("azml-scripts-17-abc"), Some(17));
        for name in [
            "azml-scripts-",
            "azml-scripts-abc",
            "azml-scripts-17-",
            "azml-17-abc",
        ] {
            assert_eq!(made_by(name), None, "{name}");
        }
        assert!(is_running(std::process::id()));
        // Process numbers end far below.
        assert!(!is_running(u32::MAX) || !Path::new("/proc/self").exists());
    }
}
