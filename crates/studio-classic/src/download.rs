//! Contents to files: under a temporary name beside the target, renamed when complete, so that
//! nobody ever sees half a file under the final name.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::io;
use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempPath;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::data_stream::DataStream;
use crate::error::ItemKind;
use crate::progress::{Progress, ProgressCallback};
use crate::{Datasets, Error, Result, SourceDataset};

/// What is written to the file at once.
const BUFFER_SIZE: usize = 1 << 20;

/// How many datasets are downloaded at once unless the caller says otherwise.
const DEFAULT_PARALLEL: usize = 4;

/// A download about to be made; awaiting it makes it and gives the number of bytes.
///
/// See [`SourceDataset::download_to`].
#[must_use = "nothing is downloaded before it is awaited"]
pub struct DownloadTo<'a> {
    open: BoxFuture<'a, Result<DataStream>>,
    total: Option<u64>,
    path: PathBuf,
    existing: Existing,
    progress: ProgressCallback,
}

/// What to do about a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Existing {
    Refuse,
    Replace,
}

impl<'a> DownloadTo<'a> {
    pub(crate) fn new(
        open: BoxFuture<'a, Result<DataStream>>,
        total: Option<u64>,
        path: PathBuf,
    ) -> Self {
        Self {
            open,
            total,
            path,
            existing: Existing::Refuse,
            progress: ProgressCallback::default(),
        }
    }

    /// Replaces a file of this name. Without this such a file is an error, found before any
    /// request is made.
    pub fn overwrite(mut self) -> Self {
        self.existing = Existing::Replace;
        self
    }

    /// Calls a function whenever bytes have arrived.
    pub fn progress(mut self, callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = ProgressCallback::new(callback);
        self
    }

    async fn run(self) -> Result<u64> {
        let shown = self.path.display().to_string();
        let failed = |error| Error::io(format!("write `{shown}`"), error);
        let mut target = Target::create(self.path, self.existing)
            .await
            .map_err(failed)?;
        let mut contents = self.open.await?;
        let mut bytes = 0;
        while let Some(piece) = contents.try_next().await? {
            target.file.write_all(&piece).await.map_err(failed)?;
            bytes += u64::try_from(piece.len()).expect("a length in memory fits 64 bits");
            self.progress.report(bytes, self.total);
        }
        target.publish().await.map_err(failed)?;
        Ok(bytes)
    }
}

impl<'a> IntoFuture for DownloadTo<'a> {
    type Output = Result<u64>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl std::fmt::Debug for DownloadTo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DownloadTo")
            .field("path", &self.path)
            .field("existing", &self.existing)
            .finish_non_exhaustive()
    }
}

/// A file under its temporary name, removed when dropped.
struct Target {
    file: BufWriter<tokio::fs::File>,
    temporary: TempPath,
    path: PathBuf,
    existing: Existing,
}

