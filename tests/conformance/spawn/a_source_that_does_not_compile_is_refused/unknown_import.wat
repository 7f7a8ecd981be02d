(module
  (import "env" "launch" (func))
  (memory (export "memory") 1)
  (func (export "start")))
