;; tries: to use a handle that nobody gave it
;; end: failed Internal
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $block (canon lower (func $poll "[method]pollable.block") ))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "block" (func $block (param i32)))
    (func (export "start")
      (call $block (i32.const 7777))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "block" (func $block))))))
  (func (export "start") (canon lift (core func $main "start"))))
