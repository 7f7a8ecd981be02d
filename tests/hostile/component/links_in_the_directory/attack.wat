;; tries: to leave the directory it was granted through links that were there before it, with and without following, to read, write and create
;; end: returned
;; link: shared/up -> ..
;; link: shared/main -> ../main.lua
;; link: shared/passwd -> /etc/passwd
;; link: shared/etc -> /etc
;; link: shared/root -> /proc/self/root
;; link: shared/loop -> loop
;; link: shared/chain -> up
;; link: shared/made -> ../made.txt
;; link: shared/null -> /dev/null
;; link: shared/in -> inside
;; link: shared/file -> ../shared/inside
(component
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
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
      (result (result (own $descriptor) (error $error-code)))))))
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
  (core func $open (canon lower (func $types "[method]descriptor.open-at")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "directories" (func $directories (param i32)))
    (import "host" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    ;; Each with its length before it.
    (data (i32.const 1024)
      "\02up"
      "\0bup/main.lua"
      "\04main"
      "\06passwd"
      "\03etc"
      "\0aetc/passwd"
      "\04root"
      "\0froot/etc/passwd"
      "\04loop"
      "\06loop/x"
      "\05chain"
      "\0echain/main.lua"
      "\04made"
      "\04null"
      "\10up/shared/inside"
      "\04file"
      "\11in/../../main.lua"
      "\12root/../etc/passwd"
      "\00")
    (func (export "start")
      (local $directory i32) (local $path i32) (local $length i32) (local $how i32)
      (call $directories (i32.const 16))
      ;; There is one.
      (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then unreachable))
      (local.set $directory (i32.load (i32.load (i32.const 16))))
      ;; A link to what is inside opens where links are followed, so that the other
      ;; attempts mean something, and does not where they are not.
      (i64.store (i32.const 512) (i64.const 0x6e69))
      (call $open (local.get $directory) (i32.const 1) (i32.const 512) (i32.const 2)
        (i32.const 0) (i32.const 1) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (call $open (local.get $directory) (i32.const 0) (i32.const 512) (i32.const 2)
        (i32.const 0) (i32.const 1) (i32.const 64))
      (if (i32.eqz (i32.load8_u (i32.const 64))) (then unreachable))
      ;; Bits: whether links are followed, whether to create, whether to write.
      (loop $each
        (local.set $path (i32.const 1024))
        (loop $again
          (local.set $length (i32.load8_u (local.get $path)))
          (if (local.get $length) (then
            (call $open (local.get $directory) (i32.and (local.get $how) (i32.const 1))
              (i32.add (local.get $path) (i32.const 1)) (local.get $length)
              (i32.and (i32.shr_u (local.get $how) (i32.const 1)) (i32.const 1))
              (i32.or (i32.const 1) (i32.and (i32.shr_u (local.get $how) (i32.const 1)) (i32.const 2)))
              (i32.const 64))
            (if (i32.eqz (i32.load8_u (i32.const 64))) (then unreachable))
            (local.set $path (i32.add (i32.add (local.get $path) (local.get $length))
              (i32.const 1)))
            (br $again))))
        (local.set $how (i32.add (local.get $how) (i32.const 1)))
        (br_if $each (i32.lt_u (local.get $how) (i32.const 8))))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "directories" (func $directories))
      (export "open" (func $open))))))
  (func (export "start") (canon lift (core func $main "start"))))
