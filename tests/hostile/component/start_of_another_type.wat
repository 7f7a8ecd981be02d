;; tries: a `start` that takes and returns what no process has
;; end: refused Invalid
;; says: its `start` has parameters or a result
(component
  (core module $Main (func (export "start") (param i32) (result i32) (local.get 0)))
  (core instance $main (instantiate $Main))
  (func (export "start") (param "n" u32) (result u32)
    (canon lift (core func $main "start"))))
