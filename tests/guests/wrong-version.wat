;; Promise: a policy has this version of the world. This one exports interfaces of another.
;; Ends: the policy has version 0.9.0 of the contract, and this program has version 0.2.0

(component
  (instance $nothing)
  (export "greenlight:policy/types@0.9.0" (instance $nothing))
  (export "greenlight:policy/labels@0.9.0" (instance $nothing))
  (export "greenlight:policy/environments@0.9.0" (instance $nothing))
  (export "greenlight:policy/promotion@0.9.0" (instance $nothing)))
