;; tries: fill the disk by each call that makes a file longer, or makes one
;; end: returned
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $resize (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 10)
  (data (i32.const 0) "one.txt") (data (i32.const 32) "n0000")
  (data (i32.const 256) "\00\04\00\00\00\00\08\00")
  (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
  ;; A name that was not used yet.
  (func $name (param $n i32)
    (i32.store (i32.const 33) (i32.or (i32.const 0x40404040) (i32.or (i32.or
      (i32.and (local.get $n) (i32.const 15)) (i32.shl (i32.and (local.get $n) (i32.const 0xf0)) (i32.const 4)))
      (i32.or (i32.shl (i32.and (local.get $n) (i32.const 0xf00)) (i32.const 8)) (i32.shl (i32.and (local.get $n) (i32.const 0xf000)) (i32.const 12)))))))
  (func (export "start") (local $fd i32) (local $n i32)
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 7) (i32.const 0) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 300)) (then unreachable))
    (local.set $fd (i32.load (i32.const 300)))
    (call $must (call $allocate (local.get $fd) (i64.const 0) (i64.const 0x100000000)))
    (call $must (call $allocate (local.get $fd) (i64.const 0x7fffffffffffffff) (i64.const 0x7fffffffffffffff)))
    (call $must (call $resize (local.get $fd) (i64.const 0x100000000)))
    (call $must (call $resize (local.get $fd) (i64.const -1)))
    (call $must (call $pwrite (local.get $fd) (i32.const 256) (i32.const 1) (i64.const 0x100000000) (i32.const 308)))
    (call $must (call $pwrite (local.get $fd) (i32.const 256) (i32.const 1) (i64.const -1) (i32.const 308)))
    (drop (call $seek (local.get $fd) (i64.const 0x10000000000) (i32.const 0) (i32.const 312)))
    (call $must (call $write (local.get $fd) (i32.const 256) (i32.const 1) (i32.const 308)))
    (drop (call $seek (local.get $fd) (i64.const 0) (i32.const 0) (i32.const 312)))
    ;; Written in full pieces until it is refused; then so is everything else.
    (loop $more
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (if (i32.gt_u (local.get $n) (i32.const 200)) (then unreachable))
      (br_if $more (i32.eqz (call $write (local.get $fd) (i32.const 256) (i32.const 1) (i32.const 308)))))
    ;; Small things cost 4 KiB each, or are refused.
    (drop (call $resize (local.get $fd) (i64.const 0x300000)))
    (local.set $n (i32.const 0))
    (loop $small
      (call $name (local.get $n))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (if (i32.gt_u (local.get $n) (i32.const 500)) (then unreachable))
      (br_if $small (i32.eqz (call $mkdir (i32.const 3) (i32.const 32) (i32.const 5)))))
    (call $name (i32.const 0xfff))
    (call $must (call $symlink (i32.const 0) (i32.const 7) (i32.const 3) (i32.const 32) (i32.const 5)))
    (call $must (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 5) (i32.const 1) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 300)))))
