//! The standard streams, and the files that were written to.
//!
//! The runtime puts the lines of a stream together and passes on whole ones, several at
//! a time, so only `setvbuf("full")` needs a buffer here.

use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char, c_int, c_void};

use warren_guest::logger::{self, Level};
use warren_guest::stdio::{self, Stream};
use warren_guest::{Buffer, Error};

unsafe extern "C" {
    /// Passes on what the buffers of a list of files hold, and empties the
    /// list. Returns the first error, or 0.
    fn warren_flush_files(list: *mut *mut c_void) -> c_int;

    fn strerror(error: c_int) -> *const c_char;
}

/// The streams of a process.
#[derive(Default)]
pub(crate) struct Streams {
    files: UnsafeCell<Files>,
    /// True where the last write to a stream left a line incomplete.
    partial: [Cell<bool>; 2],
    /// The choice of `setvbuf` for standard output and error.
    buffering: Cell<Option<Box<Buffering>>>,
    /// Standard input, once it was read.
    input: Cell<Option<Box<Input>>>,
}

/// `warren_Files` in `config/files.h`: files whose buffers may hold something.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Files {
    /// Those that are passed on when the process waits.
    pending: *mut c_void,
    /// Those that `setvbuf` was called on.
    held: *mut c_void,
    /// The error by which bytes were lost that no caller was told about, or 0.
    lost: c_int,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            pending: std::ptr::null_mut(),
            held: std::ptr::null_mut(),
            lost: 0,
        }
    }
}

/// The time at which the bytes of a stream are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With the call that writes it.
    No,
    /// As soon as a line is complete.
    Line,
    /// As soon as there are more bytes than these.
    Full(usize),
}

/// The modes until `setvbuf` is called.
const MODES: [Mode; 2] = [Mode::Line, Mode::No];

#[derive(Debug)]
struct Buffering {
    modes: [Mode; 2],
    /// The kept bytes of a stream of mode [`Mode::Full`].
    kept: [Vec<u8>; 2],
}

/// Bytes of standard input that were read ahead: `bytes[at..end]`.
#[derive(Debug)]
struct Input {
    bytes: Vec<u8>,
    at: usize,
    end: usize,
}

/// The most that is read ahead.
const READ_AHEAD: usize = 64 * 1024;

impl Streams {
    /// The files, for `config/stdio.c`.
    pub(crate) fn files(&self) -> *mut Files {
        self.files.get()
    }

    /// Passes on what was written to files, unless `setvbuf` says when. To be
    /// called before a process waits: whoever terminates it meanwhile takes
    /// nothing away.
    #[inline]
    pub(crate) fn before_waiting(&self) {
        // SAFETY: one thread; no reference into the cell is kept.
        unsafe {
            let files = self.files.get();
            if !(*files).pending.is_null() {
                // A file keeps its error for its next call.
                warren_flush_files(&raw mut (*files).pending);
            }
        }
    }

    /// Passes everything on that was written.
    pub(crate) fn flush_all(&self) {
        for stream in [Stream::Out, Stream::Err] {
            self.pass_on_kept(stream);
        }
        // SAFETY: as above.
        unsafe {
            let files = self.files.get();
            for list in [&raw mut (*files).pending, &raw mut (*files).held] {
                let error = warren_flush_files(list);
                if error != 0 {
                    (*files).lost = error;
                }
            }
        }
    }

    /// As [`flush_all`](Self::flush_all), for the last time: logs that bytes
    /// are lost where nobody else was told.
    pub(crate) fn flush_for_good(&self) {
        self.flush_all();
        // SAFETY: as above; `strerror` yields a string of libc's.
        unsafe {
            let lost = (*self.files.get()).lost;
            if lost != 0 {
                let why = CStr::from_ptr(strerror(lost)).to_string_lossy();
                let message =
                    format!("cannot pass on what is buffered for a file, which is lost: {why}");
                logger::log(Level::Warn, "", &message, None);
            }
        }
    }

