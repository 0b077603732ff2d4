//! A store's files as the U-SQL engine reads and writes them: as super-user, every output of a
//! script in one commit.

use std::fs::File;
use std::io::{self, Seek as _, Write};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use azml_usql::{Entry, EntryKind, FileInfo, FileStore, InputFile, StorePath, Transaction};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::content::{Pieces, Plan, Received};
use super::error::{FsError, Kind};
use super::lake::{service_actor, store_id};
use super::namespace::{Operation, WriteOptions};
use super::tree::{Node, Nodes, Path};
use crate::state::{self, Hold, NewFile, State, WriteTxn};

/// Bytes copied at a time into a stored body.
const CHUNK: usize = 1 << 20;
/// 1970-01-01 in the ticks that scripts count in, which are 100 ns.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// What is asked in the transaction that makes outputs appear: `false` calls it off. Whatever it
/// writes is durable together with the outputs, or not at all.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Ask>);

type Ask = dyn Fn(&mut WriteTxn<'_>) -> Result<bool, state::Error> + Send + Sync;

impl Gate {
    pub(crate) fn new(
        ask: impl Fn(&mut WriteTxn<'_>) -> Result<bool, state::Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(ask))
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

/// The files of one store.
#[derive(Clone, Debug)]
pub(crate) struct LakeFiles {
    state: State,
    store: String,
    runtime: Handle,
    gate: Option<Gate>,
}

impl LakeFiles {
    /// The files of the store with this name. Called within the runtime.
    pub(crate) fn open(state: &State, store: &str) -> Result<Self, FsError> {
        Ok(Self {
            state: state.clone(),
            store: store_id(state, store)?,
            runtime: Handle::current(),
            gate: None,
        })
    }

    /// The same files; what is written to them has to pass the gate.
    pub(crate) fn behind(self, gate: Gate) -> Self {
        Self {
            gate: Some(gate),
            ..self
        }
    }

    fn find(&self, path: &StorePath) -> io::Result<Option<Node>> {
        let path = Path::parse(path.as_str()).map_err(io_error)?;
        let now = service_actor(&self.state).now;
        let found = self.state.store.read(|snapshot| {
            let nodes = Nodes {
                read: snapshot,
                store: &self.store,
                now,
            };
            nodes.find(&path)
        });
        Ok(found.map_err(io_error)?.map(|(_, node)| node))
    }
}

fn io_error(error: FsError) -> io::Error {
    let kind = match error.kind {
        Kind::NotFound => io::ErrorKind::NotFound,
        Kind::AlreadyExists => io::ErrorKind::AlreadyExists,
        Kind::AccessControl => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error.message)
}

fn info(node: &Node) -> Option<FileInfo> {
    let ticks = |milliseconds: i64| Some(UNIX_EPOCH_TICKS + milliseconds * 10_000);
    Some(FileInfo {
        length: node.length?,
        modified: ticks(node.modified),
        created: ticks(node.created),
    })
}

impl FileStore for LakeFiles {
    fn info(&self, path: &StorePath) -> io::Result<Option<FileInfo>> {
        Ok(self.find(path)?.as_ref().and_then(info))
    }

    fn list(&self, folder: &StorePath) -> io::Result<Vec<Entry>> {
        let Some(node) = self.find(folder)?.filter(Node::is_directory) else {
            return Ok(Vec::new());
        };
        let now = service_actor(&self.state).now;
        let children = self.state.store.read(|snapshot| {
            let nodes = Nodes {
                read: snapshot,
                store: &self.store,
                now,
            };
            nodes.children(&node.id, None, None, usize::MAX)
        });
        let entry = |(name, node): (String, Node)| Entry {
            name,
            kind: info(&node).map_or(EntryKind::Folder, EntryKind::File),
        };
        Ok(children.map_err(io_error)?.into_iter().map(entry).collect())
    }

    fn open(&self, path: &StorePath) -> io::Result<Box<dyn InputFile>> {
        // Held from before the lookup: what is overwritten meanwhile stays readable.
        let hold = self.state.files.hold();
        let missing =
            || io::Error::new(io::ErrorKind::NotFound, format!("'{path}' does not exist"));
        let node = self.find(path)?.ok_or_else(missing)?;
        let length = node.length.ok_or_else(missing)?;
        let plan = self
            .state
            .store
            .read(|snapshot| Plan::find(snapshot, &self.store, &node.id, &(0..length)))
            .map_err(io_error)?;
        let pieces = plan
            .open_blocking(&self.state.files)
            .map_err(io::Error::other)?;
        Ok(Box::new(LakeInput {
            pieces,
            _hold: hold,
        }))
    }

    fn begin(&self) -> io::Result<Box<dyn Transaction>> {
        Ok(Box::new(LakeTransaction {
            files: self.clone(),
            written: Vec::new(),
            removed: Vec::new(),
        }))
    }
}

struct LakeInput {
    pieces: Pieces,
    _hold: Hold,
}

impl InputFile for LakeInput {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.pieces.read_at(offset, buffer)
    }
}

/// Outputs wait in files without a name, which vanish with the process.
struct LakeTransaction {
    files: LakeFiles,
    written: Vec<(Path, File)>,
    removed: Vec<Path>,
}

impl Transaction for LakeTransaction {
    fn create(&mut self, path: &StorePath) -> io::Result<Box<dyn Write + Send>> {
        if self
            .files
            .find(path)?
            .is_some_and(|node| node.is_directory())
        {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                format!("'{path}' is a folder"),
            ));
        }
        let file = tempfile::tempfile()?;
        self.written.push((
            Path::parse(path.as_str()).map_err(io_error)?,
            file.try_clone()?,
        ));
        Ok(Box::new(io::BufWriter::new(file)))
    }

    fn remove(&mut self, path: &StorePath) -> io::Result<()> {
        self.removed
            .push(Path::parse(path.as_str()).map_err(io_error)?);
        Ok(())
    }

    fn commit(self: Box<Self>) -> io::Result<()> {
        let Self {
            files,
            written,
            removed,
        } = *self;
        let LakeFiles {
            state,
            store,
            runtime,
            gate,
        } = files;
        runtime.block_on(async move {
            let mut bodies = Vec::with_capacity(written.len());
            for (path, file) in written {
                let body = stored(&state, file).await?;
                bodies.push((path, body));
            }
            let actor = service_actor(&state);
            let ids = state.ids.clone();
            let options = WriteOptions {
                overwrite: true,
                close: true,
                ..WriteOptions::default()
            };
            let work = state.store.write(move |transaction| {
                if let Some(Gate(ask)) = &gate
                    && !ask(transaction)?
                {
                    return Err(FsError::new(Kind::Io, "the outputs are no longer wanted"));
                }
                let operation = Operation {
                    store: &store,
                    actor: &actor,
                };
                for (path, body) in bodies {
                    operation.create(transaction, &ids, &path, &options, body)?;
                }
                for path in removed {
                    match operation.delete(transaction, &path, false) {
                        Err(error) if error.kind != Kind::NotFound => return Err(error),
                        _ => {}
                    }
                }
                Ok(())
            });
            work.await.map_err(io_error)
        })
    }
}

/// The content of a file as a durable body.
async fn stored(state: &State, mut file: File) -> io::Result<Received> {
    let length = file.metadata()?.len();
    file.rewind()?;
    if length <= u64::try_from(CHUNK).unwrap_or(0) {
        let mut content = Vec::new();
        io::Read::read_to_end(&mut file, &mut content)?;
        let taken = Received::take(&state.files, Bytes::from(content)).await;
        return taken.map_err(io_error);
    }
    let mut writer = state.files.create().await.map_err(io::Error::other)?;
    let mut at = 0;
    while at < length {
        let mut chunk = vec![0; CHUNK];
        let read = file.read_at(&mut chunk, at)?;
        if read == 0 {
            break;
        }
        chunk.truncate(read);
        at += u64::try_from(read).unwrap_or(0);
        writer
            .write(Bytes::from(chunk))
            .await
            .map_err(io::Error::other)?;
    }
    let body: NewFile = writer.finish().await.map_err(io::Error::other)?;
    Ok(Received::Stored(body))
}
