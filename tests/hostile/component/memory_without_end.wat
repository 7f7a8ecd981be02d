;; tries: a memory that grows until it may not, then one page more, without end
;; end: failed RateLimited
;; says: max_memory = 64 MiB of host app:attackers
(component
  (core module $Main
    (memory 1)
    (func (export "start")
      (loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      unreachable))
  (core instance $main (instantiate $Main))
  (func (export "start") (canon lift (core func $main "start"))))
