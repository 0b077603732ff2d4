//! Power that fails: whatever was acknowledged is there afterwards, although everything that was not
//! flushed to the disk is lost. The disk is that of `power_loss.c`, loaded into the emulator.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

/// A directory whose files are lost unless they are flushed.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let disk = Self { folder };
        for name in ["data", "kept"] {
            std::fs::create_dir(disk.path(name)).expect("a directory");
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("chaos/power_loss.c");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(disk.path("library.so"))
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("a C compiler");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        disk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// What makes a process write to this disk.
    pub(crate) fn variables(&self) -> [(&'static str, OsString); 3] {
        [
            ("LD_PRELOAD", self.path("library.so").into()),
            ("POWER_LOSS_ROOT", self.data().into()),
            ("POWER_LOSS_KEPT", self.path("kept").into()),
        ]
    }

    /// What is left when the power has failed, which is when every process was killed.
    pub(crate) fn after_failure(&self) -> TempDir {
        let left = tempfile::tempdir().expect("a temporary directory");
        let about = std::fs::metadata(self.data()).expect("the directory is there");
        let made = about.created().expect("the file system keeps this time");
        let made = made.duration_since(UNIX_EPOCH).expect("after 1970");
        let id = format!("{}-{}-{}", about.ino(), made.as_secs(), made.subsec_nanos());
        self.restore(&id, left.path());
        left
    }

    fn restore(&self, id: &str, into: &Path) {
        // A directory that was never flushed has lost its names.
        let names = std::fs::read_to_string(self.path("kept").join(id)).unwrap_or_default();
        for line in names.lines() {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().expect("kind, id and name");
            let (kind, id, place) = (word(), word(), into.join(word()));
            if kind == "d" {
                std::fs::create_dir(&place).expect("a directory");
                self.restore(id, &place);
            } else if std::fs::copy(self.path("kept").join(id), &place).is_err() {
                // Its name was flushed, its bytes never.
                std::fs::write(&place, "").expect("an empty file");
            }
        }
    }
}

/// storage CH-03: the disk loses what it is meant to lose, and nothing else.
#[test]
fn the_disk_keeps_what_was_flushed() {
    let disk = Disk::new();
    let commands = "cd \"$POWER_LOSS_ROOT\" && mkdir a b && printf kept > a/one && sync a/one a && \
                    printf ' and lost' >> a/one && printf lost > a/two && sync a . && \
                    printf lost > b/three && sync b/three && printf lost > late";
    let status = Command::new("sh")
        .args(["-c", commands])
        .envs(disk.variables())
        .status();
    assert!(status.expect("a shell").success());
    let left = disk.after_failure();
    let read = |name: &str| std::fs::read_to_string(left.path().join(name)).ok();
    assert_eq!(read("a/one").as_deref(), Some("kept"));
    assert_eq!(read("a/two").as_deref(), Some(""));
    assert!(left.path().join("b").is_dir());
    assert_eq!((read("b/three"), read("late")), (None, None));
}
