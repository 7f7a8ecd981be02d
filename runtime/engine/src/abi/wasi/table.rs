//! The descriptors of a process.

use std::collections::VecDeque;
use std::sync::Arc;

use super::errno::Errno;
use super::namespace::Preopen;
use super::tree::Tree;
use crate::disk::Tracked;
use crate::files::{HostFiles, Ticket};
use crate::output::Stream;

/// The object behind a descriptor's number. The object holds all rights.
#[derive(Debug)]
pub(crate) enum Descriptor {
    /// Standard input, at its end but in the program's first process.
    Input,
    /// Standard output or error.
    Output(Stream),
    /// A directory that was open at the start.
    Preopen(Preopen),
    /// A directory the guest opened.
    Directory(OpenDirectory),
    /// A file the guest opened.
    File(OpenFile),
}

/// A directory the guest opened.
#[derive(Debug)]
pub(crate) struct OpenDirectory {
    pub(crate) tree: Tree,
    pub(crate) listing: Option<Listing>,
    pub(crate) _ticket: Ticket,
}

/// A directory that is being listed.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The entries that were not read yet.
    pub(crate) rest: cap_std::fs::ReadDir,
    /// The entries of the last call. The guest may ask for the last one again, if
    /// it was cut off.
    pub(crate) given: VecDeque<Entry>,
    /// The cookie of the first entry in `given`.
    pub(crate) first: u64,
}

/// An entry of a directory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) inode: u64,
    pub(crate) kind: u8,
}

/// A file the guest opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) tracked: Arc<Tracked>,
    pub(crate) position: u64,
    pub(crate) flags: FileFlags,
    pub(crate) _ticket: Ticket,
}

/// The modes in which a file was opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileFlags {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    /// True if the grant of the file permits writing.
    pub(crate) may_change: bool,
}

/// The descriptors by number. A new descriptor gets the lowest free number.
#[derive(Debug, Default)]
pub(crate) struct Table {
    descriptors: Vec<Option<Descriptor>>,
    /// The number of directories and files that the guest has open.
    opened: usize,
}

impl Table {
    /// A table of the standard streams and the given directories.
    pub(crate) fn new(preopens: Vec<Preopen>) -> Table {
        let standard = [
            Descriptor::Input,
            Descriptor::Output(Stream::Stdout),
            Descriptor::Output(Stream::Stderr),
        ];
        let preopens = preopens.into_iter().map(Descriptor::Preopen);
        Table {
            descriptors: standard.into_iter().chain(preopens).map(Some).collect(),
            opened: 0,
        }
    }

    /// Returns true if the guest has files or directories open, which take time to
    /// close.
    pub(crate) fn has_opened(&self) -> bool {
        self.opened > 0
    }

    /// Takes a ticket for one more file, before it is opened.
    ///
    /// # Errors
    ///
    /// `MFILE` if a limit of open files is reached.
    pub(crate) fn ticket(&self, files: &Arc<HostFiles>) -> Result<Ticket, Errno> {
        files.take(self.opened).ok_or(Errno::MFILE)
    }

    /// Adds a file or directory; returns its number.
    pub(crate) fn add(&mut self, descriptor: Descriptor) -> u32 {
        self.opened += 1;
        let free = self.descriptors.iter().position(Option::is_none);
        let number = free.unwrap_or_else(|| {
            self.descriptors.push(None);
            self.descriptors.len() - 1
        });
        self.descriptors[number] = Some(descriptor);
        // Bounded by the limits of open files.
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&mut self, number: u32) -> Result<&mut Descriptor, Errno> {
        let slot = self.descriptors.get_mut(number as usize);
        slot.and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    pub(crate) fn file(&mut self, number: u32) -> Result<&mut OpenFile, Errno> {
        match self.get(number)? {
            Descriptor::File(file) => Ok(file),
            _ => Err(Errno::BADF),
        }
    }

    /// The open file of a descriptor.
    pub(crate) fn tracked(&mut self, number: u32) -> Result<Arc<Tracked>, Errno> {
        Ok(Arc::clone(&self.file(number)?.tracked))
    }

    /// Removes a descriptor. Its file closes when the returned value is dropped.
    pub(crate) fn remove(&mut self, number: u32) -> Result<Descriptor, Errno> {
        let slot = self.descriptors.get_mut(number as usize);
        let descriptor = slot.and_then(Option::take).ok_or(Errno::BADF)?;
        if matches!(descriptor, Descriptor::Directory(_) | Descriptor::File(_)) {
            self.opened -= 1;
        }
        Ok(descriptor)
    }

    /// Moves a descriptor to another number, and returns the descriptor that had
    /// this number.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(from)?;
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        let replaced = self.remove(to)?;
        self.descriptors[to as usize] = self.descriptors[from as usize].take();
        Ok(Some(replaced))
    }
}
