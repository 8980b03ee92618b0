;; Promise: nothing but the policy's own memory can be reached. This one reads behind the end of it.
;; Ends: the policy trapped: wasm trap: out of bounds memory access

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (i32.load (i32.const 0x7fffffff)))
