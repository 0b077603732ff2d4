//! Real mounts of a backend in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Backend, Cause, Failure, File, Found, Mount, MountError, MountOptions, Over, Result, Unmounted,
    is_available, unmount,
};

/// Files in memory by their paths, and how often they were asked for.
#[derive(Debug, Default)]
struct Memory {
    files: Mutex<BTreeMap<String, (Bytes, u64)>>,
    writes: AtomicU64,
    lists: AtomicU64,
    reads: AtomicU64,
}

impl Memory {
    fn put(&self, path: &str, content: impl Into<Bytes>) {
        let version = self.writes.fetch_add(1, Ordering::Relaxed);
        let mut files = self.files.lock().unwrap();
        files.insert(path.to_owned(), (content.into(), version));
    }

    fn text(&self, path: &str) -> Option<String> {
        let files = self.files.lock().unwrap();
        let (content, _) = files.get(path)?;
        Some(String::from_utf8(content.to_vec()).unwrap())
    }

    fn shown((content, version): &(Bytes, u64)) -> File {
        File {
            length: content.len() as u64,
            etag: version.to_string().into(),
            modified: UNIX_EPOCH + Duration::from_secs(1000),
        }
    }
}

#[async_trait]
impl Backend for Memory {
    async fn entries(&self, folder: &str) -> Result<Vec<(String, Found)>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let start = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let files = self.files.lock().unwrap();
        let entries = files.iter().filter_map(|(path, file)| {
            let rest = path.strip_prefix(&start)?;
            Some(match rest.split_once('/') {
                Some((folder, _)) => (folder.to_owned(), Found::Folder),
                None => (rest.to_owned(), Found::File(Self::shown(file))),
            })
        });
        let entries: BTreeMap<String, Found> =
            entries.filter(|(name, _)| !name.is_empty()).collect();
        Ok(entries.into_iter().collect())
    }

    async fn file(&self, path: &str) -> Result<Option<File>> {
        Ok(self.files.lock().unwrap().get(path).map(Self::shown))
    }

    async fn read(&self, path: &str, range: Range<u64>, etag: &str) -> Result<Bytes> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let files = self.files.lock().unwrap();
        let file = files.get(path).ok_or_else(|| Failure::absent(path))?;
        if *Self::shown(file).etag != *etag {
            return Err(Failure::new(Cause::Changed, "another version"));
        }
        let index = |at: u64| usize::try_from(at).unwrap();
        Ok(file.0.slice(index(range.start)..index(range.end)))
    }

    async fn write(&self, path: &str, from: &Path, over: &Over) -> Result<File> {
        let there = self.file(path).await?;
        let holds = match over {
            Over::Nothing => there.is_none(),
            Over::Version(etag) => there.is_some_and(|file| file.etag == *etag),
        };
        if !holds {
            return Err(Failure::new(Cause::Changed, "another version"));
        }
        self.put(path, fs::read(from)?);
        Ok(self.file(path).await?.unwrap())
    }

    async fn remove(&self, path: &str) -> Result<()> {
        let removed = self.files.lock().unwrap().remove(path);
        removed.map(drop).ok_or_else(|| Failure::absent(path))
    }

    async fn rename(&self, from: &str, to: &str, replace: bool) -> Result<()> {
        let mut files = self.files.lock().unwrap();
        if !replace && files.contains_key(to) {
            return Err(Failure::new(Cause::Exists, "there"));
        }
        let file = files.remove(from).ok_or_else(|| Failure::absent(from))?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    async fn make_folder(&self, path: &str) -> Result<()> {
        self.put(&format!("{path}/"), "");
        Ok(())
    }

    async fn remove_folder(&self, path: &str) -> Result<()> {
        self.files.lock().unwrap().remove(&format!("{path}/"));
        Ok(())
    }
}

struct Mounted {
    memory: Arc<Memory>,
    mount: Mount,
    folder: tempfile::TempDir,
}

impl Mounted {
    /// `None`, with a note, where nothing can be mounted; continuous integration must.
    async fn of(memory: Memory, change: impl FnOnce(&mut MountOptions)) -> Option<Self> {
        if !is_available() {
            assert!(std::env::var_os("CI").is_none(), "/dev/fuse cannot be used");
            println!("skipped: /dev/fuse cannot be used");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let memory = Arc::new(memory);
        let mut options = MountOptions {
            name: "memory".to_owned(),
            block_bytes: 64 << 10,
            ..MountOptions::default()
        };
        change(&mut options);
        let backend: Arc<dyn Backend> = memory.clone();
        let mount = Mount::start(backend, &folder.path().join("mnt"), options).await;
        Some(Self {
            mount: mount.unwrap(),
            memory,
            folder,
        })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.mount.point().join(path)
    }

    async fn end(self) {
        assert_eq!(self.mount.unmount().await.unwrap(), Unmounted::Gone);
        let point = self.folder.path().join("mnt");
        assert_eq!(fs::read_dir(point).unwrap().count(), 0);
    }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..251u8).cycle().take(length).collect()
}

