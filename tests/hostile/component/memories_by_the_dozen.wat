;; tries: a memory limit for each of a dozen memories
;; end: refused Invalid
;; says: 12 Wasm linear memories
(component
  (core module $Memory (memory (export "memory") 1000))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core instance (instantiate $Memory))
  (core module $Main (func (export "start")))
  (core instance $main (instantiate $Main))
  (func (export "start") (canon lift (core func $main "start"))))
