  ;; Computes without end.
  (func (export "start") (loop (br 0)))