    fn mode(&self, stream: Stream) -> Mode {
        let buffering = self.buffering.take();
        let modes = buffering
            .as_ref()
            .map_or(MODES, |buffering| buffering.modes);
        self.buffering.set(buffering);
        modes[stream as usize]
    }

    pub(crate) fn put(&self, stream: Stream, bytes: &[u8]) {
        let Some(mut buffering) = self.buffering.take() else {
            return self.pass_on(stream, bytes);
        };
        let kept = &mut buffering.kept[stream as usize];
        match buffering.modes[stream as usize] {
            Mode::Full(size) => {
                let fits = bytes.len() <= size.saturating_sub(kept.len());
                if !fits && !kept.is_empty() {
                    self.pass_on(stream, kept);
                    kept.clear();
                }
                // The capacity was reserved with the mode.
                if bytes.len() <= size {
                    kept.extend_from_slice(bytes);
                } else {
                    self.pass_on(stream, bytes);
                }
            }
            Mode::No | Mode::Line => self.pass_on(stream, bytes),
        }
        self.buffering.set(Some(buffering));
    }

    fn pass_on(&self, stream: Stream, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.partial[stream as usize].set(*last != b'\n');
            stdio::write(stream, bytes);
        }
    }

    fn pass_on_kept(&self, stream: Stream) {
        if let Some(mut buffering) = self.buffering.take() {
            self.pass_on(stream, &buffering.kept[stream as usize]);
            buffering.kept[stream as usize].clear();
            self.buffering.set(Some(buffering));
        }
    }

    /// A call has written all it was given.
    pub(crate) fn written(&self, stream: Stream) {
        if self.partial[stream as usize].get() && self.mode(stream) == Mode::No {
            self.flush(stream);
        }
    }

    pub(crate) fn flush(&self, stream: Stream) {
        self.pass_on_kept(stream);
        self.partial[stream as usize].set(false);
        stdio::flush(stream);
    }

    /// Sets a mode; false where there is no memory for its buffer.
    pub(crate) fn set_mode(&self, stream: Stream, mode: Mode) -> bool {
        self.flush(stream);
        let mut buffering = self.buffering.take().unwrap_or_else(|| {
            Box::new(Buffering {
                modes: MODES,
                kept: Default::default(),
            })
        });
        let mut kept = Vec::new();
        let size = if let Mode::Full(size) = mode { size } else { 0 };
        let has_room = kept.try_reserve_exact(size).is_ok();
        if has_room {
            buffering.kept[stream as usize] = kept;
            buffering.modes[stream as usize] = mode;
        }
        self.buffering.set(Some(buffering));
        has_room
    }

    /// Fills with some bytes of standard input; yields their number, which is 0
    /// at the end.
    pub(crate) fn read(&self, into: &mut [u8]) -> Result<usize, Error> {
        let mut input = self.input.take().unwrap_or_else(|| {
            Box::new(Input {
                bytes: Vec::new(),
                at: 0,
                end: 0,
            })
        });
        let read = input.read(into);
        self.input.set(Some(input));
        read
    }
}

impl Input {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if self.at == self.end {
            let mut buffer = Buffer::new();
            // A read that is as large goes to its place directly.
            let ahead = into.len() < READ_AHEAD && self.has_room();
            if !ahead {
                return stdio::read_into(into, &mut buffer).map_err(|failure| failure.decode());
            }
            self.at = 0;
            self.end = 0;
            self.end = stdio::read_into(&mut self.bytes, &mut buffer)
                .map_err(|failure| failure.decode())?;
        }
        let count = into.len().min(self.end - self.at);
        into[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }

    fn has_room(&mut self) -> bool {
        if self.bytes.is_empty() && self.bytes.try_reserve_exact(READ_AHEAD).is_ok() {
            self.bytes.resize(READ_AHEAD, 0);
        }
        !self.bytes.is_empty()
    }
}
