(module
  (memory (export "memory") 960)
  (func (export "start")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3c00000))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3bfffff))
      (br $again))))
