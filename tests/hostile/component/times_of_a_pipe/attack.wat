;; tries: to wait for ever by setting the times of a pipe that nobody reads from, also through a link
;; end: returned
;; fifo: shared/pipe
;; link: shared/link -> pipe
(component
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $datetime' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $datetime')))
    (type $new-timestamp' (variant (case "no-change") (case "now")
      (case "timestamp" $datetime)))
    (export "new-timestamp" (type $new-timestamp (eq $new-timestamp')))
    (type $error-code' (enum "access" "would-block" "already" "bad-descriptor" "busy"
      "deadlock" "quota" "exist" "file-too-large" "illegal-byte-sequence" "in-progress"
      "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links" "message-size"
      "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported"
      "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only"
      "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $error-code')))
    (export "[method]descriptor.set-times-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags)
      (param "path" string) (param "data-access-timestamp" $new-timestamp)
      (param "data-modification-timestamp" $new-timestamp)
      (result (result (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $outer))
    (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (core module $Memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3))
        (i32.const 15)) (i32.const -16)))
      (i32.and (i32.sub (global.get $next) (local.get 3)) (i32.const -16))))
  (core instance $memory (instantiate $Memory))
  (core func $directories (canon lower (func $preopens "get-directories")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $set-times (canon lower (func $types "[method]descriptor.set-times-at")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "directories" (func $directories (param i32)))
    (import "host" "set-times"
      (func $set-times (param i32 i32 i32 i32 i32 i64 i32 i32 i64 i32 i32)))
    (data (i32.const 1024) "pipe")
    (data (i32.const 1040) "link")
    (data (i32.const 1056) "inside")
    (global $directory (mut i32) (i32.const 0))
    ;; Sets the times of a path, the access to now and the modification to the fifth second.
    ;; The result is an error of this code; 255 stands for none.
    (func $expect (param $path i32) (param $length i32) (param $follow i32) (param $code i32)
      (call $set-times (global.get $directory) (local.get $follow)
        (local.get $path) (local.get $length)
        (i32.const 1) (i64.const 0) (i32.const 0)
        (i32.const 2) (i64.const 5) (i32.const 0)
        (i32.const 64))
      (if (i32.ne (i32.load8_u (i32.const 64)) (i32.ne (local.get $code) (i32.const 255)))
        (then unreachable))
      (if (i32.load8_u (i32.const 64)) (then
        (if (i32.ne (i32.load8_u (i32.const 65)) (local.get $code)) (then unreachable)))))
    (func (export "start")
      (local $n i32)
      (call $directories (i32.const 16))
      ;; There is one.
      (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then unreachable))
      (global.set $directory (i32.load (i32.load (i32.const 16))))
      ;; More often than there are threads that wait for disks.
      (loop $again
        ;; `unsupported`, as opening a pipe would be.
        (call $expect (i32.const 1024) (i32.const 4) (i32.const 1) (i32.const 27))
        (call $expect (i32.const 1040) (i32.const 4) (i32.const 1) (i32.const 27))
        ;; The pipe and the link themselves need not be opened.
        (call $expect (i32.const 1024) (i32.const 4) (i32.const 0) (i32.const 255))
        (call $expect (i32.const 1040) (i32.const 4) (i32.const 0) (i32.const 255))
        (call $expect (i32.const 1056) (i32.const 6) (i32.const 1) (i32.const 255))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 100))))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "directories" (func $directories))
      (export "set-times" (func $set-times))))))
  (func (export "start") (canon lift (core func $main "start"))))
