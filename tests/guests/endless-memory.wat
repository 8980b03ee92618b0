;; Promise: a policy has at most 32 MiB of memory. This one grows, a page at a time, for ever.
;; Ends: the policy ran into a limit: it asked for more than 32 MiB of memory

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (loop $again
    (drop (memory.grow (i32.const 1)))
    (br $again))
  (unreachable))
