//! Guests that run one operation that needs a permission. Each asks for a module
//! before and after the operation, and ends with the operation's error, or without
//! a result.

use warren_engine::security::Operation;

use super::{HOST, escaped, guest};

/// A guest that runs this operation on this process.
pub type Call = fn(Operation, &str) -> String;

/// The option of a spawn for this operation, as a record of the flat ABI.
fn flat_option(operation: Operation) -> &'static [u8] {
    match operation {
        Operation::WithContext => b"\x81\xa7context\x81\xa1k\x01",
        Operation::WithActor => b"\x81\xa5actor\x81\xa2id\xa1a",
        Operation::WithScope => b"\x81\xa5scope\x81\xa8policies\x90",
        Operation::WithName => b"\x81\xa4name\xa3new",
        Operation::Call => b"\x81\xa4call\xc3",
        Operation::CallWithContext => b"\x82\xa4call\xc3\xa7context\x81\xa1k\x01",
        Operation::CallWithActor => b"\x82\xa4call\xc3\xa5actor\x81\xa2id\xa1a",
        Operation::CallWithScope => b"\x82\xa4call\xc3\xa5scope\x81\xa8policies\x90",
        _ => b"",
    }
}

/// Returns true for an operation of the library `funcs`.
pub fn is_of_funcs(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Call
            | Operation::CallWithContext
            | Operation::CallWithActor
            | Operation::CallWithScope
    )
}

fn relation(operation: Operation) -> u32 {
    match operation {
        Operation::SpawnMonitored => 1,
        Operation::SpawnLinked => 2,
        Operation::SpawnLinkedMonitored => 3,
        _ => 0,
    }
}

pub fn flat_call(operation: Operation, target: &str) -> String {
    let options = flat_option(operation);
    let to = format!("(i32.const 64) (i32.const {})", target.len());
    let on_target = |name: &str| format!("(call $process.{name} {to})");
    // A call to run first: `unmonitor` and `unlink` need a tie to undo.
    let mut first = String::new();
    let call = match operation {
        Operation::Send => format!(
            "(call $process.send {to} (i32.const 128) (i32.const 5) (i32.const 32) (i32.const 1))"
        ),
        Operation::Terminate => on_target("terminate"),
        Operation::Cancel => format!("(call $process.cancel {to} (i64.const -1))"),
        Operation::Monitor => on_target("monitor"),
        Operation::Link => on_target("link"),
        Operation::Unmonitor => {
            first = on_target("monitor");
            on_target("unmonitor")
        }
        Operation::Unlink => {
            first = on_target("link");
            on_target("unlink")
        }
        Operation::Register => {
            "(call $registry.register (i32.const 144) (i32.const 3) (i32.const 0) (i32.const -1))"
                .to_owned()
        }
        Operation::Unregister => {
            "(call $registry.unregister (i32.const 152) (i32.const 4))".to_owned()
        }
        Operation::Exec => "(call $process.exec (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 9)
             (i32.const 32) (i32.const 1) (i32.const 0) (i32.const 0))"
            .to_owned(),
        _ if is_of_funcs(operation) => format!(
            "(call $process.exec (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 9)
               (i32.const 32) (i32.const 1) (i32.const 160) (i32.const {}))",
            options.len()
        ),
        _ => format!(
            "(call $process.spawn (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 9)
               (i32.const 32) (i32.const 1) (i32.const {}) (i32.const 160) (i32.const {}) (i32.const 2048) (i32.const 256))",
            relation(operation),
            options.len()
        ),
    };
    if !first.is_empty() {
        first = format!("(if {first} (then unreachable))");
    }
    guest(
        &format!(
            r#"(data (i32.const 0) "t:child") (data (i32.const 16) "{HOST}") (data (i32.const 32) "\90")
               (data (i32.const 64) "{target}") (data (i32.const 128) "topic") (data (i32.const 144) "new")
               (data (i32.const 152) "held") (data (i32.const 160) "{}") (data (i32.const 224) "m")"#,
            escaped(options)
        ),
        &format!(
            "(local $status i32) (local $len i32)
             {first}
             (drop (call $program.module (i32.const 224) (i32.const 1) (i32.const 4096) (i32.const 64)))
             (local.set $status {call})
             (if (i32.lt_s (local.get $status) (i32.const 0))
               (then (local.set $len (call $held.take (i32.const 8192) (i32.const 4096)))))
             (drop (call $program.module (i32.const 224) (i32.const 1) (i32.const 4096) (i32.const 64)))
             ;; Of the error, its message: what an ext of five values has second.
             (call $message (i32.const 8192) (local.get $len))"
        ),
    )
    .replace(
        "(func (export \"start\")",
        &format!("{MESSAGE} (func (export \"start\")"),
    )
}

