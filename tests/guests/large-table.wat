;; Promise: tables are limited before the first instruction. This one starts with ten million places.
;; Ends: the policy ran into a limit: it asked for more than 100000 table elements

(table $table 10000000 funcref)
