;; tries: an instance by the name of `start`
;; end: refused Invalid
;; says: its `start` is no function
(component
  (component $Empty)
  (instance $start (instantiate $Empty))
  (export "start" (instance $start)))
