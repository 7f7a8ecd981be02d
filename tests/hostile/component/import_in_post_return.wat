;; tries: a host call in `post-return`, which may call nobody
;; end: failed Internal
;; says: cannot leave component instance
(component
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $Main
    (import "host" "exit" (func $exit (param i32)))
    (func (export "start"))
    (func (export "after") (call $exit (i32.const 0))))
  (core instance $main (instantiate $Main
    (with "host" (instance (export "exit" (func $exit))))))
  (func (export "start")
    (canon lift (core func $main "start") (post-return (core func $main "after")))))
