  ;; A node of a tree: a leaf sends its number to its parent, any other starts
  ;; ten children, adds up what they send and passes the sum on. The root
  ;; returns it. Above a certain size, children run one after the other.
  ;;
  ;; Arguments: [number as u32, leaves below as u32, size up to which all
  ;; children run at once as u32, PID of the parent; the root's is empty].
  (data (i32.const 40) "bench:flat/skynet")
  ;; [a number], to be sent
  (data (i32.const 64) "\91\cf")

  (func (export "start")
    (local $i i32) (local $step i32) (local $at-once i32) (local $first i32) (local $sum i64)
    (local $inbox i32) (local $parent i32)
    (local.set $parent
      (i32.sub (call $arguments (i32.const 128) (i32.const 128)) (i32.const 17)))
    (local.set $first (call $u32 (i32.const 130)))
    (local.set $step (i32.div_u (call $u32 (i32.const 135)) (i32.const 10)))
    (local.set $at-once (i32.le_u (call $u32 (i32.const 135)) (call $u32 (i32.const 140))))
    (if (i32.eqz (local.get $step))
      (then (local.set $sum (i64.extend_i32_u (local.get $first))))
      (else
        (local.set $inbox (call $inbox))
        ;; The arguments of the children, at 256, with this one's PID.
        (memory.copy (i32.const 256) (i32.const 128) (i32.const 16))
        (call $put-u32 (i32.const 263) (local.get $step))
        (i32.store8 (i32.const 272)
          (i32.or (i32.const 0xa0)
            (local.tee $i (call $own-pid (i32.const 273) (i32.const 64)))))
        (i32.store (i32.const 1088) (i32.add (local.get $i) (i32.const 17)))
        (local.set $i (i32.const 0))
        (loop $next
          (call $put-u32 (i32.const 258)
            (i32.add (local.get $first) (i32.mul (local.get $i) (local.get $step))))
          (if (i32.lt_s
                (call $spawn
                  (i32.const 40) (i32.const 17)
                  (i32.const 256) (i32.load (i32.const 1088)) (i32.const 0) (i32.const 1024))
                (i32.const 0))
            ;; No place: a sum that cannot be right, which the root reports.
            (then (local.set $sum (i64.add (local.get $sum) (i64.const 0x100000000000000))))
            (else
              (if (i32.eqz (local.get $at-once))
                (then (local.set $sum (i64.add (local.get $sum) (call $number (local.get $inbox))))))
              (i32.store (i32.const 1092)
                (i32.add (i32.load (i32.const 1092)) (local.get $at-once)))))
          (br_if $next
            (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
        ;; At 1092, how many are still to answer.
        (block $all
          (loop $next
            (br_if $all (i32.eqz (i32.load (i32.const 1092))))
            (local.set $sum (i64.add (local.get $sum) (call $number (local.get $inbox))))
            (i32.store (i32.const 1092) (i32.sub (i32.load (i32.const 1092)) (i32.const 1)))
            (br $next)))))
    (if (local.get $parent)
      (then
        (call $put-u64 (i32.const 66) (local.get $sum))
        (call $send (i32.const 145) (local.get $parent) (i32.const 64) (i32.const 10)))
      (else (call $finish-with (local.get $sum)))))

  ;; The number in the next message.
  (func $number (param $inbox i32) (result i64)
    (call $u64 (i32.add (call $receive (local.get $inbox)) (i32.const 2))))