/// Finishes with the message of an encoded error, which is `[kind, message, ...]`
/// in an ext value. The message begins with "not allowed" and ends with "by rule".
const MESSAGE: &str = r#"
  (func $message (param $at i32) (param $len i32)
    (local $i i32) (local $start i32) (local $end i32)
    (if (i32.eqz (local.get $len)) (then (return)))
    (local.set $end (i32.add (local.get $at) (local.get $len)))
    (local.set $i (local.get $at))
    (block $found
      (loop $next
        ;; "not " and "rule", as little-endian words
        (if (i32.eq (i32.load (local.get $i)) (i32.const 0x20746f6e)) (then (local.set $start (local.get $i))))
        (if (i32.eq (i32.load (local.get $i)) (i32.const 0x656c7572))
          (then (if (local.get $start) (then (local.set $end (i32.add (local.get $i) (i32.const 4))) (br $found)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (local.get $end)))))
    (if (i32.eqz (local.get $start)) (then (local.set $start (local.get $at))))
    (call $finish-bytes (local.get $start) (i32.sub (local.get $end) (local.get $start))))"#;

pub fn component_call(operation: Operation, target: &str) -> String {
    let to = format!("(i32.const 64) (i32.const {})", target.len());
    let on_target = |name: &str| format!("(call ${name} {to} (i32.const 4096))");
    let mut first = String::new();
    let call = match operation {
        Operation::Send => format!(
            "(call $send {to} (i32.const 128) (i32.const 5) (i32.const 32) (i32.const 1) (i32.const 4096))"
        ),
        Operation::Terminate => on_target("terminate"),
        Operation::Cancel => {
            format!("(call $cancel {to} (i32.const 0) (i64.const 0) (i32.const 4096))")
        }
        Operation::Monitor => on_target("monitor"),
        Operation::Link => on_target("link"),
        Operation::Unmonitor => {
            first = on_target("monitor");
            on_target("unmonitor")
        }
        Operation::Unlink => {
            first = on_target("link");
            on_target("unlink")
        }
        Operation::Register => "(call $register (i32.const 144) (i32.const 3) (i32.const 0)
             (i32.const 0) (i32.const 0) (i32.const 4096))"
            .to_owned(),
        Operation::Unregister => {
            "(call $unregister (i32.const 152) (i32.const 4) (i32.const 4096))".to_owned()
        }
        Operation::Exec => "(call $exec (i32.const 512) (i32.const 4096))".to_owned(),
        _ => "(call $spawn (i32.const 512) (i32.const 4096))".to_owned(),
    };
    let record = spawn_record(operation);
    format!(
        r#"(component {IMPORTS}
  (core module $allocator
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get $len)))
      (local.get $at)))
  (core instance $allocator (instantiate $allocator))
  (alias core export $allocator "memory" (core memory $memory))
  (alias core export $allocator "realloc" (core func $realloc))
  {lowered}
  (core module $main
    (import "m" "memory" (memory 2))
    {imported}
    {finish}
    (data (i32.const 0) "t:child") (data (i32.const 16) "{HOST}") (data (i32.const 32) "\90")
    (data (i32.const 64) "{target}") (data (i32.const 128) "topic") (data (i32.const 144) "new")
    (data (i32.const 152) "held") (data (i32.const 160) "\81\a1k\01") (data (i32.const 168) "\80")
    (data (i32.const 172) "a") (data (i32.const 224) "m") (data (i32.const 512) "{record}")
    (func (export "start")
      {first}
      (if (i32.load8_u (i32.const 4096)) (then unreachable))
      (call $module (i32.const 224) (i32.const 1) (i32.const 8192))
      {call}
      (call $module (i32.const 224) (i32.const 1) (i32.const 8192))
      (if (i32.load8_u (i32.const 4096))
        (then (call $finish-bytes (i32.load (i32.const 4108)) (i32.load (i32.const 4112)))))))
  (core instance $main (instantiate $main (with "m" (instance (export "memory" (memory $memory)) {given}))))
  (func (export "start") (canon lift (core func $main "start"))))"#,
        record = escaped(&record),
        finish = super::finish_bytes("$finish", "(i32.const 1)"),
        lowered = functions(|name, interface, _| format!(
            "(core func ${name} (canon lower (func ${interface} \"{name}\") (memory $memory) (realloc (core func $realloc))))\n"
        )),
        imported = functions(|name, _, parameters| format!(
            "(import \"m\" \"{name}\" (func ${name} (param {parameters})))\n"
        )),
        given = functions(|name, _, _| format!("(export \"{name}\" (func ${name}))\n")),
    )
}

