;; tries: keep a worker inside single instructions that fill and copy 60 MiB
;; end: terminated
(module
  (memory (export "memory") 960)
  (data $some "some")
  (func (export "start")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3c00000))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3bfffff))
      (memory.init $some (i32.const 0) (i32.const 0) (i32.const 4))
      (br $again))))
