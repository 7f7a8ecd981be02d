//! Budgets of bytes on disk that the processes of a host may add.
//!
//! A host is charged for files that its processes create or lengthen. The charge is
//! given back if the file is shortened, or is gone: its last name is removed and no
//! process has it open. Each charge is kept with its file, so nothing is given back
//! twice, or without a charge. Overwriting bytes of an existing file is free.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

/// Default limit of the bytes on disk that one host may add: 10 GiB.
pub const DEFAULT_MAX_DISK: u64 = 10 << 30;

/// Bytes charged for a file, directory or link, besides a file's content: a block of
/// most file systems.
const OBJECT: u64 = 4_096;

/// Most charged files that are remembered. Charges of further files are not given back.
const MAX_REMEMBERED: usize = 1 << 18;

/// The charges of a node, by file.
#[derive(Debug, Default)]
pub(crate) struct Disks(Mutex<HashMap<Key, Arc<Inode>>>);

/// A file's identity: its device and inode numbers.
type Key = (u64, u64);

#[derive(Debug, Default)]
struct Inode {
    /// Held while the file's length changes.
    charges: Mutex<Vec<(Arc<HostDisk>, u64)>>,
    /// Number of descriptors of processes; changed under the lock of [`Disks`].
    open: AtomicU64,
    /// Number of further names that were charged for.
    names: AtomicU64,
}

/// The budget of one host.
#[derive(Debug)]
pub(crate) struct HostDisk {
    name: Box<str>,
    limit: AtomicU64,
    used: AtomicU64,
    told: AtomicBool,
}

/// A charge that the budget of a host has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskFull;

/// A file that a process has open.
#[derive(Debug)]
pub(crate) struct Tracked {
    disks: Arc<Disks>,
    key: Key,
    inode: Arc<Inode>,
    file: Arc<File>,
}

impl HostDisk {
    pub(crate) fn new(name: &str, limit: u64) -> Arc<HostDisk> {
        Arc::new(HostDisk {
            name: name.into(),
            limit: AtomicU64::new(limit),
            used: AtomicU64::new(0),
            told: AtomicBool::new(false),
        })
    }

    /// Bytes charged at present.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that may be charged.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets the bytes that may be charged. Charges stay: beyond a lower limit, further
    /// ones are refused.
    pub(crate) fn set_limit(&self, limit: u64) {
        if self.limit.swap(limit, Ordering::Relaxed) != limit {
            self.told.store(false, Ordering::Relaxed);
        }
    }

