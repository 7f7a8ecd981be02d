//! Private pages of memory images in a running command's instances.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::session::Session;

const PAGE: u64 = 4096;

/// Bits of an entry of `/proc/PID/pagemap`.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
/// Flag of pages of a file, or shared ones: not written to.
const OF_FILE: u64 = 1 << 61;

impl Session {
    /// Returns the number of written pages of each mapping of a memory image in
    /// compiled code, one mapping for each instance.
    #[track_caller]
    pub fn dirty_pages_of_images(&self) -> Vec<usize> {
        let process = format!("/proc/{}", self.id());
        let maps = fs::read_to_string(format!("{process}/maps")).expect("it has not ended");
        let pages = File::open(format!("{process}/pagemap")).expect("it has not ended");
        let images = maps.lines().filter_map(image);
        images.map(|range| dirty(&pages, range)).collect()
    }
}

/// Returns the first and the last address of a mapping that is the image of an
/// instance.
fn image(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let is_image = words.next()? == "rw-p" && line.ends_with(".cwasm");
    let address = |text| u64::from_str_radix(text, 16).ok();
    is_image.then_some((address(from)?, address(to)?))
}

fn dirty(pages: &File, (from, to): (u64, u64)) -> usize {
    let mut entries = vec![0; ((to - from) / PAGE * 8) as usize];
    pages
        .read_exact_at(&mut entries, from / PAGE * 8)
        .expect("the mapping is there");
    let is_dirty = |entry: &&[u8; 8]| {
        let entry = u64::from_ne_bytes(**entry);
        entry & SWAPPED != 0 || entry & (PRESENT | OF_FILE) == PRESENT
    };
    entries.as_chunks().0.iter().filter(is_dirty).count()
}
