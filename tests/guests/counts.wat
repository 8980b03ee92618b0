;; Promise: the same question has the same answer. This one counts in its memory how often it was asked,
;; and promotes from the second time on.

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param $in i32) (result i32)
  (i32.store (i32.const 500) (i32.add (i32.load (i32.const 500)) (i32.const 1)))
  (if (i32.gt_u (i32.load (i32.const 500)) (i32.const 1))
    (then
      (i32.store8 (i32.const 64) (i32.const 0))
      (i64.store (i32.const 68) (i64.const 9))))
  (i32.const 64))
