;; Promise: fuel is limited before the first question too. The module never finishes starting.
;; Ends: the policy ran into a limit: it used all 2000000000 units of fuel

(func $spin (loop $again (br $again)))

(start $spin)
