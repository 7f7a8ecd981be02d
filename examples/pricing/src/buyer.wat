(component
  ;; A component of the world `buyer` of wit/pricing.wit, as text: it asks for the price of three
  ;; units of tea, and ends with the name of the unit. Components of real programs are built by
  ;; the tools of their languages from that WIT.
  (import "warren:process/program@0.1.0" (instance $program
    (export "finish" (func (param "result" (option (list u8)))))))
  (import "shop:pricing/quotes@0.1.0" (instance $quotes
    (type $price-record (record (field "cents" u64) (field "unit-name" string)))
    (export "price" (type $price (eq $price-record)))
    (type $failure-record (record (field "kind" string) (field "message" string)))
    (export "failure" (type $failure (eq $failure-record)))
    (export "quote" (func (param "item" string) (param "amount" u32)
      (result (result $price (error $failure)))))))
  (core module $allocator
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param i32 i32 i32) (param $len i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get $len)))
      (local.get $at)))
  (core instance $allocator (instantiate $allocator))
  (alias core export $allocator "memory" (core memory $memory))
  (alias core export $allocator "realloc" (core func $realloc))
  (core func $finish (canon lower (func $program "finish") (memory $memory)))
  (core func $quote (canon lower (func $quotes "quote") (memory $memory) (realloc (core func $realloc))))
  (core module $main
    (import "m" "memory" (memory 2))
    (import "m" "finish" (func $finish (param i32 i32 i32)))
    (import "m" "quote" (func $quote (param i32 i32 i32 i32)))
    (data (i32.const 0) "tea")
    (func (export "start")
      (local $len i32)
      ;; quote("tea", 3) -> 64: 0 for a price; 72: cents; 80: address and length of the unit.
      (call $quote (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (if (i64.ne (i64.load (i32.const 72)) (i64.const 360)) (then unreachable))
      ;; A short text in MessagePack is its length from 0xa0 on, and its bytes.
      (local.set $len (i32.load (i32.const 84)))
      (i32.store8 (i32.const 128) (i32.or (i32.const 0xa0) (local.get $len)))
      (memory.copy (i32.const 129) (i32.load (i32.const 80)) (local.get $len))
      (call $finish (i32.const 1) (i32.const 128) (i32.add (local.get $len) (i32.const 1)))))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $memory))
    (export "finish" (func $finish))
    (export "quote" (func $quote))))))
  (func (export "start") (canon lift (core func $main "start"))))
