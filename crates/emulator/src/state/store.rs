//! The ordered store: named tables of bytes to bytes, in one file or in memory.
//! Writes are durable when they are answered; reads never wait for them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::JoinHandle,
};

use redb::{Database, backends::InMemoryBackend};
use tokio::sync::{mpsc, oneshot};

use super::{
    DataDir, Error, Files,
    transaction::{Snapshot, WriteTxn},
    writer::{self, Job},
};

const FILE: &str = "metadata.redb";
const CACHE_BYTES: usize = 128 << 20;

/// The metadata store. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// `None` once closed, so that the file is released although clones live on.
    open: RwLock<Option<Open>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Open {
    database: Arc<Database>,
    jobs: mpsc::Sender<Job>,
}

impl Store {
    pub(super) fn open(directory: &DataDir, files: Files) -> Result<Self, Error> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let database = if directory.is_durable() {
            let path = directory.path().join(FILE);
            let file = super::directory::private_options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(Error::io("opening", path))?;
            builder.create_file(file)
        } else {
            builder.create_with_backend(InMemoryBackend::new())
        };
        let database = Arc::new(database.map_err(Error::store)?);
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let weak = Arc::downgrade(&database);
        let writer = std::thread::Builder::new()
            .name("azml-store".to_owned())
            .spawn(move || writer::run(queue, &weak, &files))
            .map_err(Error::io("starting the writer of", directory.path()))?;
        Ok(Self(Arc::new(Inner {
            open: RwLock::new(Some(Open { database, jobs })),
            writer: Mutex::new(Some(writer)),
        })))
    }

    /// Runs `write` in the next commit and answers once that is durable.
    ///
    /// Many callers share one commit. When `write` fails, nothing of it is
    /// kept and the others of its commit are not touched. It runs on the
    /// writer thread, one at a time: it must not wait for anything. Dropping
    /// the returned future does not take the write back.
    ///
    /// # Errors
    ///
    /// The error of `write`, or one of the store's.
    pub async fn write<T, E, F>(&self, write: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTxn<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let jobs = self.get()?.jobs;
        let (reply, answer) = oneshot::channel();
        jobs.send(Job::Write(writer::work(write, reply)))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Reads from one consistent view, on the calling thread: for single
    /// values and short scans.
    ///
    /// # Errors
    ///
    /// The error of `read`, or one of the store's.
    pub fn read<T, E: From<Error>>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, E>,
    ) -> Result<T, E> {
        let database = self.get()?.database;
        read(&Snapshot::new(&database)?)
    }

    /// One consistent view to keep, for answers that are read bit by bit. Space that later
    /// commits free is not used again while it lives.
    ///
    /// # Errors
    ///
    /// When the store is closed or fails.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        Snapshot::new(&self.get()?.database)
    }

    /// Reads from one consistent view on a thread that may block: for long scans.
    ///
    /// # Errors
    ///
    /// The error of `read`, or one of the store's.
    pub async fn read_long<T, E, F>(&self, read: F) -> Result<T, E>
    where
        F: FnOnce(&Snapshot) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read(read))
            .await
            .map_err(|_| Error::Closed)?
    }

    /// Finishes the queued writes and releases the file. Later calls answer
    /// [`Error::Closed`].
    pub async fn close(&self) {
        let open = self
            .0
            .open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Open { database, jobs }) = open else {
            return;
        };
        drop(jobs);
        let writer = self
            .0
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // The database must outlive the writer, which holds it weakly.
        let ended = tokio::task::spawn_blocking(move || {
            let ended = writer.map(JoinHandle::join);
            drop(database);
            ended
        });
        if !matches!(ended.await, Ok(None | Some(Ok(())))) {
            tracing::error!("the writer thread of the store ended in an error");
        }
    }

    pub(super) async fn clear(&self) -> Result<(), Error> {
        let jobs = self.get()?.jobs;
        let (reply, answer) = oneshot::channel();
        jobs.send(Job::Clear(reply))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    fn get(&self) -> Result<Open, Error> {
        self.0
            .open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(Error::Closed)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
