;; tries: to keep a worker from all others, with code that calls nothing
;; end: terminated
(module
  (memory (export "memory") 1)
  (func (export "start") (loop $forever (br $forever))))
