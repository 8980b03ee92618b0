;; Promise: a policy has the world's exports. This one has others.
;; Ends: the component is not a policy: no exported instance named `greenlight:policy/types@0.2.0`

(component
  (core module $module (func (export "run") (result i32) (i32.const 0)))
  (core instance $instance (instantiate $module))
  (func $run (result (result)) (canon lift (core func $instance "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))
