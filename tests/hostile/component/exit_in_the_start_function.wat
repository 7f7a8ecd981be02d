;; tries: to exit while it is being instantiated, before there is a process to end
;; end: returned
(component
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $Main
    (import "host" "exit" (func $exit (param i32)))
    (func $at-once (call $exit (i32.const 0)))
    (start $at-once)
    (func (export "start")))
  (core instance $main (instantiate $Main
    (with "host" (instance (export "exit" (func $exit))))))
  (func (export "start") (canon lift (core func $main "start"))))
