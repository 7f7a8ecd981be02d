;; tries: to pass a stream for something to wait for
;; end: failed Internal
;; says: used with the wrong type
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output-stream (sub resource)))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $outer))
    (export "output-stream" (type $output-stream (eq $outer)))
    (export "get-stdout" (func (result (own $output-stream))))))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $stdout (canon lower (func $stdout "get-stdout") ))
  (core func $block (canon lower (func $poll "[method]pollable.block") ))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "block" (func $block (param i32)))
    (func (export "start")
      (call $block (call $stdout))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "stdout" (func $stdout))
      (export "block" (func $block))))))
  (func (export "start") (canon lift (core func $main "start"))))
