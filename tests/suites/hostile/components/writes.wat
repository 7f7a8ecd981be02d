;; A write of 64 KiB through each of 4,000 handles to standard error.

(component
  (import "wasi:io/error@0.2.0" (instance $io-error
    (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output-stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.check-write" (func
      (param "self" (borrow $output-stream))
      (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output-stream)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $output-stream (type $outer))
    (export "output-stream" (type $output-stream (eq $outer)))
    (export "get-stderr" (func (result (own $output-stream))))))
  (import "warren:process/stdio@0.1.0" (instance $stdio
    (type $stream' (enum "stdout" "stderr"))
    (export "stream" (type $stream (eq $stream')))
    (export "write" (func (param "stream" $stream) (param "bytes" (list u8))))))
  (core module $Memory (memory (export "memory") 2))
  (core instance $memory (instantiate $Memory))
  (core func $stderr (canon lower (func $stderr "get-stderr")))
  (core func $check-write (canon lower (func $streams "[method]output-stream.check-write")
    (memory (core memory $memory "memory"))))
  (core func $write (canon lower (func $streams "[method]output-stream.write")
    (memory (core memory $memory "memory"))))
  (core func $drop-error (canon resource.drop $error))
  (core func $print (canon lower (func $stdio "write")
    (memory (core memory $memory "memory"))))
  (core module $Main
    (import "host" "memory" (memory 2))
    (import "host" "stderr" (func $stderr (result i32)))
    (import "host" "check-write" (func $check-write (param i32 i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop-error" (func $drop-error (param i32)))
    (import "host" "print" (func $print (param i32 i32 i32)))
    (data (i32.const 256) "all written\n")
    (func (export "start")
      (local $n i32)
      ;; The handles stand at 32768, and the answers of calls at 64.
      (loop $open
        (i32.store offset=32768 (i32.shl (local.get $n) (i32.const 2)) (call $stderr))
        (call $check-write
          (i32.load offset=32768 (i32.shl (local.get $n) (i32.const 2))) (i32.const 64))
        (if (i32.load8_u (i32.const 64)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 72)) (i64.const 65536)) (then unreachable))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $open (i32.lt_u (local.get $n) (i32.const 4000))))
      (loop $use
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (call $write
          (i32.load offset=32768 (i32.shl (local.get $n) (i32.const 2)))
          (i32.const 65536) (i32.const 65536) (i32.const 64))
        ;; The error of a refused write counts against the component's resources.
        (if (i32.load8_u (i32.const 64)) (then
          (if (i32.eqz (i32.load8_u (i32.const 68))) (then
            (call $drop-error (i32.load (i32.const 72)))))))
        (br_if $use (local.get $n)))
      (call $print (i32.const 0) (i32.const 256) (i32.const 12))
      (loop $stay (br $stay))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "print" (func $print))
      (export "stderr" (func $stderr))
      (export "check-write" (func $check-write))
      (export "write" (func $write))
      (export "drop-error" (func $drop-error))))))
  (func (export "start") (canon lift (core func $main "start"))))
