//! The guest of the target `flat`, which makes the calls of a script.
//!
//! The guest's arguments are an array of one string of bytes, the *script*, which the
//! guest reads to the beginning of its memory. The guest returns at once if it has other
//! arguments. A script is the length of its calls (4 bytes), the calls, and the data
//! that the calls point to. A call is one byte, an index into [`IMPORTS`] or an
//! [`Extra`] behind them, and nine bytes for each number that it takes: a [`From`], and
//! a word of eight bytes.

use crate::support::imports::{ALL as IMPORTS, Import};

/// Address of the script: after the heads of array and string.
pub(super) const SCRIPT: u32 = 6;

/// Bytes of the longest script.
pub(super) const MAX_SCRIPT: usize = 96 << 10;

/// Address of the buffers for results that are bytes, one for each call.
pub(super) const OUT: u32 = 128 << 10;

/// Size and number of these buffers.
pub(super) const OUT_BYTES: u32 = 1024;
pub(super) const OUTS: u32 = 64;

/// Address of the results that are numbers, four bytes for each call.
pub(super) const RESULTS: u32 = 224 << 10;

/// Address of the line that reports a call.
const LINE: u32 = 230 << 10;

/// The source of a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// The word itself.
    Literal = 0,
    /// The result of the call with this index.
    Result = 1,
    /// Now, plus this many nanoseconds.
    Now = 2,
    /// The four bytes at this address.
    Memory = 3,
}

/// Calls that are not imports. The number of imports is added to their code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extra {
    /// Grows the memory by this many pages.
    Grow = 0,
    /// Loops this many times.
    Compute = 1,
    /// Restarts the script, up to three times.
    Again = 2,
}

/// Returns the number of different calls.
pub(super) fn calls() -> usize {
    IMPORTS.len() + 3
}

/// A guest's report about one call.
pub(super) struct Told {
    /// Index into [`IMPORTS`], an [`Extra`] behind them, or [`calls`] for the start of
    /// a guest.
    pub(super) call: usize,
    /// The number that the call returned, if it returns one.
    pub(super) status: i32,
}

/// Parses a line of the guest, without its newline.
pub(super) fn told(line: &[u8]) -> Option<Told> {
    let [b'!', call, status @ ..] = line else {
        return None;
    };
    let status = std::str::from_utf8(status).ok()?;
    Some(Told {
        call: usize::from(call.checked_sub(b'0')?),
        status: u32::from_str_radix(status, 16).ok()?.cast_signed(),
    })
}

