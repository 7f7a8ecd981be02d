;; Computes until it is terminated.
(module
  (memory (export "memory") 1)
  (func (export "start") (loop $again (br $again))))
