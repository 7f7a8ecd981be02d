//! The interpreter of one process: its part in Rust, beside the Lua state.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::Buffer;
use warren_guest::mailbox::Subscription;
use warren_guest::msgpack::Output;

use crate::calendar::{Rule, Stamp};
use crate::line_counts::LineCounts;
use crate::lua::internals::Heap;
use crate::lua::{Class, Function, State};
use crate::streams::Streams;
use crate::tasks::{Channel, Kept, Scheduler};
use crate::warnings::Warnings;

/// The part of the interpreter that lies outside Lua. One exists per Lua state, is
/// reached from any of its threads, and lives as long as the instance.
///
/// A `RefCell` in here is never borrowed across a call of the Lua API.
pub(crate) struct Interpreter {
    /// Results of calls; taken out while one is read.
    pub(crate) buffer: Cell<Buffer>,
    /// The message that was received last, and whether it is being read.
    pub(crate) mail: Cell<Buffer>,
    pub(crate) mail_is_read: Cell<bool>,
    /// The encoded bytes; taken out while it is written and sent.
    pub(crate) output: Cell<Output>,
    /// A text on its way into Lua, see [`push_text`].
    pub(crate) text: Cell<String>,
    /// The bytes that Lua had after it last collected garbage.
    pub(crate) heap: Cell<Heap>,
    /// True once `math.random` has a seed of this process.
    pub(crate) random_is_seeded: Cell<bool>,
    /// True once there was a global `arg`.
    pub(crate) has_arg: Cell<bool>,
    /// The coroutines, and what they wait for.
    pub(crate) scheduler: RefCell<Scheduler>,
    /// The subscriptions of the inbox and of events, once they were opened.
    pub(crate) inbox: Cell<Option<Subscription>>,
    pub(crate) events: Cell<Option<Subscription>>,
    /// The channels on subscriptions, which the registry of Lua keeps alive.
    pub(crate) subscriptions: RefCell<BTreeMap<Subscription, Kept>>,
    /// The metatables of this crate's userdata.
    pub(crate) classes: Cell<Classes>,
    /// The thread that runs the scheduler, and one for the program's task:
    /// made in advance, where every process writes.
    pub(crate) runner: Cell<Option<Anchored>>,
    pub(crate) spare: Cell<Option<Anchored>>,
    /// True where `message:payload()` gives objects.
    pub(crate) payload_objects: Cell<bool>,
    /// The thread of the program's task, once it runs.
    pub(crate) program: Cell<Option<State>>,
    /// True once the file of the program has returned, and its function runs.
    pub(crate) function_runs: Cell<bool>,
    /// True while the process is on its way out of `start` or `resume`, to wait without an
    /// instance.
    pub(crate) returning: Cell<bool>,
    /// The standard streams, and files that were written to.
    pub(crate) streams: Streams,
    /// The warnings of `warn`, and whether they are on.
    pub(crate) warnings: Warnings,
    /// The counts of lines, in a process whose lines are counted.
    pub(crate) coverage: RefCell<Option<Box<LineCounts>>>,
    /// The functions of C that a switch of the scheduler may leave and come back
    /// to, by library.
    pub(crate) switchable: &'static [&'static [Function]],
}

/// A Lua thread that the registry keeps alive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchored {
    pub(crate) thread: State,
    /// The place in the registry.
    pub(crate) reference: c_int,
}

impl Anchored {
    /// Makes a new thread. Raises without memory.
    pub(crate) fn new(l: State) -> Anchored {
        Anchored {
            thread: l.new_thread(),
            reference: l.keep(LUA_REGISTRYINDEX),
        }
    }
}

/// The metatables of this crate's userdata.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Classes {
    pub(crate) error: Class<()>,
    pub(crate) channel: Class<Channel>,
    pub(crate) case: Class<()>,
    /// Its blocks belong to `message`.
    pub(crate) message: Class<()>,
    /// Its blocks are nanoseconds.
    pub(crate) duration: Class<i64>,
    pub(crate) moment: Class<Stamp>,
    pub(crate) location: Class<Rule>,
    /// Leaves the process as its value.
    pub(crate) payload: Class<()>,
    /// Objects of the prelude that leave the process as their state.
    pub(crate) plain: [Class<()>; 3],
}

impl Classes {
    /// Returns true for a userdata that leaves the process as its first user value.
    pub(crate) fn is_plain(&self, l: State, index: c_int) -> bool {
        self.payload.is(l, index) || self.plain.iter().any(|class| class.is(l, index))
    }
}

