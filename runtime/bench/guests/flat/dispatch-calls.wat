  ;; Interprets `fib(27)` with a function for each opcode, which ends in a tail call.
  ;; Beside `dispatch-switch.wat`: the same program, values and checks.
  ;;
  ;;   4096  the program, four bytes each instruction: opcode, a, b, c
  ;;   8192  registers, 16 bytes each: a tag, then a number
  ;;  65536  frames, 8 bytes each: the next instruction, and the registers
  (data (i32.const 4096)
    "\00\00\00\02"    ;; skip unless r0 < 2
    "\01\00\00\00"    ;; return r0
    "\02\01\00\ff"    ;; r1 = r0 - 1
    "\03\01\00\00"    ;; r1 = fib(r1)
    "\02\02\00\fe"    ;; r2 = r0 - 2
    "\03\02\00\00"    ;; r2 = fib(r2)
    "\04\01\01\02"    ;; r1 = r1 + r2
    "\01\01\00\00")   ;; return r1
  ;; Set by nobody; an interpreter looks at such a flag at each call.
  (global $trap (mut i32) (i32.const 0))

  (type $handler (func (param i32 i32 i32) (result i64)))
  (table funcref (elem $lti $return $addi $call $add))

  (func $begin (param $n i64)
    (i32.store (i32.const 65536) (i32.const 0))
    (i32.store (i32.const 8192) (i32.const 3))
    (i64.store (i32.const 8200) (local.get $n)))

  (func $run (param $pc i32) (param $base i32) (param $frame i32) (result i64)
    (return_call_indirect (type $handler)
      (local.get $pc) (local.get $base) (local.get $frame) (i32.load8_u (local.get $pc))))

  (func $lti (param $pc i32) (param $base i32) (param $frame i32) (result i64)
    (local $at i32) (local $a i32) (local $b i32) (local $c i32)
    (local.set $at (local.get $pc))
    (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
    (local.set $a (i32.add (local.get $base) (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 4))))
    (if (i32.ne (i32.load (local.get $a)) (i32.const 3)) (then unreachable))
    (if (i64.ge_s (i64.load offset=8 (local.get $a)) (i64.load8_s offset=3 (local.get $at)))
      (then (local.set $pc (i32.add (local.get $pc) (i32.const 4)))))
    (return_call_indirect (type $handler)
      (local.get $pc) (local.get $base) (local.get $frame) (i32.load8_u (local.get $pc))))

  (func $return (param $pc i32) (param $base i32) (param $frame i32) (result i64)
    (local $at i32) (local $a i32) (local $b i32) (local $c i32)
    (local.set $at (local.get $pc))
    (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
    (local.set $a (i32.add (local.get $base) (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 4))))
    (i32.store (local.get $base) (i32.load (local.get $a)))
    (i64.store offset=8 (local.get $base) (i64.load offset=8 (local.get $a)))
    (local.set $pc (i32.load (local.get $frame)))
    (if (i32.eqz (local.get $pc)) (then (return (i64.load offset=8 (local.get $base)))))
    (local.set $base (i32.load offset=4 (local.get $frame)))
    (local.set $frame (i32.sub (local.get $frame) (i32.const 8)))
    (return_call_indirect (type $handler)
      (local.get $pc) (local.get $base) (local.get $frame) (i32.load8_u (local.get $pc))))

  (func $addi (param $pc i32) (param $base i32) (param $frame i32) (result i64)
    (local $at i32) (local $a i32) (local $b i32) (local $c i32)
    (local.set $at (local.get $pc))
    (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
    (local.set $a (i32.add (local.get $base) (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 4))))
    (local.set $b (i32.add (local.get $base) (i32.shl (i32.load8_u offset=2 (local.get $at)) (i32.const 4))))
    (if (i32.ne (i32.load (local.get $b)) (i32.const 3)) (then unreachable))
    (i64.store offset=8 (local.get $a)
      (i64.add (i64.load offset=8 (local.get $b)) (i64.load8_s offset=3 (local.get $at))))
    (i32.store (local.get $a) (i32.const 3))
    (return_call_indirect (type $handler)
      (local.get $pc) (local.get $base) (local.get $frame) (i32.load8_u (local.get $pc))))

  (func $call (param $pc i32) (param $base i32) (param $frame i32) (result i64)
    (local $at i32) (local $a i32) (local $b i32) (local $c i32)
    (local.set $at (local.get $pc))
    (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
    (if (global.get $trap) (then unreachable))
    (local.set $frame (i32.add (local.get $frame) (i32.const 8)))
    (i32.store (local.get $frame) (local.get $pc))
    (i32.store offset=4 (local.get $frame) (local.get $base))
    (local.set $base (i32.add (local.get $base) (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 4))))
    (local.set $pc (i32.const 4096))
    (return_call_indirect (type $handler)
      (local.get $pc) (local.get $base) (local.get $frame) (i32.load8_u (local.get $pc))))

  (func $add (param $pc i32) (param $base i32) (param $frame i32) (result i64)
    (local $at i32) (local $a i32) (local $b i32) (local $c i32)
    (local.set $at (local.get $pc))
    (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
    (local.set $a (i32.add (local.get $base) (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 4))))
    (local.set $b (i32.add (local.get $base) (i32.shl (i32.load8_u offset=2 (local.get $at)) (i32.const 4))))
    (local.set $c (i32.add (local.get $base) (i32.shl (i32.load8_u offset=3 (local.get $at)) (i32.const 4))))
    (if (i32.ne (i32.load (local.get $b)) (i32.const 3)) (then unreachable))
    (if (i32.ne (i32.load (local.get $c)) (i32.const 3)) (then unreachable))
    (i64.store offset=8 (local.get $a)
      (i64.add (i64.load offset=8 (local.get $b)) (i64.load offset=8 (local.get $c))))
    (i32.store (local.get $a) (i32.const 3))
    (return_call_indirect (type $handler)
      (local.get $pc) (local.get $base) (local.get $frame) (i32.load8_u (local.get $pc))))

  (func (export "start")
    (call $begin (i64.const 27))
    (if (i64.ne (call $run (i32.const 4096) (i32.const 8192) (i32.const 65536)) (i64.const 196418))
      (then unreachable)))
