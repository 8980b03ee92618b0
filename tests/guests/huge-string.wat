;; Promise: an answer has at most 256 KiB. One sentence of this one has a MiB.
;; Ends: the policy ran into a limit: it returned more than 256 KiB

(memory $memory (export "memory") 32)

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 97) (i32.const 1048576))
  (i32.store (i32.const 328) (i32.const 65536))
  (i32.store (i32.const 332) (i32.const 1048576))
  (i32.const 64))
