;; Promise: all memories of a policy together have at most 32 MiB. Each of these has less.
;; Ends: the policy ran into a limit: it asked for more than 32 MiB of memory

(memory $second 200)

(memory $third 200)

(memory $fourth 200)
