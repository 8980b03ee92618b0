;; Promise: tables are limited too, they are memory of the host. This one grows for ever.
;; Ends: the policy ran into a limit: it asked for more than 100000 table elements

(table $table 1 funcref)

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (loop $again
    (drop (table.grow $table (ref.null func) (i32.const 1000)))
    (br $again))
  (unreachable))