/// Programs that use a mount block their thread: never one of the runtime's.
async fn outside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_shows_and_is_read() {
    let memory = Memory::default();
    let large = bytes(1_000_003);
    memory.put("a/large", large.clone());
    memory.put("a/b/\u{e4} x.txt", "text");
    memory.put("empty", "");
    memory.put("bad//name", "x");
    let Some(mounted) = Mounted::of(memory, |_| ()).await else {
        return;
    };
    let root = mounted.path("");
    outside(move || {
        let names = |path: &Path| {
            let entries = fs::read_dir(path).unwrap();
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&root), ["a", "bad", "empty"]);
        assert_eq!(names(&root.join("a")), ["b", "large"]);
        assert_eq!(names(&root.join("bad")), [""; 0]);
        assert_eq!(fs::read(root.join("a/large")).unwrap(), large);
        assert_eq!(fs::read(root.join("a/b/\u{e4} x.txt")).unwrap(), b"text");
        assert_eq!(fs::read(root.join("empty")).unwrap(), b"");
        let metadata = fs::metadata(root.join("a/large")).unwrap();
        assert_eq!(
            (metadata.len(), metadata.mode() & 0o777),
            (1_000_003, 0o444)
        );
        assert_eq!(metadata.mtime(), 1000);
        // Here and there, across blocks, and beyond the end.
        let mut file = fs::File::open(root.join("a/large")).unwrap();
        for at in [999_000usize, 5, 65_530, 500_000, 131_071, 0] {
            file.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut part = vec![0; 2000];
            let read = file.read(&mut part).unwrap();
            assert_eq!(
                part[..read],
                large[at..(at + 2000).min(large.len())][..read]
            );
        }
        file.seek(SeekFrom::Start(2_000_000)).unwrap();
        assert_eq!(file.read(&mut [0; 10]).unwrap(), 0);
        for (path, kind) in [
            ("absent", std::io::ErrorKind::NotFound),
            ("a/absent/x", std::io::ErrorKind::NotFound),
            ("empty/x", std::io::ErrorKind::NotADirectory),
        ] {
            assert_eq!(
                fs::metadata(root.join(path)).unwrap_err().kind(),
                kind,
                "{path}"
            );
        }
        let refused = fs::write(root.join("new"), "x").unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    })
    .await;
    mounted.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_listed_once_and_a_block_read_once() {
    let memory = Memory::default();
    for number in 0..2000 {
        memory.put(&format!("many/{number:04}"), "x");
    }
    memory.put("large", bytes(640 << 10));
    let Some(mounted) = Mounted::of(memory, |options| {
        options.believed_for = Duration::from_secs(600);
        // One block, whichever request of the kernel comes first.
        options.block_bytes = 1 << 20;
    })
    .await
    else {
        return;
    };
    let root = mounted.path("");
    let work = move || {
        let many = root.join("many");
        assert_eq!(fs::read_dir(&many).unwrap().count(), 2000);
        for entry in fs::read_dir(&many).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().len(), 1);
        }
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let path = root.join("large");
                std::thread::spawn(move || assert_eq!(fs::read(path).unwrap().len(), 640 << 10))
            })
            .collect();
        for reader in readers {
            reader.join().unwrap();
        }
    };
    outside(work).await;
    // The root to find `many`, then `many`.
    assert!(mounted.memory.lists.load(Ordering::Relaxed) <= 2);
    assert_eq!(mounted.memory.reads.load(Ordering::Relaxed), 1);
    mounted.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_stays_or_is_missed_but_never_mixed() {
    let memory = Memory::default();
    memory.put("file", bytes(640 << 10));
    let Some(mounted) = Mounted::of(memory, |options| {
        options.believed_for = Duration::ZERO;
        options.cache_bytes = 64 << 10;
    })
    .await
    else {
        return;
    };
    let path = mounted.path("file");
    let (memory, file) = (Arc::clone(&mounted.memory), path.clone());
    outside(move || {
        let mut open = fs::File::open(&file).unwrap();
        open.read_exact(&mut [0; 10]).unwrap();
        memory.put("file", vec![7; 700 << 10]);
        open.seek(SeekFrom::Start(600 << 10)).unwrap();
        let refused = open.read_exact(&mut [0; 10]).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(nix::libc::ESTALE), "{refused}");
        // Who opens it again gets the new one, all of it.
        let whole = fs::read(&file).unwrap();
        assert!(whole.len() == 700 << 10 && whole.iter().all(|byte| *byte == 7));
    })
    .await;
    mounted.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_stored_at_its_end() {
    let memory = Memory::default();
    memory.put("old", "0123456789");
    let Some(mounted) = Mounted::of(memory, |options| options.read_write = true).await else {
        return;
    };
    let (root, memory) = (mounted.path(""), Arc::clone(&mounted.memory));
    outside(move || {
        let mut file = fs::File::create(root.join("new")).unwrap();
        file.write_all(b"some").unwrap();
        assert_eq!(memory.text("new"), None, "not before it is closed");
        assert_eq!(fs::metadata(root.join("new")).unwrap().len(), 4);
        file.write_all(b"thing").unwrap();
        drop(file);
        assert_eq!(memory.text("new").as_deref(), Some("something"));
        assert_eq!(fs::read(root.join("new")).unwrap(), b"something");
        // In the middle of what is there, at its end, cut, and replaced.
        let mut file = fs::File::options()
            .write(true)
            .open(root.join("old"))
            .unwrap();
        file.seek(SeekFrom::Start(3)).unwrap();
        file.write_all(b"abc").unwrap();
        drop(file);
        assert_eq!(memory.text("old").as_deref(), Some("012abc6789"));
        let mut file = fs::File::options()
            .append(true)
            .open(root.join("old"))
            .unwrap();
        file.write_all(b"!").unwrap();
        drop(file);
        assert_eq!(memory.text("old").as_deref(), Some("012abc6789!"));
        let file = fs::File::options()
            .write(true)
            .open(root.join("old"))
            .unwrap();
        file.set_len(3).unwrap();
        drop(file);
        assert_eq!(memory.text("old").as_deref(), Some("012"));
        fs::write(root.join("old"), "x").unwrap();
        assert_eq!(memory.text("old").as_deref(), Some("x"));
        // Folders and moves.
        fs::create_dir(root.join("f")).unwrap();
        assert!(fs::metadata(root.join("f")).unwrap().is_dir());
        fs::rename(root.join("new"), root.join("f/moved")).unwrap();
        assert_eq!(memory.text("f/moved").as_deref(), Some("something"));
        assert_eq!(fs::read(root.join("f/moved")).unwrap(), b"something");
        assert!(!root.join("new").exists());
        let refused = fs::remove_dir(root.join("f")).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::DirectoryNotEmpty);
        let refused = fs::rename(root.join("f"), root.join("g")).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::CrossesDevices);
        fs::remove_file(root.join("f/moved")).unwrap();
        fs::remove_dir(root.join("f")).unwrap();
        assert!(!root.join("f").exists());
        assert_eq!(memory.text("f/moved"), None);
        // One that is removed while it is open is not stored.
        let mut file = fs::File::create(root.join("gone")).unwrap();
        file.write_all(b"x").unwrap();
        fs::remove_file(root.join("gone")).unwrap();
        drop(file);
        assert_eq!(memory.text("gone"), None);
    })
    .await;
    mounted.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_wrote_is_not_written_over() {
    let memory = Memory::default();
    memory.put("file", "first");
    let staging = tempfile::tempdir().unwrap();
    let Some(mounted) = Mounted::of(memory, |options| {
        options.read_write = true;
        options.staging = Some(staging.path().to_owned());
    })
    .await
    else {
        return;
    };
    let (path, memory) = (mounted.path("file"), Arc::clone(&mounted.memory));
    outside(move || {
        let mut file = fs::File::options().append(true).open(path).unwrap();
        file.write_all(b" mine").unwrap();
        memory.put("file", "theirs");
        let refused = file.sync_all().unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(nix::libc::EIO));
    })
    .await;
    assert_eq!(mounted.memory.text("file").as_deref(), Some("theirs"));
    let error = mounted.mount.unmount().await.unwrap_err();
    let MountError::NotStored { kept, .. } = &error else {
        panic!("{error}");
    };
    let kept: Vec<_> = fs::read_dir(kept).unwrap().collect();
    let kept = fs::read(kept[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(kept, b"first mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_in_use_goes_out_of_sight_and_another_takes_its_place() {
    let memory = Memory::default();
    memory.put("file", "text");
    let Some(mounted) = Mounted::of(memory, |_| ()).await else {
        return;
    };
    let Mounted {
        memory,
        mount,
        folder,
    } = mounted;
    let point = mount.point().to_owned();
    let backend: Arc<dyn Backend> = memory.clone();
    let again = Mount::start(Arc::clone(&backend), &point, MountOptions::default()).await;
    assert!(matches!(again.unwrap_err(), MountError::Taken(_)));
    let path = point.join("file");
    let mut open = outside(move || fs::File::open(path).unwrap()).await;
    assert!(matches!(unmount(&point, false), Err(MountError::Busy(_))));
    assert_eq!(mount.unmount().await.unwrap(), Unmounted::InUse);
    assert!(!point.join("file").exists());
    let again = Mount::start(backend, &point, MountOptions::default()).await;
    let again = again.unwrap();
    // Who has it open can still read.
    let text = outside(move || {
        let mut text = String::new();
        open.read_to_string(&mut text).unwrap();
        text
    });
    assert_eq!(text.await, "text");
    // Another process would do the same.
    let at = point.clone();
    outside(move || unmount(&at, false).unwrap()).await;
    again.ended().await;
    assert_eq!(again.unmount().await.unwrap(), Unmounted::Gone);
    drop(folder);
}
