//! `azml datastore mount`: a folder that goes away with Ctrl-C, with `umount`, and after its
//! process has died.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Stdio};

use crate::running::{Lab, send_signal};

/// A mount in a process of its own; killed when dropped.
struct Mounting {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Mounting {
    /// Mounts and waits until the folder is there.
    #[track_caller]
    fn start(lab: &Lab, more: &[&str]) -> Self {
        let mut command = lab.user.command(["datastore", "mount", "photos", "mnt"]);
        let mut child = command
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut said = String::new();
        while !said.contains("Ctrl-C unmounts it") {
            let read = stderr.read_line(&mut said).expect("it can be read");
            assert_ne!(read, 0, "the mount ended: {said}");
        }
        Self { child, stderr }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        send_signal(self.child.id(), signal);
    }

    /// The exit status, and what it said at its end.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("text");
        let status = self.child.wait().expect("it is our child");
        (status.code(), said)
    }
}

impl Drop for Mounting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes a folder away that a failed test left.
struct Cleared(PathBuf);

impl Drop for Cleared {
    fn drop(&mut self) {
        let _ = azml::datastore::mount::unmount(&self.0, true);
    }
}

#[test]
fn a_folder_shows_a_datastore_until_it_is_unmounted() {
    if !azml::datastore::mount::is_available() {
        assert!(std::env::var_os("CI").is_none(), "/dev/fuse cannot be used");
        println!("skipped: /dev/fuse cannot be used");
        return;
    }
    let lab = Lab::start();
    let azml = |words: &str| {
        let arguments: Vec<_> = words.split(' ').collect();
        lab.user.azml(&arguments)
    };
    azml("datastore register blob photos --account devstoreaccount1 --container photos --create")
        .success();
    std::fs::create_dir(lab.user.path("data")).expect("made");
    std::fs::write(lab.user.path("data/a.txt"), "one\n").expect("written");
    azml("datastore upload photos data --to train").success();
    let point = lab.user.path("mnt");
    let _cleared = Cleared(point.clone());
    let file = point.join("a.txt");

    // Ctrl-C.
    let mounting = Mounting::start(&lab, &["--path", "train"]);
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "one\n");
    azml("datastore mount photos mnt")
        .exit(1)
        .says(&["already", "hint: "]);
    mounting.signal(rustix::process::Signal::INT);
    let (status, said) = mounting.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("unmounted"), "{said}");
    assert!(!file.exists());

    // A process that dies leaves a dead folder, which the next mount removes.
    let mounting = Mounting::start(&lab, &["--path", "train"]);
    mounting.signal(rustix::process::Signal::KILL);
    mounting.end();
    let dead = std::fs::read_dir(&point).expect_err("nobody answers");
    assert_eq!(dead.kind(), std::io::ErrorKind::NotConnected);
    let mounting = Mounting::start(&lab, &["--path", "train", "--read-write"]);
    std::fs::write(point.join("b.txt"), "two\n").expect("written");
    let printed = azml("datastore cat photos train/b.txt").success();
    assert_eq!(printed.stdout, "two\n");

    // Busy, then from outside.
    let open = std::fs::File::open(&file).expect("there");
    azml("datastore umount mnt")
        .exit(1)
        .says(&["in use", "hint: "]);
    drop(open);
    azml("datastore umount mnt").success();
    let (status, said) = mounting.end();
    assert_eq!(status, Some(0), "{said}");
    azml("datastore umount mnt").exit(1).says(&["no datastore"]);

    // A file that is open keeps Ctrl-C from nothing.
    let mounting = Mounting::start(&lab, &["--path", "train"]);
    let open = std::fs::File::open(&file).expect("there");
    mounting.signal(rustix::process::Signal::TERM);
    let (status, said) = mounting.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("in use") && !file.exists(), "{said}");
    drop(open);
}
