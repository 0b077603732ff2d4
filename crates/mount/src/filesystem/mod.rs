//! The kernel's requests: each is answered from a task, so that none waits for another.

mod changes;
pub(crate) mod core;

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, CopyFileRangeFlags, Errno, FileHandle, FileType, FopenFlags, Generation, INodeNo,
    InitFlags, IoctlFlags, KernelConfig, LockOwner, OpenAccMode, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyIoctl,
    ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};

use self::core::Core;
use crate::backend::{Cause, Failure, Found};
use crate::tree::{ROOT, join};

/// Numbers are never used again, so that they need no generation.
const ONLY: Generation = Generation(0);
/// What is listed for an entry whose number is not known.
const UNKNOWN: INodeNo = INodeNo(0xffff_ffff);
/// How much the kernel reads ahead and writes at once.
const LARGEST: u32 = 1 << 20;
/// How many requests the kernel sends in the background.
const BACKGROUND: u16 = 64;
/// What the folder says about room: no end of it.
const BLOCK: u32 = 4096;
const BLOCKS: u64 = 1 << 38;
const LONGEST_NAME: u32 = 255;

/// Answers the kernel.
#[derive(Debug)]
pub(crate) struct Filesystem(Arc<Core>);

impl Filesystem {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    fn core(&self) -> Arc<Core> {
        Arc::clone(&self.0)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.runtime.spawn(work);
    }

    fn lifetime(&self) -> Duration {
        self.0.options.believed_for
    }
}

/// A failure as programs see it.
fn number(failure: &Failure) -> Errno {
    match failure.cause {
        Cause::NotFound => Errno::ENOENT,
        Cause::Denied => Errno::EACCES,
        Cause::Exists => Errno::EEXIST,
        Cause::Busy => Errno::EBUSY,
        Cause::Changed => Errno::ESTALE,
        Cause::NotEmpty => Errno::ENOTEMPTY,
        Cause::ReadOnly => Errno::EROFS,
        Cause::Unsupported => Errno::ENOTSUP,
        Cause::OtherDevice => Errno::EXDEV,
        Cause::TimedOut => Errno::ETIMEDOUT,
        Cause::Local(number) => Errno::from_i32(number),
        Cause::Other => Errno::EIO,
    }
}

/// Answers with a failure, which is logged unless programs run into it all the time.
fn refused(failure: &Failure) -> Errno {
    if failure.cause != Cause::NotFound {
        tracing::debug!(%failure, "an operation failed");
    }
    number(failure)
}

