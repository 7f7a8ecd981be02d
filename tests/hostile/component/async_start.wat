;; tries: a `start` that is lifted as `async`, which no process awaits
;; end: refused Invalid
(component
  (core module $Main (func (export "start") (result i32) (i32.const 0))
    (func (export "next") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $main (instantiate $Main))
  (func (export "start") async
    (canon lift (core func $main "start") async (callback (core func $main "next")))))
