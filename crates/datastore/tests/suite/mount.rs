//! Datastores as folders of this machine, mounted for real.

use std::fs;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use azml_datastore::mount::{Mount, Unmounted, is_available};
use azml_datastore::{Datastore, StorageEndpoints};
use azml_test_support::TestEmulator;
use azure_core::http::RetryOptions;
use futures::TryStreamExt;

use crate::suite::content;

/// Whether to go on: continuous integration must be able to mount.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn can_mount() -> bool {
    let can = is_available();
    assert!(
        can || std::env::var_os("CI").is_none(),
        "/dev/fuse cannot be used"
    );
    if !can {
        println!("skipped: /dev/fuse cannot be used");
    }
    can
}

/// Programs that use a mount block their thread: never one of the runtime's.
async fn outside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn stored(datastore: &Datastore, name: &str) -> Vec<u8> {
    let body: Vec<_> = datastore
        .read(name)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    body.concat()
}

struct Folder {
    mount: Mount,
    _parent: tempfile::TempDir,
}

impl Folder {
    async fn of(datastore: &Datastore, path: &str, read_write: bool) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let mut mounting = datastore.mount(parent.path().join("mnt")).path(path);
        if read_write {
            mounting = mounting.read_write();
        }
        Self {
            mount: mounting.await.unwrap(),
            _parent: parent,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.mount.point().join(path)
    }

    async fn end(self) {
        assert_eq!(self.mount.unmount().await.unwrap(), Unmounted::Gone);
    }
}

/// What holds for every kind.
async fn whole(datastore: Datastore) {
    let large = content("large.bin", 20 << 20);
    datastore.write("t/large.bin", large.clone()).await.unwrap();
    datastore
        .write("t/deep/n\u{e4}me +%#&.txt", "text")
        .await
        .unwrap();
    datastore.write("t/empty", "").await.unwrap();
    datastore.write("other", "x").await.unwrap();
    let folder = Folder::of(&datastore, "t", true).await;
    let root = folder.path("");
    let copy = datastore.clone();
    let written = outside(move || {
        let names = |path: PathBuf| {
            let entries = fs::read_dir(path).unwrap();
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(root.clone()), ["deep", "empty", "large.bin"]);
        assert_eq!(fs::read(root.join("large.bin")).unwrap(), large);
        assert_eq!(
            fs::read(root.join("deep/n\u{e4}me +%#&.txt")).unwrap(),
            b"text"
        );
        assert_eq!(fs::read(root.join("empty")).unwrap(), b"");
        let mut file = fs::File::open(root.join("large.bin")).unwrap();
        for at in [15_000_000usize, 100, 4_194_300, 9_999_999] {
            file.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut part = [0; 1000];
            file.read_exact(&mut part).unwrap();
            assert_eq!(part, large[at..at + 1000]);
        }
        let year = fs::metadata(root.join("empty"))
            .unwrap()
            .modified()
            .unwrap();
        assert!(
            year.duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs()
                > 1 << 30
        );
        assert!(!root.join("absent").exists() && !root.join("deep/absent").exists());
        // Writing: new files, in new folders, in the middle, moved, removed.
        fs::create_dir(root.join("new")).unwrap();
        assert_eq!(names(root.join("new")), [""; 0]);
        fs::write(root.join("new/a.bin"), &large[..9 << 20]).unwrap();
        let mut file = fs::File::options()
            .write(true)
            .open(root.join("new/a.bin"))
            .unwrap();
        file.seek(SeekFrom::Start(5 << 20)).unwrap();
        file.write_all(b"here").unwrap();
        drop(file);
        fs::rename(root.join("new/a.bin"), root.join("moved.bin")).unwrap();
        fs::write(root.join("new/b.txt"), "b").unwrap();
        fs::remove_file(root.join("new/b.txt")).unwrap();
        fs::remove_dir(root.join("new")).unwrap();
        assert!(!root.join("new").exists());
        fs::remove_file(root.join("deep/n\u{e4}me +%#&.txt")).unwrap();
        fs::write(root.join("empty"), "no more").unwrap();
        let mut expected = large[..9 << 20].to_vec();
        expected[5 << 20..(5 << 20) + 4].copy_from_slice(b"here");
        assert_eq!(fs::read(root.join("moved.bin")).unwrap(), expected);
        expected
    })
    .await;
    assert_eq!(stored(&copy, "t/moved.bin").await, written);
    assert_eq!(stored(&copy, "t/empty").await, b"no more");
    let gone = copy.properties("t/new/b.txt").await.unwrap();
    assert!(gone.is_none());
    folder.end().await;
    // Read only: nothing can be changed.
    let folder = Folder::of(&datastore, "", false).await;
    let root = folder.path("");
    outside(move || {
        assert_eq!(fs::read(root.join("other")).unwrap(), b"x");
        assert_eq!(fs::read(root.join("t/empty")).unwrap(), b"no more");
        for refused in [
            fs::write(root.join("other"), "y").unwrap_err(),
            fs::remove_file(root.join("other")).unwrap_err(),
            fs::create_dir(root.join("d")).unwrap_err(),
        ] {
            assert_eq!(refused.kind(), ErrorKind::ReadOnlyFilesystem);
        }
    })
    .await;
    folder.end().await;
}

