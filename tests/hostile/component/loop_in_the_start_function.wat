;; tries: never to come back from being instantiated
;; end: terminated
(component
  (core module $Main
    (func $at-once (loop $again (br $again)))
    (start $at-once)
    (func (export "start")))
  (core instance $main (instantiate $Main))
  (func (export "start") (canon lift (core func $main "start"))))
