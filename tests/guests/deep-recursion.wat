;; Promise: a policy has at most 256 KiB of stack. This one calls itself for ever.
;; Ends: the policy ran into a limit: it used all 256 KiB of stack

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (i32.add (i32.const 1) (call $decide (local.get 0))))
