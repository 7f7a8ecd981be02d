;; A read of 64 KiB through each of 4,000 streams of one file.

(component
  (import "wasi:io/error@0.2.0" (instance $io-error
    (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $input-stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]input-stream.read" (func
      (param "self" (borrow $input-stream)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input-stream))
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (alias outer 1 $input-stream (type $input-stream'))
    (export "input-stream" (type $input-stream (eq $input-stream')))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $open-flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags')))
    (type $descriptor-flags' (flags "read" "write" "file-integrity-sync"
      "data-integrity-sync" "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $descriptor-flags')))
    (type $error-code' (enum "access" "would-block" "already" "bad-descriptor" "busy"
      "deadlock" "quota" "exist" "file-too-large" "illegal-byte-sequence" "in-progress"
      "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links" "message-size"
      "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported"
      "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only"
      "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $error-code')))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags)
      (param "path" string) (param "open-flags" $open-flags)
      (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $error-code)))))
    (export "[method]descriptor.set-size" (func
      (param "self" (borrow $descriptor)) (param "size" u64)
      (result (result (error $error-code)))))
    (export "[method]descriptor.read-via-stream" (func
      (param "self" (borrow $descriptor)) (param "offset" u64)
      (result (result (own $input-stream) (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $outer))
    (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (import "warren:process/stdio@0.1.0" (instance $stdio
    (type $stream' (enum "stdout" "stderr"))
    (export "stream" (type $stream (eq $stream')))
    (export "write" (func (param "stream" $stream) (param "bytes" (list u8))))))
  (core module $Memory
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next)
        (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))))
  (core instance $memory (instantiate $Memory))
  (core func $directories (canon lower (func $preopens "get-directories")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $open (canon lower (func $types "[method]descriptor.open-at")
    (memory (core memory $memory "memory"))))
  (core func $set-size (canon lower (func $types "[method]descriptor.set-size")
    (memory (core memory $memory "memory"))))
  (core func $stream (canon lower (func $types "[method]descriptor.read-via-stream")
    (memory (core memory $memory "memory"))))
  (core func $read (canon lower (func $streams "[method]input-stream.read")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $print (canon lower (func $stdio "write")
    (memory (core memory $memory "memory"))))
  (core module $Main
    (import "host" "memory" (memory 4))
    (import "host" "directories" (func $directories (param i32)))
    (import "host" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "set-size" (func $set-size (param i32 i64 i32)))
    (import "host" "stream" (func $stream (param i32 i64 i32)))
    (import "host" "read" (func $read (param i32 i64 i32)))
    (import "host" "print" (func $print (param i32 i32 i32)))
    (data (i32.const 1024) "large")
    (data (i32.const 256) "all asked for\n")
    (func (export "start")
      (local $file i32) (local $n i32)
      (call $directories (i32.const 16))
      (call $open (i32.load (i32.load (i32.const 16))) (i32.const 0)
        (i32.const 1024) (i32.const 5) (i32.const 1) (i32.const 3) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (local.set $file (i32.load (i32.const 68)))
      (call $set-size (local.get $file) (i64.const 65536) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (loop $again
        (call $stream (local.get $file) (i64.const 0) (i32.const 64))
        ;; A refused stream costs nothing.
        (if (i32.eqz (i32.load8_u (i32.const 64))) (then
          (call $read (i32.load (i32.const 68)) (i64.const 65536) (i32.const 64))
          (if (i32.load8_u (i32.const 64)) (then unreachable))))
        (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
          (i32.const 4000))))
      (call $print (i32.const 0) (i32.const 256) (i32.const 14))
      (loop $stay (br $stay))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "print" (func $print))
      (export "directories" (func $directories))
      (export "open" (func $open))
      (export "set-size" (func $set-size))
      (export "stream" (func $stream))
      (export "read" (func $read))))))
  (func (export "start") (canon lift (core func $main "start"))))
