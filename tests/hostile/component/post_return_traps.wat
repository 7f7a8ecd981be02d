;; tries: to trap after its `start` has returned, when its result has been taken
;; end: failed Internal
(component
  (core module $Main
    (func (export "start"))
    (func (export "after") unreachable))
  (core instance $main (instantiate $Main))
  (func (export "start")
    (canon lift (core func $main "start") (post-return (core func $main "after")))))