/// The user value of a payload that is its value.
pub(crate) const PAYLOAD_VALUE: c_int = 1;

impl Interpreter {
    /// Returns the part in Rust of a Lua state that is about to be set up.
    pub(crate) fn new(switchable: &'static [&'static [Function]]) -> Self {
        Self {
            buffer: Cell::new(Buffer::new()),
            mail: Cell::new(Buffer::new()),
            mail_is_read: Cell::new(false),
            output: Cell::new(Output::new()),
            text: Cell::new(String::new()),
            heap: Cell::new(Heap::default()),
            random_is_seeded: Cell::new(false),
            has_arg: Cell::new(false),
            scheduler: RefCell::new(Scheduler::default()),
            inbox: Cell::new(None),
            events: Cell::new(None),
            subscriptions: RefCell::new(BTreeMap::new()),
            classes: Cell::new(Classes {
                error: Class::NONE,
                channel: Class::NONE,
                case: Class::NONE,
                message: Class::NONE,
                duration: Class::NONE,
                moment: Class::NONE,
                location: Class::NONE,
                payload: Class::NONE,
                plain: [Class::NONE; 3],
            }),
            runner: Cell::new(None),
            spare: Cell::new(None),
            payload_objects: Cell::new(false),
            program: Cell::new(None),
            function_runs: Cell::new(false),
            returning: Cell::new(false),
            streams: Streams::default(),
            warnings: Warnings::default(),
            coverage: RefCell::new(None),
            switchable,
        }
    }

    /// Collects young garbage where there is some, before a process waits. May run
    /// finalizers.
    pub(crate) fn rest(&self, l: State) {
        l.rest(&self.heap);
    }

    /// Pushes what was encoded as a string. Raises without memory.
    pub(crate) fn push_output(&self, l: State) {
        // SAFETY: nobody else writes the output while Lua copies it.
        l.push_bytes(unsafe { &*self.output.as_ptr() }.as_slice());
    }

    /// Attaches this to a new Lua state, for good.
    ///
    /// # Safety
    /// `l` is the main thread of a Lua state without other threads.
    pub(crate) unsafe fn attach(self, l: *mut lua_State) {
        #[cfg(target_family = "wasm")]
        let address = crate::allocator::place(self) as usize;
        #[cfg(not(target_family = "wasm"))]
        let address = Box::into_raw(Box::new(self)) as usize;
        // SAFETY: Lua has room for one address before every thread.
        unsafe { *lua_getextraspace(l).cast() = address };
    }
}

/// Returns the interpreter that a thread belongs to.
#[inline]
pub(crate) fn interpreter(l: State) -> &'static Interpreter {
    // SAFETY: new threads copy the word of the main thread, which `Interpreter::attach`
    // has set; the interpreter is never freed, and apart from its cells never written.
    unsafe { &*((word(l).get() & !SWITCHED_OUT) as *const Interpreter) }
}

/// Pushes a string that Rust has made. Raises without memory.
pub(crate) fn push_text(l: State, text: String) {
    let interpreter = interpreter(l);
    interpreter.text.set(text);
    // SAFETY: the interpreter owns the text meanwhile, so that nothing leaks where pushing
    // raises; nobody else touches it, as Lua copies it before it can run any finalizer.
    l.push_bytes(unsafe { &*interpreter.text.as_ptr() }.as_bytes());
}

/// Returns true where a thread is switched out: it, or a coroutine it has resumed,
/// blocks while other coroutines of the process run.
pub(crate) fn is_switched_out(l: State) -> bool {
    word(l).get() & SWITCHED_OUT != 0
}

/// Sets what [`is_switched_out`] returns.
pub(crate) fn set_switched_out(l: State, out: bool) {
    let word = word(l);
    word.set(word.get() & !SWITCHED_OUT | usize::from(out));
}

/// The lowest bit of a thread's word; free, as a `Interpreter` is aligned.
const SWITCHED_OUT: usize = 1;

/// Returns the word that Lua keeps in front of a thread.
#[inline]
fn word(l: State) -> &'static Cell<usize> {
    // SAFETY: LUA_EXTRASPACE is the size of a pointer; the thread is alive, and this
    // crate's one thread keeps no other reference to the word.
    unsafe { &*lua_getextraspace(l.as_ptr()).cast() }
}