fn functions(text: impl Fn(&str, &str, &str) -> String) -> String {
    let target = "i32 i32 i32";
    [
        ("spawn", "process", "i32 i32"),
        ("exec", "process", "i32 i32"),
        ("send", "process", "i32 i32 i32 i32 i32 i32 i32"),
        ("terminate", "process", target),
        ("cancel", "process", "i32 i32 i32 i64 i32"),
        ("monitor", "process", target),
        ("unmonitor", "process", target),
        ("link", "process", target),
        ("unlink", "process", target),
        ("register", "registry", "i32 i32 i32 i32 i32 i32"),
        ("unregister", "registry", "i32 i32 i32"),
        ("module", "program", "i32 i32 i32"),
        ("finish", "program", "i32 i32 i32"),
    ]
    .iter()
    .map(|(name, interface, parameters)| text(name, interface, parameters))
    .collect()
}

/// The parameters of `spawn`, or of `exec`, which takes no relation.
fn spawn_record(operation: Operation) -> Vec<u8> {
    let present = |which| u32::from(operation == which);
    let mut words = vec![0, 7, 16, 9, 32, 1];
    if operation != Operation::Exec {
        words.push(relation(operation));
    }
    words.extend([present(Operation::WithContext), 160, 4]);
    words.extend([present(Operation::WithActor), 172, 1, 168, 1]);
    words.extend([present(Operation::WithScope), 0, 0]);
    words.extend([present(Operation::WithName), 144, 3]);
    words.extend([0, 0]);
    words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect()
}

const IMPORTS: &str = r#"
  (import "warren:process/types@0.1.0" (instance $types
    (type $record (record
      (field "kind" string) (field "message" string) (field "retryable" (option bool))
      (field "details" (option (list u8))) (field "stack" (option string))))
    (export "error" (type (eq $record)))))
  (alias export $types "error" (type $error))
  (import "warren:process/security@0.1.0" (instance $security
    (type $who (record (field "id" string) (field "meta" (list u8))))
    (export "identity" (type (eq $who)))
    (type $set (record (field "policies" (list string))))
    (export "policy-set" (type (eq $set)))))
  (alias export $security "identity" (type $identity))
  (alias export $security "policy-set" (type $policy-set))
  (import "warren:process/process@0.1.0" (instance $process
    (alias outer 1 $error (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (alias outer 1 $identity (type $outer-identity))
    (export "identity" (type $identity (eq $outer-identity)))
    (alias outer 1 $policy-set (type $outer-policy-set))
    (export "policy-set" (type $policy-set (eq $outer-policy-set)))
    (type $flags (flags "monitored" "linked"))
    (export "relation" (type $relation (eq $flags)))
    (type $first (record (field "topic" string) (field "payload" (list u8))))
    (export "first-message" (type $first-message (eq $first)))
    (type $settings (record
      (field "context" (option (list u8))) (field "actor" (option $identity))
      (field "scope" (option $policy-set)) (field "name" (option string))
      (field "messages" (list $first-message))))
    (export "spawn-options" (type $options (eq $settings)))
    (export "spawn" (func (param "definition" string) (param "host" string) (param "arguments" (list u8))
      (param "relation" $relation) (param "options" $options) (result (result string (error $error)))))
    (export "exec" (func (param "definition" string) (param "host" string) (param "arguments" (list u8))
      (param "options" $options) (result (result u32 (error $error)))))
    (export "send" (func (param "to" string) (param "topic" string) (param "payload" (list u8)) (result (result (error $error)))))
    (export "terminate" (func (param "target" string) (result (result (error $error)))))
    (export "cancel" (func (param "target" string) (param "deadline" (option u64)) (result (result (error $error)))))
    (export "monitor" (func (param "target" string) (result (result (error $error)))))
    (export "unmonitor" (func (param "target" string) (result (result (error $error)))))
    (export "link" (func (param "target" string) (result (result (error $error)))))
    (export "unlink" (func (param "target" string) (result (result (error $error)))))))
  (import "warren:process/registry@0.1.0" (instance $registry
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "register" (func (param "name" string) (param "target" (option string)) (result (result (error $error)))))
    (export "unregister" (func (param "name" string) (result (result bool (error $error)))))))
  (import "warren:process/program@0.1.0" (instance $program
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (type $code (record (field "name" string) (field "code" (list u8))))
    (export "chunk" (type $chunk (eq $code)))
    (export "module" (func (param "name" string) (result (result (option $chunk) (error $error)))))
    (export "finish" (func (param "result" (option (list u8)))))))"#;
