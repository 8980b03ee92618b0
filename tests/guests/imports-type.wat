;; Promise: a policy imports nothing, not even a type. This one imports the contract's own.
;; Ends: the component is not a policy: a policy must not import anything, but it imports `greenlight:policy/types@0.2.0`

(component
  (import "greenlight:policy/types@0.2.0" (instance
    (type $verdict (enum "passed" "failed" "errored" "inconclusive"))
    (export "verdict" (type (eq $verdict))))))
