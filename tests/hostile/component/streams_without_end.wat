;; tries: handles to standard output without end
;; end: failed RateLimited
;; says: 4096
(component
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
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "stdout" (func $stdout (result i32)))
    (func (export "start")
      (loop $again
        (drop (call $stdout))
        (br $again))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "stdout" (func $stdout))))))
  (func (export "start") (canon lift (core func $main "start"))))
