//! A file that is read while it is being written: one side appends what arrives over the network,
//! the other, which blocks, reads it from the beginning, and again where it needs to.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What both sides share. The file has one position, so whoever uses it sets it first.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    file: File,
    /// Bytes written so far.
    length: u64,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// There may be more to come.
    Open,
    /// All is there.
    Complete,
    /// The writer is gone and not all is there.
    Broken,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end == End::Open {
            state.end = end;
        }
        self.changed.notify_all();
    }
}

/// The two ends of a new temporary file.
pub(crate) fn growing() -> io::Result<(GrowingWriter, GrowingReader)> {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            file: tempfile::tempfile()?,
            length: 0,
            end: End::Open,
        }),
        changed: Condvar::new(),
    });
    let reader = GrowingReader {
        shared: shared.clone(),
        position: 0,
    };
    Ok((GrowingWriter(shared), reader))
}

/// Appends. Dropping it before [`finish`](Self::finish) tells the reader that the rest is lost.
pub(crate) struct GrowingWriter(Arc<Shared>);

impl GrowingWriter {
    /// Appends pieces. Blocks, but not for long.
    pub(crate) fn append(&self, pieces: &[impl AsRef<[u8]>]) -> io::Result<()> {
        let mut state = self.0.lock();
        let length = state.length;
        state.file.seek(SeekFrom::Start(length))?;
        for piece in pieces {
            let piece = piece.as_ref();
            state.file.write_all(piece)?;
            state.length += u64::try_from(piece.len()).expect("a length fits 64 bits");
        }
        self.0.changed.notify_all();
        Ok(())
    }

    /// Says that all is there.
    pub(crate) fn finish(self) {
        self.0.end(End::Complete);
    }
}

impl Drop for GrowingWriter {
    fn drop(&mut self) {
        self.0.end(End::Broken);
    }
}

/// Reads, and waits at the end for more until the writer has finished.
pub(crate) struct GrowingReader {
    shared: Arc<Shared>,
    position: u64,
}

impl GrowingReader {
    /// The whole file, when both sides are done with it.
    pub(crate) fn into_file(self) -> Option<File> {
        let shared = Arc::into_inner(self.shared)?;
        let state = shared.state.into_inner();
        Some(state.unwrap_or_else(PoisonError::into_inner).file)
    }
}

impl Read for GrowingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.shared.lock();
        while state.length <= self.position {
            match state.end {
                End::Complete => return Ok(0),
                End::Broken => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                End::Open => {
                    let waiting = self.shared.changed.wait(state);
                    state = waiting.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        state.file.seek(SeekFrom::Start(self.position))?;
        let read = state.file.read(buffer)?;
        self.position += u64::try_from(read).expect("a length fits 64 bits");
        Ok(read)
    }
}

impl Seek for GrowingReader {
    /// The end of a file that is still growing is taken to be far away.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(position) => {
                self.position = position;
                return Ok(position);
            }
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => {
                let state = self.shared.lock();
                let far = u64::MAX / 2;
                let end = if state.end == End::Open {
                    far
                } else {
                    state.length
                };
                (end, offset)
            }
        };
        self.position = base
            .checked_add_signed(offset)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_waits_for_what_is_to_come() {
        let (writer, mut reader) = growing().expect("a file");
        let written = std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let mut text = String::new();
                reader.read_to_string(&mut text).expect("complete");
                reader.seek(SeekFrom::Start(1)).expect("a place");
                reader.read_to_string(&mut text).expect("complete");
                text
            });
            for piece in ["ab", "", "cd", "e"] {
                writer.append(&[piece]).expect("written");
                std::thread::yield_now();
            }
            writer.finish();
            other.join().expect("no panic")
        });
        assert_eq!(written, "abcdebcde");
        assert!(reader.into_file().is_some());
    }

    #[test]
    fn a_writer_that_gives_up_is_an_error() {
        let (writer, mut reader) = growing().expect("a file");
        writer.append(&["ab"]).expect("written");
        assert_eq!(
            reader.seek(SeekFrom::End(0)).expect("far away"),
            u64::MAX / 2
        );
        reader.rewind().expect("the beginning");
        drop(writer);
        let mut text = String::new();
        let error = reader
            .read_to_string(&mut text)
            .expect_err("not all is there");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(text, "ab");
        assert_eq!(reader.seek(SeekFrom::End(-1)).expect("known"), 1);
    }
}