    fn charge(&self, bytes: u64) -> Result<(), DiskFull> {
        let limit = self.limit();
        let charged = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= limit)
            });
        if charged.is_ok() {
            return Ok(());
        }
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                host = &*self.name,
                "the processes together have reached max_disk = {} bytes of host {}; further \
                 refusals are not logged",
                limit,
                self.name
            );
        }
        Err(DiskFull)
    }

    fn refund(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Disks {
    /// Follows a file that a process opened.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if its metadata cannot be read; of the kind `NotFound` if its last
    /// name was removed meanwhile.
    pub(crate) fn track(self: &Arc<Self>, file: Arc<File>) -> io::Result<Tracked> {
        let key = key(&file)?;
        let inode = {
            let mut inodes = self.0.lock();
            let inode = Arc::clone(inodes.entry(key).or_default());
            inode.open.fetch_add(1, Ordering::Relaxed);
            inode
        };
        let tracked = Tracked {
            disks: Arc::clone(self),
            key,
            inode,
            file,
        };
        // The removal before this call gave its charge back already.
        if tracked.file.metadata()?.nlink() == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(tracked)
    }

    /// Charges for a file, directory or link that was made.
    pub(crate) fn made(&self, host: &Arc<HostDisk>, file: &File) {
        let Ok(key) = key(file) else {
            return;
        };
        if host.charge(OBJECT).is_err() {
            // It exists already; the next one is refused.
            return;
        }
        let mut inodes = self.0.lock();
        if inodes.len() < MAX_REMEMBERED || inodes.contains_key(&key) {
            let inode = Arc::clone(inodes.entry(key).or_default());
            drop(inodes);
            add(&mut inode.charges.lock(), host, OBJECT);
        }
    }

    /// Charges for a further name of a file.
    pub(crate) fn named(&self, host: &Arc<HostDisk>, file: &File) {
        self.made(host, file);
        let inode = key(file)
            .ok()
            .and_then(|key| self.0.lock().get(&key).cloned());
        if let Some(inode) = inode {
            inode.names.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives back charges after one of `before` names of a file was removed. If it was
    /// the last name and no process has the file open, that is the whole charge of the
    /// file; otherwise it is the charge of a further name.
    pub(crate) fn removed(&self, file: &File, before: u64) {
        let (Ok(metadata), Ok(key)) = (file.metadata(), key(file)) else {
            return;
        };
        let names = metadata.nlink();
        if names == 0 || (metadata.is_dir() && names <= 1) {
            self.forget(key, true);
        } else if names < before {
            let inode = self.0.lock().get(&key).cloned();
            let one_less = |names: u64| names.checked_sub(1);
            if let Some(inode) = inode
                && inode
                    .names
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                    .is_ok()
            {
                refund(&mut inode.charges.lock(), OBJECT);
            }
        }
    }

    /// Forgets the charges of a host whose last process has ended: nobody is left to be
    /// given them back.
    pub(crate) fn forget_host(&self, host: &Arc<HostDisk>) {
        if host.used() == 0 {
            return;
        }
        self.0.lock().retain(|_, inode| {
            // A file that a process of another host is writing is not waited for.
            let Some(mut charges) = inode.charges.try_lock() else {
                return true;
            };
            charges.retain(|(charged, _)| !Arc::ptr_eq(charged, host));
            !charges.is_empty() || inode.open.load(Ordering::Relaxed) > 0
        });
    }

    /// Forgets a file that no process has open. Gives its charges back if the file is
    /// gone. A file that still exists is forgotten only if it has no charges, or if too
    /// many are remembered.
    fn forget(&self, key: Key, is_gone: bool) {
        let mut inodes = self.0.lock();
        let Some(inode) = inodes.get(&key) else {
            return;
        };
        if inode.open.load(Ordering::Relaxed) > 0 {
            return;
        }
        let crowded = inodes.len() > MAX_REMEMBERED;
        if is_gone || crowded || inode.charges.lock().is_empty() {
            let inode = inodes.remove(&key);
            drop(inodes);
            if let (true, Some(inode)) = (is_gone, inode) {
                refund(&mut inode.charges.lock(), u64::MAX);
            }
        }
    }
}

impl HostDisk {
    /// Checks that one more file, directory or link may be made.
    ///
    /// # Errors
    ///
    /// [`DiskFull`] if the budget has no room for it.
    pub(crate) fn has_room(&self) -> Result<(), DiskFull> {
        self.charge(OBJECT)?;
        self.refund(OBJECT);
        Ok(())
    }
}

impl Tracked {
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Does work that lengthens the file by as much as `by` says at most, and charges
    /// the host for it.
    ///
    /// # Errors
    ///
    /// [`DiskFull`], before anything is done; otherwise those of `work`.
    pub(crate) fn lengthening<T, E: From<DiskFull> + From<io::Error>>(
        &self,
        host: &Arc<HostDisk>,
        by: Length,
        work: impl FnOnce(&File) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut charges = self.inode.charges.lock();
        let before = self.file.metadata()?.len();
        let wanted = match by {
            Length::To(length) => length.saturating_sub(before),
            Length::By(bytes) => bytes,
        };
        host.charge(wanted)?;
        let result = work(&self.file);
        // The work may have written less.
        let after = self
            .file
            .metadata()
            .map_or(before, |metadata| metadata.len());
        let grown = after.saturating_sub(before).min(wanted);
        host.refund(wanted - grown);
        add(&mut charges, host, grown);
        if after < before {
            refund(&mut charges, before - after);
        }
        result
    }
}

/// The most that a file is lengthened: to a length, or by a number of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    To(u64),
    By(u64),
}

fn add(charges: &mut Vec<(Arc<HostDisk>, u64)>, host: &Arc<HostDisk>, bytes: u64) {
    if bytes == 0 {
        return;
    }
    match charges
        .iter_mut()
        .find(|(other, _)| Arc::ptr_eq(other, host))
    {
        Some((_, charged)) => *charged += bytes,
        None => charges.push((Arc::clone(host), bytes)),
    }
}

/// Gives back this many of the charged bytes.
fn refund(charges: &mut Vec<(Arc<HostDisk>, u64)>, mut bytes: u64) {
    while let Some((host, charged)) = charges.last_mut() {
        let now = bytes.min(*charged);
        host.refund(now);
        *charged -= now;
        bytes -= now;
        if *charged > 0 {
            return;
        }
        charges.pop();
    }
}

fn key(file: &File) -> io::Result<Key> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for Tracked {
    fn drop(&mut self) {
        {
            let _inodes = self.disks.0.lock();
            self.inode.open.fetch_sub(1, Ordering::Relaxed);
        }
        let is_gone = self
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.nlink() == 0);
        self.disks.forget(self.key, is_gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    #[derive(Debug, PartialEq)]
    enum Failed {
        Full,
        Io,
    }

    impl From<DiskFull> for Failed {
        fn from(_: DiskFull) -> Failed {
            Failed::Full
        }
    }

    impl From<io::Error> for Failed {
        fn from(_: io::Error) -> Failed {
            Failed::Io
        }
    }

    fn write(tracked: &Tracked, host: &Arc<HostDisk>, bytes: usize) -> Result<(), Failed> {
        tracked.lengthening(host, Length::By(bytes as u64), |mut file| {
            Ok(file.write_all(&vec![0; bytes])?)
        })
    }

    fn open(path: &std::path::Path) -> Arc<File> {
        let mut options = File::options();
        Arc::new(options.append(true).create(true).open(path).expect("opens"))
    }

    #[test]
    fn written_bytes_are_charged_until_their_file_is_gone() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a");
        let (disks, host) = (Arc::new(Disks::default()), HostDisk::new("a:host", 10_000));
        let file = open(&path);
        disks.made(&host, &file);
        assert_eq!(host.used(), OBJECT);
        let tracked = disks.track(file).expect("is there");
        write(&tracked, &host, 5_000).expect("there is room");
        assert_eq!(host.used(), OBJECT + 5_000);
        assert_eq!(write(&tracked, &host, 5_000), Err(Failed::Full));
        tracked
            .lengthening::<_, Failed>(&host, Length::To(0), |file| Ok(file.set_len(1_000)?))
            .expect("is shortened");
        assert_eq!(host.used(), OBJECT + 1_000);
        // A removed file that is still open keeps its charge.
        let name = File::open(&path).expect("opens");
        fs::remove_file(&path).expect("is removed");
        disks.removed(&name, 1);
        drop(name);
        assert_eq!(host.used(), OBJECT + 1_000);
        drop(tracked);
        assert_eq!(host.used(), 0);
        assert!(disks.0.lock().is_empty());
    }

    #[test]
    fn a_second_name_keeps_the_charge() {
        let directory = tempfile::tempdir().expect("a directory");
        let [path, other] = ["a", "b"].map(|name| directory.path().join(name));
        let (disks, host) = (Arc::new(Disks::default()), HostDisk::new("a:host", 10_000));
        let tracked = disks.track(open(&path)).expect("is there");
        write(&tracked, &host, 100).expect("there is room");
        drop(tracked);
        fs::hard_link(&path, &other).expect("is linked");
        for (path, names, left) in [(&path, 2, 100), (&other, 1, 0)] {
            let file = File::open(path).expect("opens");
            fs::remove_file(path).expect("is removed");
            disks.removed(&file, names);
            assert_eq!(host.used(), left);
        }
    }

    #[test]
    fn a_second_name_takes_its_place_until_it_is_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let [path, other] = ["a", "b"].map(|name| directory.path().join(name));
        let (disks, host) = (Arc::new(Disks::default()), HostDisk::new("a:host", 10_000));
        let tracked = disks.track(open(&path)).expect("is there");
        write(&tracked, &host, 100).expect("there is room");
        for _ in 0..10 {
            fs::hard_link(&path, &other).expect("is linked");
            let file = File::open(&other).expect("opens");
            disks.named(&host, &file);
            assert_eq!(host.used(), OBJECT + 100);
            // A rename of one onto the other removes none.
            disks.removed(&file, 2);
            assert_eq!(host.used(), OBJECT + 100);
            fs::remove_file(&other).expect("is removed");
            disks.removed(&file, 2);
            assert_eq!(host.used(), 100);
        }
    }

    #[test]
    fn a_removal_by_another_host_gives_back_to_the_writer() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a");
        let disks = Arc::new(Disks::default());
        let [one, other] = ["a:one", "a:other"].map(|name| HostDisk::new(name, 10_000));
        let tracked = disks.track(open(&path)).expect("is there");
        write(&tracked, &one, 100).expect("there is room");
        write(&tracked, &other, 50).expect("there is room");
        drop(tracked);
        assert_eq!((one.used(), other.used()), (100, 50));
        let file = File::open(&path).expect("opens");
        fs::remove_file(&path).expect("is removed");
        disks.removed(&file, 1);
        assert_eq!((one.used(), other.used()), (0, 0));
    }

    #[test]
    fn files_outlive_a_host_that_is_gone_and_their_charges_do_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let [path, shared] = ["a", "b"].map(|name| directory.path().join(name));
        let disks = Arc::new(Disks::default());
        let [goes, stays] = ["a:goes", "a:stays"].map(|name| HostDisk::new(name, 10_000));
        for path in [&path, &shared] {
            let tracked = disks.track(open(path)).expect("is there");
            write(&tracked, &goes, 100).expect("there is room");
        }
        let tracked = disks.track(open(&shared)).expect("is there");
        write(&tracked, &stays, 50).expect("there is room");
        disks.forget_host(&goes);
        drop(tracked);
        assert_eq!(disks.0.lock().len(), 1);
        let file = File::open(&shared).expect("opens");
        fs::remove_file(&shared).expect("is removed");
        disks.removed(&file, 1);
        assert_eq!(stays.used(), 0);
        assert!(disks.0.lock().is_empty());
    }
}
