//! A component that makes calls of `wasi:filesystem` in turn.

use super::frame::{Frame, types};

/// The address of the results.
const RESULTS: u32 = 32_768;

/// The address of the handles that calls return, and the number of slots for them.
const SLOTS: u32 = 512;
const MAX_SLOTS: u32 = 64;

/// The address of the names and contents that calls pass.
const TEXTS: u32 = 1_024;

/// The address of the result of the last call.
const RESULT: u32 = 64;

/// The handles of a call.
#[derive(Clone, Copy)]
pub(super) enum Handle {
    /// A granted directory, in the order of the grants.
    Grant(u32),
    /// The handle that an earlier call stored in this slot.
    Slot(u32),
}

impl Handle {
    fn wat(self) -> String {
        match self {
            Handle::Grant(index) => {
                format!("(i32.load offset={} (global.get $grants))", 12 * index)
            }
            Handle::Slot(slot) => format!("(i32.load (i32.const {}))", SLOTS + 4 * slot),
        }
    }
}

/// A component that makes calls of `wasi:filesystem` in turn, and ends with their
/// results: 0 for success, else the number of the error code and 1.
pub(super) struct ComponentScript {
    frame: Frame,
    calls: String,
}

impl ComponentScript {
    pub(super) fn new() -> ComponentScript {
        ComponentScript {
            frame: Frame::new(TEXTS, RESULTS),
            calls: String::new(),
        }
    }

    /// Adds `open-at`, which follows links; later calls name the file by the slot.
    pub(super) fn open(&mut self, dir: Handle, path: &str, how: u32, flags: u32, slot: u32) {
        let path = self.text(path);
        let parameters = format!("(i32.const 1) {path} (i32.const {how}) (i32.const {flags})");
        self.call("open-at", dir, &parameters, 4);
        self.keep(slot);
    }

    /// Adds a call whose parameters are paths and texts.
    pub(super) fn texts(&mut self, function: &str, dir: Handle, texts: &[&str]) {
        let parameters: String = texts.iter().map(|text| self.text(text)).collect();
        self.call(function, dir, &parameters, 1);
    }

    /// Adds a call whose parameters are numbers.
    pub(super) fn numbers(&mut self, function: &str, fd: Handle, numbers: &[u64]) {
        let parameters: String = match (function, numbers) {
            ("advise", [offset, len, advice]) => {
                format!("(i64.const {offset}) (i64.const {len}) (i32.const {advice})")
            }
            _ => numbers.iter().map(|n| format!("(i64.const {n})")).collect(),
        };
        self.call(function, fd, &parameters, 1);
    }

    /// Adds `rename-at`.
    pub(super) fn rename(&mut self, dir: Handle, path: &str, new: Handle, new_path: &str) {
        let (path, new_path) = (self.text(path), self.text(new_path));
        let parameters = format!("{path} {} {new_path}", new.wat());
        self.call("rename-at", dir, &parameters, 1);
    }

    /// Adds `link-at`; `flags` of 1 follows links.
    pub(super) fn link(&mut self, flags: u32, dir: Handle, path: &str, new: Handle, name: &str) {
        let (path, name) = (self.text(path), self.text(name));
        let parameters = format!("(i32.const {flags}) {path} {} {name}", new.wat());
        self.call("link-at", dir, &parameters, 1);
    }

    /// Adds `set-times`: the time of access stays, that of the change becomes this
    /// number of seconds.
    pub(super) fn set_times(&mut self, fd: Handle, seconds: u64) {
        self.call("set-times", fd, &modified(seconds), 1);
    }

    /// Adds `set-times-at`; `flags` of 1 follows links.
    pub(super) fn set_times_at(&mut self, flags: u32, dir: Handle, path: &str, seconds: u64) {
        let path = self.text(path);
        let parameters = format!("(i32.const {flags}) {path} {}", modified(seconds));
        self.call("set-times-at", dir, &parameters, 1);
    }

    /// Adds `write`.
    pub(super) fn write(&mut self, file: Handle, text: &str, offset: u64) {
        let text = self.text(text);
        let parameters = format!("{text} (i64.const {offset})");
        self.call("write", file, &parameters, 8);
    }

