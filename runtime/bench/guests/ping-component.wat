;; `ping-flat.wat` as a component; `echo-component.wat` explains its parts.
(component
  (import "warren:process/program@0.1.0" (instance $program
    (export "arguments" (func (result (list u8))))))
  (import "warren:process/process@0.1.0" (instance $process
    (type $error' (record
      (field "kind" string) (field "message" string) (field "retryable" (option bool))
      (field "details" (option (list u8))) (field "stack" (option string))))
    (export "error" (type $error (eq $error')))
    (type $relation' (flags "monitored" "linked"))
    (export "relation" (type $relation (eq $relation')))
    (type $first-message' (record (field "topic" string) (field "payload" (list u8))))
    (export "first-message" (type $first-message (eq $first-message')))
    (type $identity' (record (field "id" string) (field "meta" (list u8))))
    (export "identity" (type $identity (eq $identity')))
    (type $policy-set' (record (field "policies" (list string))))
    (export "policy-set" (type $policy-set (eq $policy-set')))
    (type $spawn-options' (record
      (field "context" (option (list u8)))
      (field "actor" (option $identity))
      (field "scope" (option $policy-set))
      (field "name" (option string))
      (field "messages" (list $first-message))))
    (export "spawn-options" (type $spawn-options (eq $spawn-options')))
    (export "spawn" (func
      (param "definition" string) (param "host" string) (param "arguments" (list u8))
      (param "relation" $relation) (param "options" $spawn-options)
      (result (result string (error $error)))))
    (export "send" (func
      (param "to" string) (param "topic" string) (param "payload" (list u8))
      (result (result (error $error)))))))
  (import "warren:process/mailbox@0.1.0" (instance $mailbox
    (type $message' (record
      (field "subscription" u32) (field "sender" (option string))
      (field "topic" string) (field "payload" (list u8))))
    (export "message" (type $message (eq $message')))
    (export "inbox" (func (result u32)))
    (export "receive-one" (func
      (param "wanted" u32) (param "deadline" (option u64)) (result (option $message))))))

  (core module $Allocator
    (memory (export "memory") 1)
    ;; Forgotten as a whole, by setting it back.
    (global $next (export "next") (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get 2))))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $next) (i32.const 65536)) (then unreachable))
      (local.get $at)))

  (core module $Main
    (import "allocator" "memory" (memory 1))
    (import "allocator" "next" (global $next (mut i32)))
    (import "warren" "arguments" (func $arguments (param i32)))
    (import "warren" "spawn" (func $spawn (param i32 i32)))
    (import "warren" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32)))
    (import "warren" "inbox" (func $inbox (result i32)))
    (import "warren" "receive-one" (func $receive (param i32 i32 i64 i32)))

    ;; 0 host, 16 topic, 128 list of arguments, 256 message, 384 result of send,
    ;; 512 parameters of spawn, 640 its result
    (data (i32.const 0) "bench:processes")
    (data (i32.const 16) "t")

    ;; Arguments: [count as u32, id of the echo's definition, the value].
    (func (export "start")
      (local $inbox i32) (local $left i32) (local $kept i32) (local $definition i32)
      (local $payload i32) (local $size i32)
      (call $arguments (i32.const 128))
      (local.set $left (call $u32 (i32.add (i32.load (i32.const 128)) (i32.const 2))))
      ;; definition: behind the count and one byte of head
      (local.set $definition
        (i32.and
          (i32.load8_u (i32.add (i32.load (i32.const 128)) (i32.const 6))) (i32.const 0x1f)))
      (i32.store (i32.const 512) (i32.add (i32.load (i32.const 128)) (i32.const 7)))
      (i32.store (i32.const 516) (local.get $definition))
      ;; host
      (i32.store (i32.const 520) (i32.const 0))
      (i32.store (i32.const 524) (i32.const 15))
      ;; arguments
      (i32.store (i32.const 528) (i32.load (i32.const 128)))
      (i32.store (i32.const 532) (i32.load (i32.const 132)))
      ;; Relation and options stay zero: none.
      (call $spawn (i32.const 512) (i32.const 640))
      (if (i32.load8_u (i32.const 640)) (then unreachable))
      ;; [the value], over the last byte of the definition
      (local.set $payload
        (i32.add (i32.load (i32.const 128)) (i32.add (i32.const 6) (local.get $definition))))
      (i32.store8 (local.get $payload) (i32.const 0x91))
      (local.set $size
        (i32.sub (i32.load (i32.const 132)) (i32.add (i32.const 6) (local.get $definition))))
      ;; Arguments and PID stay; what follows is forgotten.
      (local.set $kept (global.get $next))
      (local.set $inbox (call $inbox))
      (loop $again
        (global.set $next (local.get $kept))
        (call $send
          (i32.load (i32.const 644)) (i32.load (i32.const 648))
          (i32.const 16) (i32.const 1)
          (local.get $payload) (local.get $size)
          (i32.const 384))
        (if (i32.load8_u (i32.const 384)) (then unreachable))
        (call $receive (local.get $inbox) (i32.const 0) (i64.const 0) (i32.const 256))
        (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable))
        (if (i32.ne (i32.load (i32.const 288)) (local.get $size)) (then unreachable))
        (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

    ;; MessagePack is big-endian.
    (func $u32 (param $at i32) (result i32)
      (local $bytes i32)
      (local.set $bytes (i32.load (local.get $at)))
      (i32.or
        (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
        (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00)))))

  (core instance $allocator (instantiate $Allocator))
  (core func $arguments (canon lower (func $program "arguments")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core func $spawn (canon lower (func $process "spawn")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core func $send (canon lower (func $process "send")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core func $inbox (canon lower (func $mailbox "inbox")))
  (core func $receive (canon lower (func $mailbox "receive-one")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core instance $main (instantiate $Main
    (with "allocator" (instance $allocator))
    (with "warren" (instance
      (export "arguments" (func $arguments))
      (export "spawn" (func $spawn))
      (export "send" (func $send))
      (export "inbox" (func $inbox))
      (export "receive-one" (func $receive))))))
  (func $start (canon lift (core func $main "start")))
  (export "start" (func $start)))
