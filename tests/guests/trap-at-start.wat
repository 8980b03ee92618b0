;; Promise: a policy that breaks before the first question is no decision either.
;; Ends: the policy trapped: wasm trap: wasm `unreachable` instruction executed

(func $break (unreachable))

(start $break)
