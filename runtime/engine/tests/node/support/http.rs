//! Components of `wasi:http`, as text.

/// A component that answers requests with `handle`, whose parameters are `$request` and
/// `$out`, or else does `start`. The core module has these items, and can call `$path`,
/// `$consume`, `$stream`, `$fields`, `$append`, `$new-response`, `$set-status`,
/// `$response-body`, `$write-body`, `$finish-body`, `$respond`, `$new-request`,
/// `$set-authority`, `$set-path`, `$request-body`, `$send`, `$subscribe`, `$block`, `$get`,
/// `$status`, `$consume-response`, `$read`, `$write` and `$finish`, lowered. Its memory is
/// free below 32 KiB; what calls return lies in the 64 KiB above, and is overwritten after
/// that many bytes.
pub fn http_component(items: &str, handle: Option<&str>, start: Option<&str>) -> String {
    let finish = super::finish_bytes("$finish", "(i32.const 1)");
    let mut functions = String::new();
    let mut exports = String::new();
    if let Some(handle) = handle {
        functions.push_str(&format!(
            r#"(func (export "handle") (param $request i32) (param $out i32) {handle})"#
        ));
        exports.push_str(HANDLER);
    }
    if let Some(start) = start {
        functions.push_str(&format!(r#"(func (export "start") {start})"#));
        exports.push_str(r#"(func (export "start") (canon lift (core func $main "start")))"#);
    }
    let mut lowered = String::new();
    let mut imported = String::new();
    let mut given = String::new();
    for (name, instance, function, signature) in FUNCTIONS {
        lowered.push_str(&format!(
            r#"(core func ${name} (canon lower (func ${instance} "{function}") (memory $memory) (realloc (core func $realloc))))"#
        ));
        imported.push_str(&format!(
            r#"(import "m" "{name}" (func ${name} {signature}))"#
        ));
        given.push_str(&format!(r#"(export "{name}" (func ${name}))"#));
    }
    format!(
        r#"(component
  {IMPORTS}
  (core module $allocator
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      ;; From the beginning again.
      (if (i32.gt_u (i32.add (local.get $at) (local.get $len)) (i32.const 98304))
        (then (local.set $at (i32.const 32768))))
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
    {items}
    {functions})
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $memory))
    {given}))))
  {exports})"#
    )
}

/// The imported functions: name, instance, name in the instance, core signature.
const FUNCTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "path",
        "types",
        "[method]incoming-request.path-with-query",
        "(param i32 i32)",
    ),
    (
        "consume",
        "types",
        "[method]incoming-request.consume",
        "(param i32 i32)",
    ),
    (
        "stream",
        "types",
        "[method]incoming-body.stream",
        "(param i32 i32)",
    ),
    ("fields", "types", "[constructor]fields", "(result i32)"),
    (
        "append",
        "types",
        "[method]fields.append",
        "(param i32 i32 i32 i32 i32 i32)",
    ),
    (
        "new-response",
        "types",
        "[constructor]outgoing-response",
        "(param i32) (result i32)",
    ),
    (
        "set-status",
        "types",
        "[method]outgoing-response.set-status-code",
        "(param i32 i32) (result i32)",
    ),
    (
        "response-body",
        "types",
        "[method]outgoing-response.body",
        "(param i32 i32)",
    ),
    (
        "write-body",
        "types",
        "[method]outgoing-body.write",
        "(param i32 i32)",
    ),
    (
        "finish-body",
        "types",
        "[static]outgoing-body.finish",
        "(param i32 i32 i32 i32)",
    ),
    (
        "respond",
        "types",
        "[static]response-outparam.set",
        "(param i32 i32 i32 i32 i64 i32 i32 i32 i32)",
    ),
    (
        "new-request",
        "types",
        "[constructor]outgoing-request",
        "(param i32) (result i32)",
    ),
    (
        "set-authority",
        "types",
        "[method]outgoing-request.set-authority",
        "(param i32 i32 i32 i32) (result i32)",
    ),
    (
        "set-path",
        "types",
        "[method]outgoing-request.set-path-with-query",
        "(param i32 i32 i32 i32) (result i32)",
    ),
    (
        "request-body",
        "types",
        "[method]outgoing-request.body",
        "(param i32 i32)",
    ),
    ("send", "handler", "handle", "(param i32 i32 i32 i32)"),
    (
        "subscribe",
        "types",
        "[method]future-incoming-response.subscribe",
        "(param i32) (result i32)",
    ),
    ("block", "poll", "[method]pollable.block", "(param i32)"),
    (
        "get",
        "types",
        "[method]future-incoming-response.get",
        "(param i32 i32)",
    ),
    (
        "status",
        "types",
        "[method]incoming-response.status",
        "(param i32) (result i32)",
    ),
    (
        "consume-response",
        "types",
        "[method]incoming-response.consume",
        "(param i32 i32)",
    ),
    (
        "read",
        "streams",
        "[method]input-stream.blocking-read",
        "(param i32 i64 i32)",
    ),
    (
        "write",
        "streams",
        "[method]output-stream.blocking-write-and-flush",
        "(param i32 i32 i32 i32)",
    ),
    ("finish", "program", "finish", "(param i32 i32 i32)"),
];

const HANDLER: &str = r#"
  (alias export $types "incoming-request" (type $incoming-request))
  (alias export $types "response-outparam" (type $response-outparam))
  (func $handle (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam))
    (canon lift (core func $main "handle")))
  (instance $exported (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $exported))"#;

