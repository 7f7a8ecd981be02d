;; tries: keep a worker with growth of memory and tables that is refused each time
;; end: terminated
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "start")
    (loop $again
      (drop (memory.grow (i32.const 65535)))
      (drop (memory.grow (i32.const 1)))
      (drop (table.grow $table (ref.null func) (i32.const -1)))
      (drop (table.grow $table (ref.null func) (i32.const 100)))
      (if (i32.gt_u (table.size $table) (i32.const 10000)) (then unreachable))
      (br $again))))