    /// Adds `write-via-stream`, or `append-via-stream` without an offset; later calls
    /// name the stream by the slot.
    pub(super) fn stream(&mut self, file: Handle, offset: Option<u64>, slot: u32) {
        match offset {
            Some(at) => self.call("write-via-stream", file, &format!("(i64.const {at})"), 4),
            None => self.call("append-via-stream", file, "", 4),
        }
        self.keep(slot);
    }

    /// Adds a write to a stream. Its error is 1 for a failed operation, 2 for a closed
    /// stream.
    pub(super) fn write_to(&mut self, stream: Handle, text: &str) {
        let text = self.text(text);
        self.call("blocking-write-and-flush", stream, &text, 4);
    }

    /// Stores a text; returns its address and length as two operands.
    fn text(&mut self, text: &str) -> String {
        let (at, len) = self.frame.text(text);
        format!("(i32.const {at}) (i32.const {len})")
    }

    /// Adds a call with an error code at this offset in its result.
    fn call(&mut self, function: &str, handle: Handle, parameters: &str, error: u32) {
        let at = self.frame.next_result();
        let handle = handle.wat();
        self.calls += &format!(
            "(call ${function} {handle} {parameters} (i32.const {RESULT}))
             (if (i32.load8_u (i32.const {RESULT})) (then (i32.store8 (i32.const {at})
               (i32.add (i32.const 1) (i32.load8_u (i32.const {}))))))\n",
            RESULT + error
        );
    }

    /// Keeps the handle that the last call returned, if it did not fail.
    fn keep(&mut self, slot: u32) {
        assert!(slot < MAX_SLOTS, "too many slots");
        self.calls += &format!(
            "(if (i32.eqz (i32.load8_u (i32.const {RESULT}))) (then (i32.store
               (i32.const {}) (i32.load (i32.const {})))))\n",
            SLOTS + 4 * slot,
            RESULT + 4
        );
    }

    pub(super) fn wat(&self) -> String {
        let lowered: String = FUNCTIONS
            .iter()
            .map(|(name, _)| {
                let (instance, method) = match *name {
                    "blocking-write-and-flush" => ("$streams", "output-stream"),
                    _ => ("$types", "descriptor"),
                };
                format!(
                    "(core func ${name} (canon lower (func {instance} \"[method]{method}.{name}\") \
                     (memory $m) (realloc (core func $realloc))))\n"
                )
            })
            .collect();
        let imported: String = FUNCTIONS
            .iter()
            .map(|(name, parameters)| {
                let parameters = types(parameters);
                format!("(import \"m\" \"{name}\" (func ${name} (param{parameters})))\n")
            })
            .collect();
        let given: String = FUNCTIONS
            .iter()
            .map(|(name, _)| format!("(export \"{name}\" (func ${name}))\n"))
            .collect();
        let (data, results) = (self.frame.data(), self.frame.finished());
        let calls = &self.calls;
        format!(
            r#"(component
  {IMPORTS}
  (core module $memory
    (global $next (mut i32) (i32.const 49152))
    (memory (export "memory") 2)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.const -8)
        (i32.add (i32.const 7) (i32.add (global.get $next) (local.get 3)))))))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $directories (canon lower (func $preopens "get-directories") (memory $m)
    (realloc (core func $realloc))))
  (core func $finish (canon lower (func $program "finish") (memory $m)))
  {lowered}
  (core module $main
    (import "m" "memory" (memory 2))
    (import "m" "directories" (func $directories (param i32)))
    (import "m" "finish" (func $finish (param i32 i32 i32)))
    {imported}
    (global $grants (mut i32) (i32.const 0))
    {data}
    (func (export "start")
      (call $directories (i32.const {RESULT}))
      (global.set $grants (i32.load (i32.const {RESULT})))
      {calls}
      (call $finish (i32.const 1) {results})))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $m))
    (export "directories" (func $directories))
    (export "finish" (func $finish))
    {given}))))
  (func (export "start") (canon lift (core func $main "start"))))"#
        )
    }
}

/// Two values of `new-timestamp`: no change, and a time.
fn modified(seconds: u64) -> String {
    format!(
        "(i32.const 0) (i64.const 0) (i32.const 0) \
         (i32.const 2) (i64.const {seconds}) (i32.const 0)"
    )
}

