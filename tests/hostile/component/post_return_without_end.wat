;; tries: to go on after its `start` has returned, in `post-return`
;; end: terminated
(component
  (core module $Main
    (func (export "start"))
    (func (export "after") (loop $again (br $again))))
  (core instance $main (instantiate $Main))
  (func (export "start")
    (canon lift (core func $main "start") (post-return (core func $main "after")))))