const IMPORTS: &str = r#"
  (import "warren:process/program@0.1.0" (instance $program
    (export "finish" (func (param "result" (option (list u8)))))))
  (import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "input-stream" (type $input (sub resource)))
    (export "output-stream" (type $output (sub resource)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $output))
      (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $input (type $outer-input))
    (export "input-stream" (type $input (eq $outer-input)))
    (alias outer 1 $output (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (type $dns-record (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns (eq $dns-record)))
    (type $tls-record (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls (eq $tls-record)))
    (type $size-record (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $size (eq $size-record)))
    (type $codes (variant
      (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found")
      (case "destination-unavailable") (case "destination-IP-prohibited")
      (case "destination-IP-unroutable") (case "connection-refused") (case "connection-terminated")
      (case "connection-timeout") (case "connection-read-timeout") (case "connection-write-timeout")
      (case "connection-limit-reached") (case "TLS-protocol-error") (case "TLS-certificate-error")
      (case "TLS-alert-received" $tls) (case "HTTP-request-denied") (case "HTTP-request-length-required")
      (case "HTTP-request-body-size" (option u64)) (case "HTTP-request-method-invalid")
      (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32)) (case "HTTP-request-header-size" (option $size))
      (case "HTTP-request-trailer-section-size" (option u32)) (case "HTTP-request-trailer-size" $size)
      (case "HTTP-response-incomplete") (case "HTTP-response-header-section-size" (option u32))
      (case "HTTP-response-header-size" $size) (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32)) (case "HTTP-response-trailer-size" $size)
      (case "HTTP-response-transfer-coding" (option string)) (case "HTTP-response-content-coding" (option string))
      (case "HTTP-response-timeout") (case "HTTP-upgrade-failed") (case "HTTP-protocol-error")
      (case "loop-detected") (case "configuration-error") (case "internal-error" (option string))))
    (export "error-code" (type $code (eq $codes)))
    (type $mistakes (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $mistake (eq $mistakes)))
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $incoming-request (sub resource)))
    (export "outgoing-request" (type $outgoing-request (sub resource)))
    (export "request-options" (type $request-options (sub resource)))
    (export "response-outparam" (type $response-outparam (sub resource)))
    (export "incoming-response" (type $incoming-response (sub resource)))
    (export "incoming-body" (type $incoming-body (sub resource)))
    (export "outgoing-response" (type $outgoing-response (sub resource)))
    (export "outgoing-body" (type $outgoing-body (sub resource)))
    (export "future-incoming-response" (type $future-incoming-response (sub resource)))
    (export "[method]incoming-request.path-with-query" (func (param "self" (borrow $incoming-request)) (result (option string))))
    (export "[method]incoming-request.consume" (func (param "self" (borrow $incoming-request)) (result (result (own $incoming-body)))))
    (export "[method]incoming-body.stream" (func (param "self" (borrow $incoming-body)) (result (result (own $input)))))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[method]fields.append" (func (param "self" (borrow $fields)) (param "name" string) (param "value" (list u8)) (result (result (error $mistake)))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $fields)) (result (own $outgoing-response))))
    (export "[method]outgoing-response.set-status-code" (func (param "self" (borrow $outgoing-response)) (param "status-code" u16) (result (result))))
    (export "[method]outgoing-response.body" (func (param "self" (borrow $outgoing-response)) (result (result (own $outgoing-body)))))
    (export "[method]outgoing-body.write" (func (param "self" (borrow $outgoing-body)) (result (result (own $output)))))
    (export "[static]outgoing-body.finish" (func (param "this" (own $outgoing-body)) (param "trailers" (option (own $fields))) (result (result (error $code)))))
    (export "[static]response-outparam.set" (func (param "param" (own $response-outparam)) (param "response" (result (own $outgoing-response) (error $code)))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $outgoing-request))))
    (export "[method]outgoing-request.set-authority" (func (param "self" (borrow $outgoing-request)) (param "authority" (option string)) (result (result))))
    (export "[method]outgoing-request.set-path-with-query" (func (param "self" (borrow $outgoing-request)) (param "path-with-query" (option string)) (result (result))))
    (export "[method]outgoing-request.body" (func (param "self" (borrow $outgoing-request)) (result (result (own $outgoing-body)))))
    (export "[method]future-incoming-response.subscribe" (func (param "self" (borrow $future-incoming-response)) (result (own $pollable))))
    (export "[method]future-incoming-response.get" (func (param "self" (borrow $future-incoming-response))
      (result (option (result (result (own $incoming-response) (error $code)))))))
    (export "[method]incoming-response.status" (func (param "self" (borrow $incoming-response)) (result u16)))
    (export "[method]incoming-response.consume" (func (param "self" (borrow $incoming-response)) (result (result (own $incoming-body)))))))
  (alias export $types "outgoing-request" (type $outgoing-request))
  (alias export $types "request-options" (type $request-options))
  (alias export $types "future-incoming-response" (type $future-incoming-response))
  (alias export $types "error-code" (type $error-code))
  (import "wasi:http/outgoing-handler@0.2.0" (instance $handler
    (alias outer 1 $outgoing-request (type $outer-request))
    (export "outgoing-request" (type $outgoing-request (eq $outer-request)))
    (alias outer 1 $request-options (type $outer-options))
    (export "request-options" (type $request-options (eq $outer-options)))
    (alias outer 1 $future-incoming-response (type $outer-future))
    (export "future-incoming-response" (type $future-incoming-response (eq $outer-future)))
    (alias outer 1 $error-code (type $outer-code))
    (export "error-code" (type $code (eq $outer-code)))
    (export "handle" (func (param "request" (own $outgoing-request)) (param "options" (option (own $request-options)))
      (result (result (own $future-incoming-response) (error $code)))))))"#;
