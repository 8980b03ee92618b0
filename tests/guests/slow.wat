;; Promise: a call ends when its time is over, however little fuel it burns.
;; Ends: the policy timed out: it ran longer than 5 s
;;
;; Growing by nothing is the cheapest way out of compiled code and back: each line costs two units of
;; fuel and far more than two instructions. Copying and filling are no way, they burn fuel by the byte.

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (loop $again
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 0)))
    (br $again))
  (unreachable))
