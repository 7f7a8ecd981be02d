;; tries: a connection to the outside: sockets are linked, as tool chains want, and never granted
;; end: returned
(component
  (import "wasi:sockets/network@0.2.0" (instance $network
    (type $enum' (enum "unknown" "access-denied" "not-supported" "invalid-argument"
      "out-of-memory" "timeout" "concurrency-conflict" "not-in-progress" "would-block"
      "invalid-state" "new-socket-limit" "address-not-bindable" "address-in-use"
      "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted"
      "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
      "permanent-resolver-failure"))
    (export "error-code" (type (eq $enum')))
    (type $family' (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family')))))
  (alias export $network "error-code" (type $error-code))
  (alias export $network "ip-address-family" (type $family))
  (import "wasi:sockets/tcp@0.2.0" (instance $tcp
    (export "tcp-socket" (type (sub resource)))))
  (alias export $tcp "tcp-socket" (type $tcp-socket))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
    (alias outer 1 $error-code (type $error-code'))
    (export "error-code" (type $error-code (eq $error-code')))
    (alias outer 1 $family (type $family'))
    (export "ip-address-family" (type $family (eq $family')))
    (alias outer 1 $tcp-socket (type $tcp-socket'))
    (export "tcp-socket" (type $tcp-socket (eq $tcp-socket')))
    (export "create-tcp-socket" (func (param "address-family" $family)
      (result (result (own $tcp-socket) (error $error-code)))))))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $create (canon lower (func $create "create-tcp-socket")
    (memory (core memory $memory "memory"))))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "create" (func $create (param i32 i32)))
    (func (export "start")
      (local $left i32)
      (local.set $left (i32.const 10000))
      (loop $again
        (call $create (i32.const 0) (i32.const 64))
        ;; An error, and that it is denied.
        (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.const 68)) (i32.const 1)) (then unreachable))
        (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "create" (func $create))))))
  (func (export "start") (canon lift (core func $main "start"))))
