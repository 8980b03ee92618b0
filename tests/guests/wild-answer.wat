;; Promise: an answer lies in the policy's memory. This one lies behind the end of it.
;; Ends: the policy broke the contract: pointer out of bounds of memory

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (i32.const 0x7ffffff0))
