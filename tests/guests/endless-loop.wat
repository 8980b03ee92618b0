;; Promise: a call uses a limited number of instructions. `decide` never ends.
;; Ends: the policy ran into a limit: it used all 2000000000 units of fuel

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (loop $again (br $again))
  (unreachable))
