//! The standard streams, `print`, and the files that were written to:
//! `config/stdio.c` has libc's files call this.
//!
//! The runtime puts the lines of a stream together and passes on whole ones,
//! so only `setvbuf("full")` needs a buffer here.

use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::slice;

use mlua_sys::*;
use warren_guest::logger::{self, Level};
use warren_guest::stdio::{self, Stream};
use warren_guest::{Buffer, Error};

use crate::runtime::runtime;
use crate::stack::{State, bytes_at};

unsafe extern "C-unwind" {
    /// Opens the library `io`; a C function of Lua.
    pub(crate) fn warren_open_io(l: State) -> c_int;
}

unsafe extern "C" {
    /// Passes on what the buffers of a list of files hold, and empties the
    /// list. Returns the first error, or 0.
    fn warren_flush_files(list: *mut *mut c_void) -> c_int;

    /// Notes why standard input was refused, for the error that follows.
    fn warren_refuse(text: *const c_char, len: usize);

    fn strerror(error: c_int) -> *const c_char;
}

/// What a process keeps of its streams.
#[derive(Default)]
pub(crate) struct Streams {
    files: UnsafeCell<Files>,
    /// Whether the last write to a stream left a line incomplete.
    partial: [Cell<bool>; 2],
    /// What `setvbuf` has chosen for standard output and error.
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
    /// Why bytes were lost that no caller was told about, or 0.
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

/// When what was written to a stream is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// With the call that writes it.
    No,
    /// When a line is complete.
    Line,
    /// When there are more bytes than these.
    Full(usize),
}

/// The modes until `setvbuf` is called.
const MODES: [Mode; 2] = [Mode::Line, Mode::No];

#[derive(Debug)]
struct Buffering {
    modes: [Mode; 2],
    /// What is kept of a stream of mode [`Mode::Full`].
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
                let message = format!("what was written to a file is lost: {why}");
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

    fn put(&self, stream: Stream, bytes: &[u8]) {
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
    fn written(&self, stream: Stream) {
        if self.partial[stream as usize].get() && self.mode(stream) == Mode::No {
            self.flush(stream);
        }
    }

    fn flush(&self, stream: Stream) {
        self.pass_on_kept(stream);
        self.partial[stream as usize].set(false);
        stdio::flush(stream);
    }

    /// Sets a mode; false where there is no memory for its buffer.
    fn set_mode(&self, stream: Stream, mode: Mode) -> bool {
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
    fn read(&self, into: &mut [u8]) -> Result<usize, Error> {
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
            // What is as large is read in place.
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

/// `print(...)`: one line, in one piece.
pub(crate) unsafe extern "C-unwind" fn print(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the buffer of Lua lies on this
    // frame and owns nothing but a value on the stack.
    unsafe {
        let count = lua_gettop(l);
        let mut buffer = std::mem::MaybeUninit::<luaL_Buffer>::uninit();
        let buffer = buffer.as_mut_ptr();
        luaL_buffinit(l, buffer);
        for arg in 1..=count {
            if arg > 1 {
                luaL_addlstring(buffer, c"\t".as_ptr(), 1);
            }
            luaL_tolstring(l, arg, std::ptr::null_mut());
            luaL_addvalue(buffer);
        }
        luaL_addlstring(buffer, c"\n".as_ptr(), 1);
        luaL_pushresult(buffer);
        let streams = &runtime(l).streams;
        streams.put(Stream::Out, bytes_at(l, -1).unwrap_or_default());
        0
    }
}

const fn stream(err: c_int) -> Stream {
    if err == 0 { Stream::Out } else { Stream::Err }
}

/// The streams of the runtime of `l`.
///
/// # Safety
/// As [`runtime`].
unsafe fn streams<'a>(l: State) -> &'a Streams {
    // SAFETY: as promised by the caller.
    unsafe { &runtime(l).streams }
}

/// # Safety
/// `config/stdio.c` calls it with a live Lua thread.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_files(l: State) -> *mut Files {
    // SAFETY: as promised by the caller.
    unsafe { streams(l).files.get() }
}

/// Takes what was written to a stream.
///
/// # Safety
/// As [`warren_files`], and with a readable range.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_write(l: State, err: c_int, bytes: *const u8, len: usize) {
    if len > 0 {
        // SAFETY: as promised by the caller.
        unsafe { streams(l).put(stream(err), slice::from_raw_parts(bytes, len)) };
    }
}

/// Ends a call that has written to a stream.
///
/// # Safety
/// As [`warren_files`].
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_written(l: State, err: c_int) {
    // SAFETY: as promised by the caller.
    unsafe { streams(l).written(stream(err)) };
}

/// # Safety
/// As [`warren_files`].
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_flush(l: State, err: c_int) {
    // SAFETY: as promised by the caller.
    unsafe { streams(l).flush(stream(err)) };
}

/// `setvbuf` of a stream; 0 where there is no memory for the buffer.
///
/// # Safety
/// As [`warren_files`].
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_buffering(
    l: State,
    err: c_int,
    mode: c_int,
    size: usize,
) -> c_int {
    // The numbers of `MODE_NO` and others in `config/stdio.c`.
    let mode = match mode {
        0 => Mode::No,
        1 => Mode::Full(size),
        _ => Mode::Line,
    };
    // SAFETY: as promised by the caller.
    unsafe { streams(l).set_mode(stream(err), mode).into() }
}

/// Reads standard input; negative where that is refused.
///
/// # Safety
/// As [`warren_files`], and with a writable range.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_read(l: State, bytes: *mut u8, len: usize) -> isize {
    if len == 0 {
        return 0;
    }
    // SAFETY: as promised by the caller; libc's buffers were written before.
    unsafe {
        match streams(l).read(slice::from_raw_parts_mut(bytes, len)) {
            Ok(count) => count as isize,
            Err(error) => {
                warren_refuse(error.message.as_ptr().cast(), error.message.len());
                -1
            }
        }
    }
}
