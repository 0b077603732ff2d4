//! Uploads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream;

use super::local::{self, Source};
use super::progress::ProgressEvent;
use super::report::{Listener, Outcome, TransferReport};
use super::settings::{Settings, transfer};
use super::{Budget, ONE_REQUEST, engine, same};
use crate::data::{Datastore, Store, WriteMode, Writing, Written};
use crate::error::{Error, Result};

#[derive(Clone, Debug)]
enum From {
    Directory(PathBuf),
    Files(Vec<PathBuf>),
}

/// An upload in the making; awaiting it runs it. Dropping the future stops it: files that
/// were not complete then are not there.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Upload {
    datastore: Datastore,
    from: From,
    target: String,
    relative_root: Option<PathBuf>,
    mode: WriteMode,
    settings: Settings,
}

impl Upload {
    pub(crate) fn directory(datastore: Datastore, directory: &Path) -> Self {
        Self::new(datastore, From::Directory(directory.to_owned()))
    }

    pub(crate) fn files(datastore: Datastore, files: Vec<PathBuf>) -> Self {
        Self::new(datastore, From::Files(files))
    }

    fn new(datastore: Datastore, from: From) -> Self {
        Self {
            datastore,
            from,
            target: String::new(),
            relative_root: None,
            mode: WriteMode::Keep,
            settings: Settings::default(),
        }
    }

    /// The path on the datastore. Default: its root.
    pub fn to(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// The directory that names of single files are relative to; `/` keeps their whole
    /// path. Default: their longest common directory.
    pub fn relative_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.relative_root = Some(root.into());
        self
    }

    /// Replaces files that are there. Default: they stay, and count as skipped.
    pub fn overwrite(mut self) -> Self {
        self.mode = WriteMode::Replace;
        self
    }

    /// Leaves out files that are there unchanged: those whose length, and the size and
    /// time of the local file that were recorded with them, are the same, or whose stored
    /// MD5 is that of the local file. With it, each upload records size and time.
    pub fn resume(mut self) -> Self {
        self.settings.resume = true;
        self
    }

    /// Only files whose paths below the directory, or below the root of single files, fit this
    /// pattern of the shell: `*` stands for anything within a folder, `**` for any folders. Given
    /// several times, one of them must fit.
    pub fn matching(mut self, pattern: impl Into<String>) -> Self {
        self.settings.patterns.add(pattern.into());
        self
    }

    async fn run(self) -> Result<TransferReport> {
        let store = self.datastore.store()?;
        let target = local::clean_target(&self.target).to_owned();
        let reference = self.datastore.path(&target);
        let patterns = self.settings.patterns.compile()?;
        let (from, root) = (self.from, self.relative_root);
        let ignores_case = store.ignores_case();
        let find = move || {
            let fits = |relative: &str| patterns.fit(relative);
            let sources = match from {
                From::Directory(directory) => local::walk(&directory, &target, fits),
                From::Files(files) => local::pick(&files, root.as_deref(), &target, fits),
            }?;
            if ignores_case {
                local::refuse_same_names(&sources)?;
            }
            Ok(sources)
        };
        let found: Result<Vec<Source>> = tokio::task::spawn_blocking(find)
            .await
            .map_err(|error| Error::usage(format!("the local files cannot be listed: {error}")))?;
        let sources = found?;
        let settings = &self.settings;
        settings.listener.tell(ProgressEvent::Found {
            files: u64::try_from(sources.len()).unwrap_or(u64::MAX),
            bytes: sources.iter().map(|source| source.length).sum(),
        });
        let budget = Budget::new();
        let mut tally = settings.tally();
        let send = |source| {
            let sender = Sender {
                store: Arc::clone(&store),
                mode: self.mode.clone(),
                resume: settings.resume,
                budget: budget.clone(),
                listener: settings.listener.clone(),
            };
            sender.send(source)
        };
        engine::run(stream::iter([Ok(sources)]), send, &mut tally).await?;
        tally.finish(Some(reference))
    }
}

transfer!(Upload);

/// Sends single files.
struct Sender {
    store: Arc<dyn Store>,
    mode: WriteMode,
    resume: bool,
    budget: Budget,
    listener: Listener,
}

impl Sender {
    async fn send(self, source: Source) -> (String, Result<Outcome>) {
        let path = source.path.display().to_string();
        match source.name {
            Err(reason) => {
                let error = Error::usage(format!("'{path}' cannot be uploaded: {reason}"));
                (path, Err(error))
            }
            Ok(name) => {
                let room = self.budget.room(source.length).await;
                self.listener.tell(ProgressEvent::Started { name: &name });
                let outcome = self.send_named(&name, &source.path, source.length).await;
                drop(room);
                if let Ok(Outcome::Moved(bytes)) = outcome {
                    self.listener.tell(ProgressEvent::Moved { bytes });
                }
                (name, outcome)
            }
        }
    }

    async fn send_named(&self, name: &str, path: &Path, length: u64) -> Result<Outcome> {
        let source = if self.resume {
            Some(same::source_text(path)?)
        } else {
            None
        };
        if let Some(source) = &source
            && let Some(remote) = self.store.head(name).await?
            && same::is_uploaded(&remote, path, source).await?
        {
            return Ok(Outcome::Skipped(length));
        }
        let writing = Writing {
            mode: self.mode.clone(),
            source,
        };
        let (written, length) = if length <= ONE_REQUEST {
            let content = tokio::fs::read(path)
                .await
                .map_err(Error::local("reading", path))?;
            let length = u64::try_from(content.len()).unwrap_or(length);
            let written = self.store.put(name, content.into(), &writing).await?;
            (written, length)
        } else {
            // A look first: the blocks would all be sent before the service can say no.
            if self.mode == WriteMode::Keep && self.store.head(name).await?.is_some() {
                return Ok(Outcome::Skipped(length));
            }
            (self.store.put_file(name, path, &writing).await?, length)
        };
        Ok(match written {
            Written::Done(_) => Outcome::Moved(length),
            Written::Existed => Outcome::Skipped(length),
        })
    }
}