/// The functions with their lowered parameters, the handle and the address of the
/// result included: `i` has 32 bits, `l` has 64.
const FUNCTIONS: &[(&str, &str)] = &[
    ("open-at", "iiiiiii"),
    ("advise", "illii"),
    ("sync", "ii"),
    ("sync-data", "ii"),
    ("set-size", "ili"),
    ("write", "iiili"),
    ("write-via-stream", "ili"),
    ("append-via-stream", "ii"),
    ("set-times", "iiliilii"),
    ("set-times-at", "iiiiiliilii"),
    ("create-directory-at", "iiii"),
    ("remove-directory-at", "iiii"),
    ("unlink-file-at", "iiii"),
    ("rename-at", "iiiiiii"),
    ("link-at", "iiiiiiii"),
    ("symlink-at", "iiiiii"),
    ("blocking-write-and-flush", "iiii"),
];

const IMPORTS: &str = r#"
  (import "wasi:io/error@0.2.3" (instance $errors
    (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (alias outer 1 $error (type $outer))
    (export "error" (type $io-error (eq $outer)))
    (export "output-stream" (type $stream (sub resource)))
    (type $failed (variant (case "last-operation-failed" (own $io-error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failed)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $stream)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:filesystem/types@0.2.3" (instance $types
    (alias outer 1 $output-stream (type $outer))
    (export "output-stream" (type $stream (eq $outer)))
    (export "descriptor" (type $descriptor (sub resource)))
    (type $pf (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $pf)))
    (type $of (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $of)))
    (type $df (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
      "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $df)))
    (type $ad (enum "normal" "sequential" "random" "will-need" "dont-need" "no-reuse"))
    (export "advice" (type $advice (eq $ad)))
    (type $dt (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $dt)))
    (type $nt (variant (case "no-change") (case "now") (case "timestamp" $datetime)))
    (export "new-timestamp" (type $time (eq $nt)))
    (type $ec (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota"
      "exist" "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io"
      "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry"
      "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
      "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe"
      "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $code (eq $ec)))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $code)))))
    (export "[method]descriptor.advise" (func
      (param "self" (borrow $descriptor)) (param "offset" u64) (param "length" u64)
      (param "advice" $advice) (result (result (error $code)))))
    (export "[method]descriptor.sync" (func
      (param "self" (borrow $descriptor)) (result (result (error $code)))))
    (export "[method]descriptor.sync-data" (func
      (param "self" (borrow $descriptor)) (result (result (error $code)))))
    (export "[method]descriptor.set-size" (func
      (param "self" (borrow $descriptor)) (param "size" u64) (result (result (error $code)))))
    (export "[method]descriptor.write" (func
      (param "self" (borrow $descriptor)) (param "buffer" (list u8)) (param "offset" u64)
      (result (result u64 (error $code)))))
    (export "[method]descriptor.write-via-stream" (func
      (param "self" (borrow $descriptor)) (param "offset" u64)
      (result (result (own $stream) (error $code)))))
    (export "[method]descriptor.append-via-stream" (func
      (param "self" (borrow $descriptor)) (result (result (own $stream) (error $code)))))
    (export "[method]descriptor.set-times" (func
      (param "self" (borrow $descriptor)) (param "data-access-timestamp" $time)
      (param "data-modification-timestamp" $time) (result (result (error $code)))))
    (export "[method]descriptor.set-times-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "data-access-timestamp" $time) (param "data-modification-timestamp" $time)
      (result (result (error $code)))))
    (export "[method]descriptor.create-directory-at" (func
      (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.remove-directory-at" (func
      (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.unlink-file-at" (func
      (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.rename-at" (func
      (param "self" (borrow $descriptor)) (param "old-path" string)
      (param "new-descriptor" (borrow $descriptor)) (param "new-path" string)
      (result (result (error $code)))))
    (export "[method]descriptor.link-at" (func
      (param "self" (borrow $descriptor)) (param "old-path-flags" $path-flags)
      (param "old-path" string) (param "new-descriptor" (borrow $descriptor))
      (param "new-path" string) (result (result (error $code)))))
    (export "[method]descriptor.symlink-at" (func
      (param "self" (borrow $descriptor)) (param "old-path" string) (param "new-path" string)
      (result (result (error $code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.3" (instance $preopens
    (alias outer 1 $descriptor (type $outer))
    (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (import "warren:process/program@0.1.0" (instance $program
    (export "finish" (func (param "result" (option (list u8)))))))"#;
