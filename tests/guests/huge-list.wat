;; Promise: an answer has at most 256 KiB, also in very small pieces. This one has 100,000 reasons
;; without a character in them.
;; Ends: the policy ran into a limit: it returned more than 256 KiB

(memory $memory (export "memory") 64)

;; reasons: at 65536
(data $reasons (i32.const 96) "\00\00\01\00\a0\86\01\00")
