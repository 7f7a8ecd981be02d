  ;; Ends at once.
  (func (export "start"))
