//! Identity of a process, and its operations on others. A destination is the
//! text of a PID or a registered name; arguments and payloads are encoded
//! arrays.

use crate::mailbox::Subscription;
use crate::{Buffer, Failure, abi, absent};

/// The ties of a new process to its spawner.
///
/// ```
/// use warren_guest::raw::process::Relation;
///
/// let both = Relation { linked: true, ..Relation::MONITORED };
/// assert_eq!(both, Relation::LINKED_MONITORED);
/// assert_eq!(Relation::default(), Relation::NONE);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relation {
    /// The spawner gets one EXIT event when the process ends.
    pub monitored: bool,
    /// The two processes are linked.
    pub linked: bool,
}

impl Relation {
    /// No tie.
    pub const NONE: Self = Self {
        monitored: false,
        linked: false,
    };
    /// The spawner monitors the new process.
    pub const MONITORED: Self = Self {
        monitored: true,
        linked: false,
    };
    /// The two processes are linked.
    pub const LINKED: Self = Self {
        monitored: false,
        linked: true,
    };
    /// The two processes are linked, and the spawner monitors the new one.
    pub const LINKED_MONITORED: Self = Self {
        monitored: true,
        linked: true,
    };

    /// The bits of the ABI.
    fn bits(self) -> u32 {
        u32::from(self.monitored) | u32::from(self.linked) << 1
    }
}

/// The bit beside those of [`Relation`]: the spawner watches the new process.
const WATCHED: u32 = 1 << 2;

/// The definition to start, and its host.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::raw::Buffer;
/// use warren_guest::raw::process::{self, Relation, Start};
///
/// let start = Start {
///     definition: "app:worker",
///     host: "app:workers",
///     arguments: b"\x91\x07",
///     options: b"",
/// };
/// let mut buffer = Buffer::new();
/// let spawned = process::spawn(start, Relation::MONITORED, &mut buffer);
/// let pid = spawned.map_err(|error| error.decode())?;
/// let record = mock::with(|runtime| runtime.spawned[0].clone());
/// assert_eq!((record.pid.as_bytes(), record.host.as_str()), (pid, "app:workers"));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The id of the definition.
    pub definition: &'a str,
    /// The id of the host.
    pub host: &'a str,
    /// The arguments, encoded.
    pub arguments: &'a [u8],
    /// An encoded map of options, or empty.
    pub options: &'a [u8],
}

/// Returns the caller's PID.
pub fn pid(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::process::pid(out, cap) })
}

/// Returns the identifier of this call chain, `definition#number`.
pub fn frame_id(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::process::frame_id(out, cap) })
}

/// Queues one message.
pub fn send<'b>(
    to: &str,
    topic: &str,
    payload: &[u8],
    buffer: &'b mut Buffer,
) -> Result<(), Failure<'b>> {
    // SAFETY: each range is one of the slices.
    buffer.done(|| unsafe {
        abi::process::send(
            to.as_ptr(),
            to.len(),
            topic.as_ptr(),
            topic.len(),
            payload.as_ptr(),
            payload.len(),
        )
    })
}

/// Starts a process. Returns its PID.
pub fn spawn<'b>(
    start: Start<'_>,
    relation: Relation,
    buffer: &'b mut Buffer,
) -> Result<&'b [u8], Failure<'b>> {
    spawn_with(start, relation.bits(), buffer)
}

