//! The imports of the flat ABI, as `docs/guest-abi.md` lists them.
//!
//! A range of memory is an address and a length; length -1 marks an absent
//! optional range. A status is the length of the result, or, negative, the
//! length of the error. `held::take` fetches a result that did not fit.

macro_rules! interface {
    ($(#[$doc:meta])* $name:ident = $module:literal {
        $( $import:literal $function:ident ( $($arg:ident: $ty:ty),* ) $(-> $result:ty)?; )*
    }) => {
        $(#[$doc])*
        #[allow(missing_docs)]
        pub mod $name {
            #[link(wasm_import_module = $module)]
            unsafe extern "C" {
                $(
                    #[link_name = $import]
                    pub fn $function($($arg: $ty),*) $(-> $result)?;
                )*
            }
        }
    };
}

interface! {
    /// Results that did not fit.
    held = "warren:core/held@0.1.0" {
        "take" take(out: *mut u8, cap: usize) -> i32;
    }
}

interface! {
    /// Identity of a process, and its operations on others.
    process = "warren:core/process@0.1.0" {
        "pid" pid(out: *mut u8, cap: usize) -> i32;
        "frame-id" frame_id(out: *mut u8, cap: usize) -> i32;
        "send" send(to: *const u8, to_len: usize, topic: *const u8, topic_len: usize,
            payload: *const u8, payload_len: usize) -> i32;
        "spawn" spawn(definition: *const u8, definition_len: usize, host: *const u8, host_len: usize,
            arguments: *const u8, arguments_len: usize, relation: u32,
            options: *const u8, options_len: usize, out: *mut u8, cap: usize) -> i32;
        "exec" exec(definition: *const u8, definition_len: usize, host: *const u8, host_len: usize,
            arguments: *const u8, arguments_len: usize,
            options: *const u8, options_len: usize) -> i32;
        "terminate" terminate(target: *const u8, len: usize) -> i32;
        "cancel" cancel(target: *const u8, len: usize, deadline: i64) -> i32;
        "monitor" monitor(target: *const u8, len: usize) -> i32;
        "unmonitor" unmonitor(target: *const u8, len: usize) -> i32;
        "link" link(target: *const u8, len: usize) -> i32;
        "unlink" unlink(target: *const u8, len: usize) -> i32;
        "get-options" get_options() -> u32;
        "set-options" set_options(options: u32);
        "upgrade" upgrade(definition: *const u8, definition_len: isize,
            arguments: *const u8, arguments_len: usize) -> i32;
    }
}

interface! {
    /// Receiving.
    mailbox = "warren:core/mailbox@0.1.0" {
        "inbox" inbox() -> u32;
        "events" events() -> u32;
        "listen" listen(topic: *const u8, len: usize) -> i32;
        "unlisten" unlisten(subscription: u32);
        "receive" receive(wanted: *const u32, count: usize, deadline: i64, out: *mut u8, cap: usize) -> i32;
        "receive-one" receive_one(wanted: u32, deadline: i64, out: *mut u8, cap: usize) -> i32;
        "await" await_once_returned(wanted: *const u32, count: usize, deadline: i64) -> i32;
    }
}

interface! {
    /// Names for processes.
    registry = "warren:core/registry@0.1.0" {
        "register" register(name: *const u8, name_len: usize, target: *const u8, target_len: isize) -> i32;
        "lookup" lookup(name: *const u8, len: usize, out: *mut u8, cap: usize) -> i32;
        "unregister" unregister(name: *const u8, len: usize) -> i32;
    }
}

interface! {
    /// Inherited values.
    context = "warren:core/context@0.1.0" {
        "get" get(key: *const u8, len: usize, out: *mut u8, cap: usize) -> i32;
        "all" all(out: *mut u8, cap: usize) -> i32;
    }
}

interface! {
    /// Actor, scope and permissions of a process.
    security = "warren:core/security@0.1.0" {
        "actor" actor(out: *mut u8, cap: usize) -> i32;
        "scope" scope(out: *mut u8, cap: usize) -> i32;
        "can" can(action: *const u8, action_len: usize, resource: *const u8, resource_len: usize,
            attributes: *const u8, attributes_len: isize) -> i32;
        "policy" policy(id: *const u8, len: usize) -> i32;
        "named-scope" named_scope(id: *const u8, len: usize, out: *mut u8, cap: usize) -> i32;
    }
}

interface! {
    /// Operations of the runtime's capabilities.
    capability = "warren:core/capability@0.1.0" {
        "call" call(operation: *const u8, operation_len: usize, request: *const u8, request_len: usize,
            out: *mut u8, cap: usize) -> i32;
    }
}

interface! {
    /// Clocks.
    clock = "warren:core/clock@0.1.0" {
        "now" now() -> i64;
        "monotonic" monotonic() -> i64;
    }
}

interface! {
    /// Randomness.
    random = "warren:core/random@0.1.0" {
        "bytes" bytes(out: *mut u8, len: usize);
    }
}

interface! {
    /// The standard streams.
    stdio = "warren:core/stdio@0.1.0" {
        "write" write(stream: u32, bytes: *const u8, len: usize);
        "flush" flush(stream: u32);
        "read" read(out: *mut u8, cap: usize) -> i32;
    }
}

interface! {
    /// The log.
    logger = "warren:core/logger@0.1.0" {
        "log" log(level: u32, name: *const u8, name_len: usize, message: *const u8, message_len: usize,
            fields: *const u8, fields_len: isize);
    }
}

interface! {
    /// Code of a process, and its end.
    program = "warren:core/program@0.1.0" {
        "definition" definition(out: *mut u8, cap: usize) -> i32;
        "method" method(out: *mut u8, cap: usize) -> i32;
        "arguments" arguments(out: *mut u8, cap: usize) -> i32;
        "code" code(out: *mut u8, cap: usize) -> i32;
        "module" module(name: *const u8, len: usize, out: *mut u8, cap: usize) -> i32;
        "prepared" prepared(code: *const u8, len: usize);
        "finish" finish(value: *const u8, len: isize);
        "fail" fail(error: *const u8, len: usize);
        "exit" exit(status: i32) -> !;
    }
}
