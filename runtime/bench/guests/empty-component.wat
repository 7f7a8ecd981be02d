;; Ends at once. It has a memory, as every guest of some use does.
(component
  (core module $Main
    (memory (export "memory") 1)
    (func (export "start")))
  (core instance $main (instantiate $Main))
  (func $start (canon lift (core func $main "start")))
  (export "start" (func $start)))