/// Starts a process, and watches it from before it runs. Returns the subscription that
/// yields the outcome of the process, once, as it yields the outcome of an exec; and the PID.
pub fn spawn_watched<'b>(
    start: Start<'_>,
    relation: Relation,
    buffer: &'b mut Buffer,
) -> Result<(Subscription, &'b [u8]), Failure<'b>> {
    let answer = spawn_with(start, relation.bits() | WATCHED, buffer)?;
    match answer.split_first_chunk() {
        Some((number, pid)) => Ok((Subscription::from_le_bytes(*number), pid)),
        None => Err(Failure(crate::buffer::MALFORMED)),
    }
}

fn spawn_with<'b>(
    start: Start<'_>,
    relation: u32,
    buffer: &'b mut Buffer,
) -> Result<&'b [u8], Failure<'b>> {
    let Start {
        definition,
        host,
        arguments,
        options,
    } = start;
    // SAFETY: each range is one of the slices or the buffer's.
    buffer.bytes(|out, cap| unsafe {
        abi::process::spawn(
            definition.as_ptr(),
            definition.len(),
            host.as_ptr(),
            host.len(),
            arguments.as_ptr(),
            arguments.len(),
            relation,
            options.as_ptr(),
            options.len(),
            out,
            cap,
        )
    })
}

/// Starts a process and subscribes to its outcome.
pub fn exec<'b>(start: Start<'_>, buffer: &'b mut Buffer) -> Result<Subscription, Failure<'b>> {
    let Start {
        definition,
        host,
        arguments,
        options,
    } = start;
    // SAFETY: each range is one of the slices.
    buffer.number(|| unsafe {
        abi::process::exec(
            definition.as_ptr(),
            definition.len(),
            host.as_ptr(),
            host.len(),
            arguments.as_ptr(),
            arguments.len(),
            options.as_ptr(),
            options.len(),
        )
    })
}

/// Sends the CANCEL event; the deadline is in nanoseconds from now.
pub fn cancel<'b>(
    target: &str,
    deadline: Option<u64>,
    buffer: &'b mut Buffer,
) -> Result<(), Failure<'b>> {
    // SAFETY: the range is `target`.
    buffer.done(|| unsafe {
        abi::process::cancel(target.as_ptr(), target.len(), absent::nanoseconds(deadline))
    })
}

macro_rules! on_target {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<'b>(target: &str, buffer: &'b mut Buffer) -> Result<(), Failure<'b>> {
            // SAFETY: the range is `target`.
            buffer.done(|| unsafe { abi::process::$name(target.as_ptr(), target.len()) })
        }
    )* };
}

on_target! {
    /// Ends a process by force.
    terminate;
    /// Asks for one EXIT event when the target ends.
    monitor;
    /// Undoes [`monitor`].
    unmonitor;
    /// Links caller and target.
    link;
    /// Undoes [`link`].
    unlink;
}

/// Returns whether the failure of a linked process is an event instead of the
/// caller's own end.
pub fn trap_links() -> bool {
    // SAFETY: no argument refers to memory.
    unsafe { abi::process::get_options() & TRAP_LINKS != 0 }
}

/// Sets the value of [`trap_links`].
pub fn set_trap_links(trap_links: bool) {
    set_option(TRAP_LINKS, trap_links);
}

/// Returns whether the caller reads an event when a reload of the program changes its
/// code.
pub fn upgradable() -> bool {
    // SAFETY: no argument refers to memory.
    unsafe { abi::process::get_options() & UPGRADABLE != 0 }
}

/// Sets the value of [`upgradable`].
pub fn set_upgradable(upgradable: bool) {
    set_option(UPGRADABLE, upgradable);
}

/// The options, as bits.
const TRAP_LINKS: u32 = 1;
const UPGRADABLE: u32 = 1 << 1;

fn set_option(option: u32, is_set: bool) {
    // SAFETY: no argument refers to memory.
    unsafe {
        let others = abi::process::get_options() & !option;
        abi::process::set_options(others | if is_set { option } else { 0 });
    }
}

/// Replaces the running code, or starts it afresh. Returns only on failure;
/// nothing has changed then.
pub fn upgrade<'b>(
    definition: Option<&str>,
    arguments: &[u8],
    buffer: &'b mut Buffer,
) -> Failure<'b> {
    let (definition, definition_len) = absent::range(definition.map(str::as_bytes));
    // SAFETY: each range is one of the slices.
    let status = unsafe {
        abi::process::upgrade(
            definition,
            definition_len,
            arguments.as_ptr(),
            arguments.len(),
        )
    };
    buffer.failure(status)
}
