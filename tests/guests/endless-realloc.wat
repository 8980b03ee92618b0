;; Promise: fuel is limited while the host hands over its facts. The allocator never ends.
;; Ends: the policy ran into a limit: it used all 2000000000 units of fuel

(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (loop $again (br $again))
  (unreachable))