/// storage MT-01.
#[tokio::test(flavor = "multi_thread")]
async fn a_blob_container_as_a_folder() {
    if can_mount() {
        let emulator = TestEmulator::start().await;
        let workspace = crate::workspace(&emulator, StorageEndpoints::default());
        whole(crate::blob(&emulator, &workspace).await).await;
    }
}

/// storage MT-02.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_share_as_a_folder() {
    if can_mount() {
        let emulator = TestEmulator::start().await;
        let workspace = crate::workspace(&emulator, StorageEndpoints::default());
        whole(crate::share(&emulator, &workspace).await).await;
    }
}

/// storage MT-03.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_as_a_folder() {
    if can_mount() {
        let emulator = TestEmulator::start().await;
        let workspace = crate::workspace(&emulator, StorageEndpoints::default());
        whole(crate::lake(&emulator, &workspace).await).await;
    }
}

/// storage MT-04: who has a file open never gets a mixture of two versions of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_written_over_is_missed() {
    if !can_mount() {
        return;
    }
    let emulator = TestEmulator::start().await;
    let workspace = crate::workspace(&emulator, StorageEndpoints::default());
    for datastore in [
        crate::blob(&emulator, &workspace).await,
        crate::share(&emulator, &workspace).await,
    ] {
        datastore.write("f", vec![1; 64 << 20]).await.unwrap();
        let folder = Folder::of(&datastore, "", true).await;
        let path = folder.path("f");
        let mut open = outside(move || {
            let mut open = fs::File::open(path).unwrap();
            open.read_exact(&mut [0; 10]).unwrap();
            open
        })
        .await;
        datastore.write("f", vec![2; 64 << 20]).await.unwrap();
        let refused = outside(move || {
            open.seek(SeekFrom::Start(60 << 20)).unwrap();
            open.read_exact(&mut [0; 10]).unwrap_err()
        })
        .await;
        assert_eq!(
            refused.kind(),
            ErrorKind::StaleNetworkFileHandle,
            "{refused}"
        );
        // Nor is it written over.
        let (path, other) = (folder.path("f"), datastore.clone());
        let mut file = outside(move || {
            let mut file = fs::File::options().append(true).open(path).unwrap();
            file.write_all(b"mine").unwrap();
            file
        })
        .await;
        other.write("f", "theirs").await.unwrap();
        let refused = outside(move || file.flush().and_then(|()| file.sync_all())).await;
        refused.unwrap_err();
        assert_eq!(stored(&datastore, "f").await, b"theirs");
        let error = folder.mount.unmount().await.unwrap_err();
        let text = error.to_string();
        let kept = text.rsplit('\'').nth(1).unwrap();
        assert!(text.contains("kept in"), "{text}");
        fs::remove_dir_all(kept).unwrap();
    }
}

/// storage MT-05: an endpoint that dies is an error, not a hang, and the mount still ends.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_dies_is_an_error() {
    if !can_mount() {
        return;
    }
    let emulator = TestEmulator::start().await;
    let (proxy, datastore) = crate::through_a_proxy_with(&emulator, RetryOptions::none()).await;
    datastore.write("f", vec![1; 64 << 20]).await.unwrap();
    let folder = Folder::of(&datastore, "", false).await;
    let path = folder.path("f");
    let mut open = outside(move || {
        let mut open = fs::File::open(path).unwrap();
        open.read_exact(&mut [0; 10]).unwrap();
        open
    })
    .await;
    drop(proxy);
    let refused = outside(move || {
        open.seek(SeekFrom::Start(60 << 20)).unwrap();
        open.read_exact(&mut [0; 10]).unwrap_err()
    })
    .await;
    // EIO and ETIMEDOUT, by their numbers on Linux.
    let known = [Some(5), Some(110)];
    assert!(known.contains(&refused.raw_os_error()), "{refused}");
    folder.end().await;
}
