;; Promise: what is returned counts as often as it is returned. These 1000 reasons share one sentence
;; of 4 KiB.
;; Ends: the policy ran into a limit: it returned more than 256 KiB

(memory $memory (export "memory") 4)

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (local $at i32)
  (memory.fill (i32.const 16384) (i32.const 97) (i32.const 4096))
  (local.set $at (i32.const 65536))
  (loop $again
    (i32.store (local.get $at) (i32.const 384))
    (i32.store offset=4 (local.get $at) (i32.const 11))
    (i32.store offset=8 (local.get $at) (i32.const 16384))
    (i32.store offset=12 (local.get $at) (i32.const 4096))
    (local.set $at (i32.add (local.get $at) (i32.const 36)))
    (br_if $again (i32.lt_u (local.get $at) (i32.const 101536))))
  (i32.const 64))

;; reasons: 1000 at 65536
(data $reasons (i32.const 96) "\00\00\01\00\e8\03\00\00")
