//! What holds for every datastore with files, whatever is behind it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use azml_datastore::{Datastore, Entry};
use futures::{StreamExt, TryStreamExt};

pub(crate) const FILES: [(&str, usize); 5] = [
    ("a.txt", 5),
    ("empty", 0),
    ("nested/deep/b.bin", 70_000),
    ("nested/n\u{e4}me with space +%#&'.txt", 12),
    ("large.bin", 20 << 20),
];

pub(crate) fn content(name: &str, length: usize) -> Vec<u8> {
    let seed = u8::try_from(name.len()).unwrap();
    (0..=250u8)
        .cycle()
        .map(|byte| byte ^ seed)
        .take(length)
        .collect()
}

pub(crate) fn write_files(root: &Path) {
    for (name, length) in FILES {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content(name, length)).unwrap();
    }
}

pub(crate) fn read_files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), std::fs::read(path).unwrap());
            }
        }
    }
    found
}

pub(crate) async fn names(datastore: &Datastore, prefix: &str) -> Vec<String> {
    let files: Vec<_> = datastore.list(prefix).unwrap().try_collect().await.unwrap();
    let mut names: Vec<String> = files.into_iter().map(|file| file.name).collect();
    names.sort();
    names
}

/// What holds for every kind.
pub(crate) async fn suite(datastore: Datastore) {
    let (source, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_files(source.path());
    let expected: BTreeMap<String, Vec<u8>> = FILES
        .iter()
        .map(|(name, length)| (format!("t/{name}"), content(name, *length)))
        .collect();

    let report = datastore.upload(source.path()).to("t").await.unwrap();
    assert_eq!((report.transferred, report.skipped), (FILES.len(), 0));
    let report = datastore.upload(source.path()).to("t").await.unwrap();
    assert_eq!((report.transferred, report.skipped), (0, FILES.len()));
    let listed = names(&datastore, "t/").await;
    assert_eq!(listed, expected.keys().cloned().collect::<Vec<_>>());
    assert_eq!(names(&datastore, "t/nested/").await.len(), 2);
    assert_eq!(names(&datastore, "t/la").await, ["t/large.bin"]);
    assert!(names(&datastore, "absent/").await.is_empty());

    let mut entries: Vec<Entry> = datastore.entries("t").unwrap().try_collect().await.unwrap();
    entries.sort_by(|a, b| a.name().cmp(b.name()));
    let shown: Vec<&str> = entries.iter().map(Entry::name).collect();
    assert_eq!(shown, ["t/a.txt", "t/empty", "t/large.bin", "t/nested"]);
    assert!(matches!(&entries[3], Entry::Folder(_)));
    let absent: Vec<Entry> = datastore
        .entries("no")
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert!(absent.is_empty());

    let report = datastore.download(copy.path()).prefix("t").await.unwrap();
    assert_eq!(report.transferred, FILES.len());
    assert_eq!(read_files(copy.path()), expected);
    let report = datastore.download(copy.path()).prefix("t").await.unwrap();
    assert_eq!((report.transferred, report.skipped), (0, FILES.len()));

    assert!(
        datastore
            .copy("t/a.txt", "c/copy.txt", false)
            .await
            .unwrap()
    );
    assert!(
        !datastore
            .copy("t/a.txt", "c/copy.txt", false)
            .await
            .unwrap()
    );
    assert!(
        datastore
            .rename("c/copy.txt", "m/moved.txt", false)
            .await
            .unwrap()
    );
    assert!(
        !datastore
            .rename("t/a.txt", "m/moved.txt", false)
            .await
            .unwrap()
    );
    assert!(datastore.properties("c/copy.txt").await.unwrap().is_none());
    let moved = datastore.properties("m/moved.txt").await.unwrap().unwrap();
    assert_eq!(moved.length, 5);
    datastore.write("m/moved.txt", "other").await.unwrap();
    assert!(
        datastore
            .copy("t/a.txt", "m/moved.txt", true)
            .await
            .unwrap()
    );
    let body: Vec<_> = datastore
        .read("m/moved.txt")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(body.concat(), content("a.txt", 5));
    assert!(datastore.delete("m/moved.txt").await.unwrap());
    assert!(!datastore.delete("m/moved.txt").await.unwrap());

    odd_names(&datastore).await;
    streamed(&datastore).await;
    resumed(&datastore).await;
}

/// storage SK-06: a thousand names that break one escaping or another.
async fn odd_names(datastore: &Datastore) {
    // What a file share takes, Azure allows anywhere.
    const ODD: [&str; 10] = [
        " x",
        "+",
        "%41",
        "#",
        "&=",
        "\u{e4}\u{1f980}",
        "a;b,c",
        "(')",
        "[~]{^}",
        "$!@",
    ];
    let names: Vec<String> = (0..1000)
        .map(|number| {
            let (one, two) = (ODD[number % 10], ODD[number / 10 % 10]);
            format!("o/{one}{number}/{two}{}.txt", ODD[number / 100])
        })
        .collect();
    let source = tempfile::tempdir().unwrap();
    for name in &names {
        let path = source.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    let report = datastore.upload(source.path()).await.unwrap();
    assert_eq!(report.transferred, 1000);
    let mut expected = names.clone();
    expected.sort();
    assert_eq!(self::names(datastore, "o/").await, expected);
    let copy = tempfile::tempdir().unwrap();
    datastore.download(copy.path()).prefix("o/").await.unwrap();
    let found = read_files(copy.path());
    assert_eq!(found.len(), 1000);
    for name in names {
        assert_eq!(found[&name], name.as_bytes());
    }
}

/// storage SK-05: a stream becomes a file when it has ended, and not before.
async fn streamed(datastore: &Datastore) {
    let chunk = bytes::Bytes::from(content("x", 3 << 20));
    let stream = |count: usize| {
        let chunk = chunk.clone();
        futures::stream::iter((0..count).map(move |_| Ok(chunk.clone())))
    };
    let written = datastore.write_stream("s/new", stream(7), false).await;
    assert!(written.unwrap());
    let found = datastore.properties("s/new").await.unwrap().unwrap();
    assert_eq!(found.length, 21 << 20);
    let again = datastore.write_stream("s/new", stream(1), false).await;
    assert!(!again.unwrap());
    let broken = stream(4).chain(futures::stream::iter([Err(std::io::Error::other(
        "broken",
    ))]));
    datastore
        .write_stream("s/broken", broken, true)
        .await
        .unwrap_err();
    assert!(datastore.properties("s/broken").await.unwrap().is_none());
    datastore
        .write_stream("s/empty", stream(0), true)
        .await
        .unwrap();
    let empty = datastore.properties("s/empty").await.unwrap().unwrap();
    assert_eq!(empty.length, 0);
}

/// storage TR-02: a second upload or download leaves out what is the same, and only that.
async fn resumed(datastore: &Datastore) {
    let (source, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_files(source.path());
    let upload = || datastore.upload(source.path()).to("r").overwrite().resume();
    assert_eq!(upload().await.unwrap().transferred, FILES.len());
    assert_eq!(upload().await.unwrap().transferred, 0);
    std::fs::write(source.path().join("a.txt"), "other").unwrap();
    let later = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    let changed = std::fs::File::options()
        .write(true)
        .open(source.path().join("a.txt"))
        .unwrap();
    changed.set_modified(later).unwrap();
    assert_eq!(upload().await.unwrap().transferred, 1);

    let download = || {
        datastore
            .download(copy.path())
            .prefix("r")
            .overwrite()
            .resume()
    };
    assert_eq!(download().await.unwrap().transferred, FILES.len());
    assert_eq!(download().await.unwrap().transferred, 0);
    std::fs::write(copy.path().join("r/a.txt"), "wrong length").unwrap();
    assert_eq!(download().await.unwrap().transferred, 1);
    assert_eq!(read_files(copy.path())["r/a.txt"], b"other");
    assert_eq!(read_files(copy.path()).len(), FILES.len());
}
