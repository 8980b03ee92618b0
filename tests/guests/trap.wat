;; Promise: a policy that breaks is no decision. This one ends itself, as a panic does.
;; Ends: the policy trapped: wasm trap: wasm `unreachable` instruction executed

(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param i32) (result i32)
  (unreachable))
