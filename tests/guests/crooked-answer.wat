;; Promise: an answer has the contract's layout. This one begins at an odd address.
;; Ends: the policy broke the contract: return pointer not aligned

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (i32.const 65))
