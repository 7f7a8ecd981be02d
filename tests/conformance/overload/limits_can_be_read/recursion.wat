(module
  (memory (export "memory") 1)
  (func $deeper (export "start") (call $deeper) (call $deeper)))
