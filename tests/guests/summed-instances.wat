;; Promise: all instances of a component together have at most 32 MiB of memory. Appended to the
;; benign policy, whose own module and 128 KiB come first; neither of these two is over the limit.
;; Ends: the policy ran into a limit: it asked for more than 32 MiB of memory

(component
  (core module $policy)
  (core module $half (memory 300))
  (core instance (instantiate $half))
  (core instance (instantiate $half)))
