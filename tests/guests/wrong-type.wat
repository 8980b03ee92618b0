;; Promise: a policy's functions have the contract's types. In this one `parse` takes nothing and
;; answers nothing.
;; Ends: the component is not a policy: failed to convert function to given type: type mismatch with parameters: expected 2-tuple, found 0-tuple

(component
  (core module $module (func (export "parse")))
  (core instance $instance (instantiate $module))
  (func $parse (canon lift (core func $instance "parse")))
  (instance $nothing)
  (instance $labels (export "parse" (func $parse)))
  (instance $environments (export "tags" (func $parse)) (export "resolve" (func $parse)))
  (instance $promotion (export "decide" (func $parse)))
  (export "greenlight:policy/types@0.2.0" (instance $nothing))
  (export "greenlight:policy/labels@0.2.0" (instance $labels))
  (export "greenlight:policy/environments@0.2.0" (instance $environments))
  (export "greenlight:policy/promotion@0.2.0" (instance $promotion)))
