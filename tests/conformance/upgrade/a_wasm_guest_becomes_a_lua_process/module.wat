;; Upgrades to `app:main`, with one argument.
(module
  (import "warren:core/process@0.1.0" "upgrade"
    (func $upgrade (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "app:main\91\a4back")

  (func (export "start")
    ;; It comes back only where it failed.
    (drop (call $upgrade (i32.const 0) (i32.const 8) (i32.const 8) (i32.const 6)))
    unreachable))