impl Target {
    async fn create(path: PathBuf, existing: Existing) -> io::Result<Self> {
        blocking(move || {
            if existing == Existing::Refuse && path.try_exists()? {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists));
            }
            let directory = match path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            // Made by `File::create_new`, the file has the permissions that a file made by the
            // user would have; tempfile's own would be for the owner alone.
            let (file, temporary) = tempfile::Builder::new()
                .prefix(".azml-")
                .suffix(".part")
                .make_in(directory, |path| std::fs::File::create_new(path))?
                .into_parts();
            Ok(Self {
                file: BufWriter::with_capacity(BUFFER_SIZE, tokio::fs::File::from_std(file)),
                temporary,
                path,
                existing,
            })
        })
        .await
    }

    /// Makes the complete file visible under its name.
    async fn publish(self) -> io::Result<()> {
        let mut file = self.file;
        file.flush().await?;
        file.into_inner().sync_all().await?;
        let (temporary, path, existing) = (self.temporary, self.path, self.existing);
        blocking(move || {
            match existing {
                Existing::Refuse => temporary.persist_noclobber(path),
                Existing::Replace => temporary.persist(path),
            }
            .map_err(|error| error.error)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

/// Several downloads about to be made; awaiting it makes them and gives the files in the order of
/// the names.
///
/// See [`Datasets::download_many`].
#[derive(Debug)]
#[must_use = "nothing is downloaded before it is awaited"]
pub struct DownloadMany {
    datasets: Datasets,
    names: Vec<String>,
    directory: PathBuf,
    existing: Existing,
    parallel: usize,
}

impl Datasets {
    /// Downloads several datasets into a directory, each into a file of its own
    /// ([`SourceDataset::file_name`]).
    ///
    /// # Errors
    /// Before any download: [`Error::NotFound`] for a name that is not in the view,
    /// [`Error::InvalidArgument`] for two names that give the same file. Then whatever
    /// [`SourceDataset::download_to`] says; files completed until then stay.
    pub fn download_many(
        &self,
        names: impl IntoIterator<Item = impl Into<String>>,
        directory: impl Into<PathBuf>,
    ) -> DownloadMany {
        DownloadMany {
            datasets: self.clone(),
            names: names.into_iter().map(Into::into).collect(),
            directory: directory.into(),
            existing: Existing::Refuse,
            parallel: DEFAULT_PARALLEL,
        }
    }
}

impl DownloadMany {
    /// Replaces files that are there already.
    pub fn overwrite(mut self) -> Self {
        self.existing = Existing::Replace;
        self
    }

    /// Sets how many downloads run at once; 4 by default.
    pub fn parallel(mut self, count: usize) -> Self {
        self.parallel = count.max(1);
        self
    }

    async fn run(self) -> Result<Vec<PathBuf>> {
        let list = self.datasets.list().await?;
        let mut downloads: Vec<(SourceDataset, PathBuf)> = Vec::new();
        let mut files = HashSet::new();
        for name in &self.names {
            let found = list.iter().find(|dataset| dataset.name() == name);
            let dataset = found.cloned().ok_or_else(|| Error::NotFound {
                kind: ItemKind::Dataset,
                key: name.clone(),
            })?;
            let file = self.directory.join(dataset.file_name());
            if !files.insert(file.clone()) {
                return Err(Error::argument(
                    "names",
                    format!("has two datasets for the file `{}`", file.display()),
                ));
            }
            downloads.push((dataset, file));
        }
        stream::iter(downloads)
            .map(|(dataset, file)| async move {
                let download = dataset.download_to(&file);
                match self.existing {
                    Existing::Refuse => download.await?,
                    Existing::Replace => download.overwrite().await?,
                };
                Ok(file)
            })
            .buffered(self.parallel)
            .try_collect()
            .await
    }
}

impl IntoFuture for DownloadMany {
    type Output = Result<Vec<PathBuf>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A file name for a dataset: its name with everything that some file system refuses replaced,
/// and the extension of its type unless the name has it.
pub(crate) fn file_name(name: &str, extension: &str) -> String {
    let mut file: String = name
        .chars()
        .map(|c| match c {
            '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    if !file.to_lowercase().ends_with(&extension.to_lowercase()) {
        file.push_str(extension);
    }
    // A leading dot would hide the file, or mean a directory.
    let file = file.trim_end_matches(['.', ' ']);
    match file.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if file.is_empty() => "_".to_owned(),
        None => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::{AsyncRawResponse, StatusCode, headers::Headers};
    use bytes::Bytes;
    use futures::FutureExt;

    fn download(path: &Path, pieces: Vec<azure_core::Result<Bytes>>) -> DownloadTo<'static> {
        let open = async {
            let body = Box::pin(stream::iter(pieces));
            let response = AsyncRawResponse::new(StatusCode::Ok, Headers::new(), body);
            Ok(DataStream::new("read `x`".into(), response))
        };
        DownloadTo::new(open.boxed(), Some(6), path.to_owned())
    }

    fn files_in(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).expect("a directory");
        entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    }

    #[tokio::test]
    async fn a_complete_download_appears_under_its_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.csv");
        let pieces = vec![Ok("abc".into()), Ok("def".into())];
        assert_eq!(download(&path, pieces).await.expect("complete"), 6);
        assert_eq!(std::fs::read(&path).expect("there"), b"abcdef");
        assert_eq!(files_in(directory.path()), ["x.csv"]);
    }

    #[tokio::test]
    async fn a_broken_download_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.csv");
        let reset = azure_core::Error::with_message(azure_core::error::ErrorKind::Io, "reset");
        let error = download(&path, vec![Ok("abc".into()), Err(reset)])
            .await
            .expect_err("broken");
        assert!(matches!(error, Error::Transport(_)), "{error}");
        assert!(files_in(directory.path()).is_empty());
    }

    #[tokio::test]
    async fn an_existing_file_is_refused_before_the_request() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.csv");
        std::fs::write(&path, "old").expect("written");
        let never = async { panic!("no request may be made") };
        let refused = DownloadTo::new(never.boxed(), None, path.clone());
        let error = refused.await.expect_err("exists");
        assert!(error.to_string().contains("x.csv"), "{error}");
        let replaced = download(&path, vec![Ok("new".into())]).overwrite();
        assert_eq!(replaced.await.expect("complete"), 3);
        assert_eq!(std::fs::read(&path).expect("there"), b"new");
    }

    #[test]
    fn file_names_stay_in_their_directory() {
        for (name, extension, expected) in [
            ("iris", ".csv", "iris.csv"),
            ("Flights.CSV", ".csv", "Flights.CSV"),
            ("../../etc/passwd", "", "_._.._etc_passwd"),
            ("..", "", "_"),
            ("", "", "_"),
            (".hidden", ".txt", "_hidden.txt"),
            ("a:b\u{1}", "", "a_b_"),
            ("naïve (Raw)", "", "naïve (Raw)"),
        ] {
            assert_eq!(file_name(name, extension), expected, "{name}");
        }
    }
}
