(module
  (memory (export "memory") 1)
  (func (export "start") unreachable))