/// Returns the text of the guest.
pub(super) fn text() -> String {
    let imports = crate::support::imports::text();
    let cases: Vec<String> = IMPORTS.iter().map(case).chain(extras()).collect();
    let blocks: String = (0..cases.len()).map(|_| "(block ").collect();
    let labels: String = (0..=cases.len()).map(|label| format!(" {label}")).collect();
    let cases: String = cases
        .iter()
        .map(|case| format!(") {case} (br $next)\n"))
        .collect();
    format!(
        r#"(module {imports}
  (memory (export "memory") 4 8)
  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  (global $calls (mut i32) (i32.const 0))
  (global $rounds (mut i32) (i32.const 0))
  (data (i32.const {LINE}) "!000000000\n")
  ;; Returns the address for the result of this call.
  (func $place (result i32)
    (i32.add (i32.const {RESULTS})
      (i32.mul (i32.const 4) (i32.and (global.get $calls) (i32.const 63)))))
  ;; Returns the next number of the script.
  (func $o (result i64)
    (local $from i32) (local $value i64)
    (local.set $from (i32.load8_u (global.get $at)))
    (local.set $value (i64.load offset=1 (global.get $at)))
    (global.set $at (i32.add (global.get $at) (i32.const 9)))
    (if (i32.eq (local.get $from) (i32.const {result}))
      (then (local.set $value (i64.extend_i32_s (i32.load (i32.add (i32.const {RESULTS})
        (i32.mul (i32.const 4) (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 63)))))))))
    (if (i32.eq (local.get $from) (i32.const {now}))
      (then (local.set $value (i64.add (local.get $value) (call $clock.monotonic)))))
    (if (i32.eq (local.get $from) (i32.const {memory}))
      (then (local.set $value (i64.load32_s
        (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 0x3fffc))))))
    (local.get $value))
  (func $n (result i32) (i32.wrap_i64 (call $o)))
  ;; Reports a call.
  (func $tell (param $import i32) (param $status i32)
    (local $digit i32)
    (i32.store8 offset=1 (i32.const {LINE}) (i32.add (local.get $import) (i32.const 48)))
    (local.set $digit (i32.const 9))
    (loop $more
      (i32.store8 (i32.add (i32.const {LINE}) (local.get $digit))
        (i32.add (i32.and (local.get $status) (i32.const 15))
          (select (i32.const 87) (i32.const 48)
            (i32.gt_u (i32.and (local.get $status) (i32.const 15)) (i32.const 9)))))
      (local.set $status (i32.shr_u (local.get $status) (i32.const 4)))
      (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
      (br_if $more (i32.gt_u (local.get $digit) (i32.const 1))))
    (i32.store8 (i32.const {LINE}) (i32.const 33))
    (i32.store8 offset=10 (i32.const {LINE}) (i32.const 10))
    (call $stdio.write (i32.const 0) (i32.const {LINE}) (i32.const 11)))
  (func (export "start")
    (local $call i32)
    (call $tell (i32.const {begins}) (i32.const 0))
    ;; The runtime holds longer arguments back.
    (drop (call $program.arguments (i32.const 0) (i32.const {longest})))
    (if (i32.ne (i32.load16_u (i32.const 0)) (i32.const 0xc691)) (then (return)))
    (global.set $at (i32.const {first}))
    (global.set $end (i32.add (i32.const {first})
      (i32.and (i32.load (i32.const {SCRIPT})) (i32.const 0x1ffff))))
    (loop $next
      (if (i32.ne (local.get $call) (i32.const 0))
        (then
          (call $tell (i32.sub (local.get $call) (i32.const 1)) (i32.load (call $place)))
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))))
      (if (i32.ge_u (global.get $at) (global.get $end)) (then (return)))
      (local.set $call (i32.add (i32.const 1) (i32.load8_u (global.get $at))))
      (global.set $at (i32.add (global.get $at) (i32.const 1)))
      {blocks} (block
        (br_table {labels} (i32.sub (local.get $call) (i32.const 1)))
      {cases} )
      (br $next))))"#,
        result = From::Result as u32,
        now = From::Now as u32,
        memory = From::Memory as u32,
        begins = calls(),
        first = SCRIPT + 4,
        longest = SCRIPT as usize + MAX_SCRIPT,
    )
}

/// Returns the call of an import.
fn case(import: &Import) -> String {
    let numbers: String = import
        .parameters
        .chars()
        .map(|parameter| match parameter {
            'i' => " (call $n)",
            'I' => " (call $o)",
            _ => " (call $n) (call $n)",
        })
        .collect();
    let call = format!("(call {}{numbers})", import.identifier());
    match import.result {
        "" => call,
        "I" => format!("(i32.store (call $place) (i32.wrap_i64 {call}))"),
        _ => format!("(i32.store (call $place) {call})"),
    }
}

/// Returns the extra calls, in the order of [`Extra`].
fn extras() -> [String; 3] {
    [
        "(i32.store (call $place) (memory.grow (call $n)))".to_owned(),
        "(i32.store (call $place) (i32.and (call $n) (i32.const 0xfffff)))
         (loop $round
           (i32.store (call $place) (i32.sub (i32.load (call $place)) (i32.const 1)))
           (br_if $round (i32.gt_s (i32.load (call $place)) (i32.const 0))))"
            .to_owned(),
        format!(
            "(if (i32.lt_u (global.get $rounds) (i32.and (call $n) (i32.const 3)))
               (then
                 (global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))
                 (global.set $at (i32.const {}))))",
            SCRIPT + 4
        ),
    ]
}
