(module
  (memory (export "memory") 1)
  (tag (param i32 i32 i32 i32 i32 i32 i32 i32 i32))
  (func (export "start")))
