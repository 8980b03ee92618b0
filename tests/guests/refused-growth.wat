;; Promise: only memory that was had counts. This one asks 10,000 times for more than its own maximum,
;; is refused, never has more than one page, and then answers as it should.

(memory $memory (export "memory") 1 1)

(table $table 1 1 funcref)

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (local $left i32)
  (local.set $left (i32.const 10000))
  (loop $again
    (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (table.grow $table (ref.null func) (i32.const 100)) (i32.const -1)) (then (unreachable)))
    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (i32.const 64))
