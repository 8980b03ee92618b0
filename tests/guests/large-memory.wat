;; Promise: memory is limited before the first instruction. This one starts with 32 MiB and a page.
;; Ends: the policy ran into a limit: it asked for more than 32 MiB of memory

(memory $memory (export "memory") 513)
