//! The descriptors of a process.

use std::collections::VecDeque;
use std::sync::Arc;

use super::errno::Errno;
use super::namespace::Preopen;
use super::tree::Tree;
use crate::disk::Tracked;
use crate::files::{HostFiles, Ticket};
use crate::output::Stream;

/// What a descriptor is the number of. All rights are here, none with the number.
#[derive(Debug)]
pub(crate) enum Descriptor {
    /// Standard input: at its end, since programs read it by another way.
    Input,
    /// Standard output or error.
    Output(Stream),
    /// A directory that was open from the start.
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
    /// The entries not listed yet.
    pub(crate) rest: cap_std::fs::ReadDir,
    /// Entries that the last call gave: the guest may have cut off the last.
    pub(crate) given: VecDeque<Entry>,
    /// The cookie of the first of them.
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

/// What a file was opened for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileFlags {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    /// The right of the grant it was reached by.
    pub(crate) may_change: bool,
}

/// By number. The lowest free number is given next.
#[derive(Debug, Default)]
pub(crate) struct Table {
    descriptors: Vec<Option<Descriptor>>,
    /// Of directories and files that the guest opened.
    opened: usize,
}

impl Table {
    /// The standard streams, and what is open from the start.
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

    /// Whether the guest has anything open that takes time to close.
    pub(crate) fn has_opened(&self) -> bool {
        self.opened > 0
    }

    /// Room for one more, before anything is opened.
    ///
    /// # Errors
    ///
    /// `MFILE`, where a limit of open files is reached.
    pub(crate) fn ticket(&self, files: &Arc<HostFiles>) -> Result<Ticket, Errno> {
        files.take(self.opened).ok_or(Errno::MFILE)
    }

    /// Adds what the guest opened.
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

    /// Takes a descriptor out; what it was is closed when dropped.
    pub(crate) fn remove(&mut self, number: u32) -> Result<Descriptor, Errno> {
        let slot = self.descriptors.get_mut(number as usize);
        let descriptor = slot.and_then(Option::take).ok_or(Errno::BADF)?;
        if matches!(descriptor, Descriptor::Directory(_) | Descriptor::File(_)) {
            self.opened -= 1;
        }
        Ok(descriptor)
    }

    /// Moves a descriptor to another number, whose descriptor comes back.
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