impl fuser::Filesystem for Filesystem {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        for wanted in [
            InitFlags::FUSE_ASYNC_READ,
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_DO_READDIRPLUS,
            InitFlags::FUSE_READDIRPLUS_AUTO,
            InitFlags::FUSE_ATOMIC_O_TRUNC,
        ] {
            // Old kernels have less, and it works without.
            let _ = config.add_capabilities(wanted);
        }
        let _ = config.set_max_background(BACKGROUND);
        let _ = config.set_max_write(LARGEST);
        // The largest that the kernel allows is returned when this is more.
        if let Err(largest) = config.set_max_readahead(LARGEST) {
            let _ = config.set_max_readahead(largest);
        }
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let (core, name, lifetime) = (self.core(), name.to_owned(), self.lifetime());
        self.spawn(async move {
            match core.look_up(parent.0, &name).await {
                Ok(attributes) => reply.entry(&lifetime, &attributes, ONLY),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn forget(&self, _: &Request, number: INodeNo, times: u64) {
        self.0.tree.forget(number.0, times);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let (core, lifetime) = (self.core(), self.lifetime());
        self.spawn(async move {
            match core.show(number.0).await {
                Ok(attributes) => reply.attr(&lifetime, &attributes),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    /// Lengths are set; owners, rights and times are the mount's and stay.
    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let (core, lifetime) = (self.core(), self.lifetime());
        self.spawn(async move {
            let set = match size {
                Some(length) => core.set_length(number.0, length).await,
                None => core.show(number.0).await,
            };
            match set {
                Ok(attributes) => reply.attr(&lifetime, &attributes),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let (core, name, lifetime) = (self.core(), name.to_owned(), self.lifetime());
        self.spawn(async move {
            match core.make_folder(parent.0, &name).await {
                Ok(attributes) => reply.entry(&lifetime, &attributes, ONLY),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (core, name) = (self.core(), name.to_owned());
        self.spawn(async move {
            match core.remove(parent.0, &name).await {
                Ok(()) => reply.ok(),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (core, name) = (self.core(), name.to_owned());
        self.spawn(async move {
            match core.remove_folder(parent.0, &name).await {
                Ok(()) => reply.ok(),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        let (core, name, new_name) = (self.core(), name.to_owned(), new_name.to_owned());
        self.spawn(async move {
            let (from, to) = ((parent.0, &*name), (new_parent.0, &*new_name));
            match core.rename(from, to, replace).await {
                Ok(()) => reply.ok(),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn open(&self, _: &Request, number: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let core = self.core();
        let empty = flags.0 & nix::libc::O_TRUNC != 0;
        self.spawn(async move {
            let opened = match flags.acc_mode() {
                OpenAccMode::O_RDONLY => core.open(number.0).await,
                OpenAccMode::O_WRONLY | OpenAccMode::O_RDWR => {
                    let opened = core.open_to_write(number.0, empty).await;
                    opened.map(|handle| (handle, false))
                }
            };
            match opened {
                Ok((handle, true)) => {
                    reply.opened(FileHandle(handle), FopenFlags::FOPEN_KEEP_CACHE)
                }
                Ok((handle, false)) => reply.opened(FileHandle(handle), FopenFlags::empty()),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        match self.0.create(parent.0, name) {
            Ok((attributes, handle)) => reply.created(
                &self.lifetime(),
                &attributes,
                ONLY,
                FileHandle(handle),
                FopenFlags::empty(),
            ),
            Err(failure) => reply.error(refused(&failure)),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let core = self.core();
        self.spawn(async move {
            match core.read(handle.0, offset, size).await {
                Ok(bytes) => reply.data(&bytes),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let (core, bytes) = (self.core(), data.to_owned());
        self.spawn(async move {
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            match core.write(handle.0, offset, bytes).await {
                Ok(()) => reply.written(length),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    /// A program closes a file and hears whether it is stored.
    fn flush(&self, _: &Request, _: INodeNo, handle: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        let core = self.core();
        self.spawn(async move {
            match core.store(handle.0).await {
                Ok(()) => reply.ok(),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        let core = self.core();
        self.spawn(async move {
            match core.store(handle.0).await {
                Ok(()) => reply.ok(),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        let core = self.core();
        self.spawn(async move {
            core.close(handle.0).await;
            reply.ok();
        });
    }

    fn opendir(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let core = self.core();
        self.spawn(async move {
            match core.open_folder(number.0).await {
                Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::empty()),
                Err(failure) => reply.error(refused(&failure)),
            }
        });
    }

    fn readdir(
        &self,
        _: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let (_, entries) = match self.0.listed(number.0, handle.0) {
            Ok(listed) => listed,
            Err(failure) => return reply.error(refused(&failure)),
        };
        for (at, name, found) in from(&entries, offset) {
            let inode = if found.is_some() { UNKNOWN } else { number };
            let kind = match found {
                Some(Found::File(_)) => FileType::RegularFile,
                Some(Found::Folder) | None => FileType::Directory,
            };
            if reply.add(inode, at + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn readdirplus(
        &self,
        _: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let (path, entries) = match self.0.listed(number.0, handle.0) {
            Ok(listed) => listed,
            Err(failure) => return reply.error(refused(&failure)),
        };
        let lifetime = self.lifetime();
        for (at, name, found) in from(&entries, offset) {
            let Some(found) = found else {
                let attributes = self.0.attributes(number.0, &Found::Folder);
                if reply.add(number, at + 1, name, &lifetime, &attributes, ONLY) {
                    break;
                }
                continue;
            };
            let attributes = self.0.tell(&join(&path, name), found.clone());
            let inode = attributes.ino;
            if reply.add(inode, at + 1, name, &lifetime, &attributes, ONLY) {
                // It was not told after all.
                self.0.tree.forget(inode.0, 1);
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        reply: ReplyEmpty,
    ) {
        drop(self.0.drop_handle(handle.0));
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, 0, 0, BLOCK, LONGEST_NAME, BLOCK);
    }

    // What there is not. The kernel does without, or tells the program.

    fn setxattr(
        &self,
        _: &Request,
        _: INodeNo,
        _: &OsStr,
        _: &[u8],
        _: i32,
        _: u32,
        reply: ReplyEmpty,
    ) {
        reply.error(Errno::ENOSYS);
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        reply.error(Errno::ENOSYS);
    }

    fn listxattr(&self, _: &Request, _: INodeNo, _: u32, reply: ReplyXattr) {
        reply.error(Errno::ENOSYS);
    }

    fn ioctl(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: IoctlFlags,
        _: u32,
        _: &[u8],
        _: u32,
        reply: ReplyIoctl,
    ) {
        reply.error(Errno::ENOTTY);
    }

    fn fallocate(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: u64,
        _: i32,
        reply: ReplyEmpty,
    ) {
        reply.error(Errno::ENOSYS);
    }

    fn lseek(&self, _: &Request, _: INodeNo, _: FileHandle, _: i64, _: i32, reply: ReplyLseek) {
        reply.error(Errno::ENOSYS);
    }

    fn copy_file_range(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: u64,
        _: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        reply.error(Errno::ENOSYS);
    }
}

/// The entries from the one with this number on, the folder itself and its parent first.
fn from(
    entries: &[(Box<str>, Found)],
    offset: u64,
) -> impl Iterator<Item = (u64, &str, Option<&Found>)> {
    let own = [(".", None), ("..", None)];
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = entries.get(skipped.saturating_sub(own.len())..);
    let rest = rest.unwrap_or_default().iter();
    let rest = rest.map(|(name, found)| (&**name, Some(found)));
    (offset..)
        .zip(own.into_iter().skip(skipped).chain(rest))
        .map(|(at, (name, found))| (at, name, found))
}

/// The root is always there.
const _: () = assert!(ROOT == INodeNo::ROOT.0);
