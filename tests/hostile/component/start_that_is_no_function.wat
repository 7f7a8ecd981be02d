;; tries: an instance by the name of `start`
;; end: refused Invalid
;; says: its export `start` is not a function
(component
  (component $Empty)
  (instance $start (instantiate $Empty))
  (export "start" (instance $start)))
