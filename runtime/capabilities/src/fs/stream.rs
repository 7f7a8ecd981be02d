//! An open file, as a stream of its process.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use warren_engine::capability::{OpenFile, Step};
use warren_kernel::Error;

use super::mode::Mode;
use super::opened::Open;
use super::threads::OfHost;
use super::usage::Length;
use super::{Access, done, failure};
use crate::answer;
use crate::quota::Held;
use crate::streams::table::{Stat, bytes_or_end, closed};
use crate::streams::{ByteStream, Whence};

/// See [the module](self).
pub(super) struct FileStream {
    /// `None` once the stream is closed.
    file: Mutex<Option<Arc<Opened>>>,
    threads: OfHost,
    tokio: Handle,
}

/// A file that was opened, and its position.
pub(super) struct Opened {
    open: Open,
    mode: Mode,
    position: AtomicU64,
    _counted: (Held, OpenFile),
}

impl FileStream {
    /// Returns the file, if the stream is open and is not for the other direction alone.
    fn opened(&self, other: Option<(Access, &str)>) -> Result<Arc<Opened>, Error> {
        let opened = self.file.lock().clone().ok_or_else(closed)?;
        match other {
            Some((access, direction)) if opened.mode.access() == access => {
                let message = format!("the stream is only for {direction}");
                Err(Error::internal(message))
            }
            _ => Ok(opened),
        }
    }
}

impl Opened {
    pub(super) fn new(open: Open, mode: Mode, counted: (Held, OpenFile)) -> Opened {
        Opened {
            open,
            mode,
            position: AtomicU64::new(0),
            _counted: counted,
        }
    }

    /// Makes the stream of the file, on a thread of the tokio runtime.
    pub(super) fn stream(self, threads: OfHost) -> FileStream {
        FileStream {
            file: Mutex::new(Some(Arc::new(self))),
            threads,
            tokio: Handle::current(),
        }
    }

    fn read(&self, position: u64, most: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; most];
        let mut read = self.open.file.read_at(&mut bytes, position);
        while matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
            read = self.open.file.read_at(&mut bytes, position);
        }
        let read = read.map_err(|error| failure::of_file(&error))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let position = self.position.load(Ordering::Relaxed);
        let end = position.checked_add(bytes.len() as u64);
        let end = end.ok_or_else(|| failure::of_file(&io::ErrorKind::FileTooLarge.into()))?;
        let end = match self.mode {
            Mode::Append => {
                let by = Length::By(bytes.len() as u64);
                self.open.change(by, |mut file| {
                    file.write_all(bytes)?;
                    Ok(file.metadata()?.len())
                })?
            }
            _ => {
                let write = |file: &File| file.write_all_at(bytes, position);
                self.open.change(Length::To(end), write)?;
                end
            }
        };
        self.position.store(end, Ordering::Relaxed);
        Ok(())
    }

    fn length(&self) -> Result<u64, Error> {
        let metadata = self.open.file.metadata();
        Ok(metadata.map_err(|error| failure::of_file(&error))?.len())
    }
}

impl ByteStream for FileStream {
    fn read(&self, most: usize) -> Step {
        let opened = match self.opened(Some((Access::Write, "writing"))) {
            Ok(opened) => opened,
            Err(error) => return Step::Done(Err(error)),
        };
        let threads = self.threads.clone();
        // For the bytes, and for the answer.
        Step::wait(2 * most, move |_| async move {
            let position = opened.position.load(Ordering::Relaxed);
            let reading = Arc::clone(&opened);
            let bytes = threads.run(move || reading.read(position, most)).await?;
            // A read that nobody waits for takes nothing.
            let end = position.saturating_add(bytes.len() as u64);
            opened.position.store(end, Ordering::Relaxed);
            bytes_or_end((!bytes.is_empty()).then_some(bytes.as_slice()))
        })
    }

    fn write(&self, bytes: &[u8]) -> Step {
        let opened = match self.opened(Some((Access::Read, "reading"))) {
            Ok(opened) => opened,
            Err(error) => return Step::Done(Err(error)),
        };
        let (bytes, threads) = (bytes.to_vec(), self.threads.clone());
        Step::wait(bytes.len(), move |_| async move {
            let written = threads.run(move || {
                opened.write(&bytes)?;
                Ok(bytes.len())
            });
            let written = i64::try_from(written.await?).unwrap_or(i64::MAX);
            answer::write(|out| out.integer(written))
        })
    }

    /// Nothing is held back.
    fn flush(&self) -> Step {
        let opened = self.opened(Some((Access::Read, "reading")));
        Step::Done(opened.and_then(|_| done()))
    }

    fn sync(&self) -> Step {
        let opened = match self.opened(None) {
            Ok(opened) => opened,
            Err(error) => return Step::Done(Err(error)),
        };
        let threads = self.threads.clone();
        Step::wait(0, move |_| async move {
            let syncing = move || {
                let synced = opened.open.file.sync_all();
                synced.map_err(|error| failure::of_file(&error))
            };
            threads.run(syncing).await?;
            done()
        })
    }

    fn close(&self) -> Step {
        let Some(opened) = self.file.lock().take() else {
            return Step::Done(done());
        };
        let threads = self.threads.clone();
        Step::wait(0, move |_| async move {
            let closing = move || {
                drop(opened);
                Ok(())
            };
            threads.run(closing).await?;
            done()
        })
    }

    fn seek(&self, whence: Whence, offset: i64) -> Step {
        let opened = match self.opened(None) {
            Ok(opened) => opened,
            Err(error) => return Step::Done(Err(error)),
        };
        let threads = self.threads.clone();
        Step::wait(0, move |_| async move {
            let from = match whence {
                Whence::Start => 0,
                Whence::Current => opened.position.load(Ordering::Relaxed),
                Whence::End => {
                    let asking = Arc::clone(&opened);
                    threads.run(move || asking.length()).await?
                }
            };
            let position = from.checked_add_signed(offset);
            let position = position.and_then(|position| i64::try_from(position).ok());
            let position = position.ok_or_else(|| Error::invalid("no file has such a position"))?;
            opened
                .position
                .store(position.unsigned_abs(), Ordering::Relaxed);
            answer::write(|out| out.integer(position))
        })
    }

    fn stat(&self) -> Step {
        let opened = match self.opened(None) {
            Ok(opened) => opened,
            Err(error) => return Step::Done(Err(error)),
        };
        let threads = self.threads.clone();
        Step::wait(0, move |_| async move {
            let asking = Arc::clone(&opened);
            let size = threads.run(move || asking.length()).await?;
            let access = opened.mode.access();
            let stat = Stat {
                size: Some(size),
                position: opened.position.load(Ordering::Relaxed),
                readable: access != Access::Write,
                writable: access != Access::Read,
                seekable: true,
            };
            stat.answer()
        })
    }
}

impl Drop for FileStream {
    fn drop(&mut self) {
        if let Some(opened) = self.file.get_mut().take() {
            // Closing a file may wait for a disk.
            drop(self.tokio.spawn_blocking(move || drop(opened)));
        }
    }
}
