;; Promise: what several memories grow by is added up. These take turns.
;; Ends: the policy ran into a limit: it asked for more than 32 MiB of memory

(memory $second 1)

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (loop $again
    (drop (memory.grow $memory (i32.const 1)))
    (drop (memory.grow $second (i32.const 1)))
    (br $again))
  (unreachable))
