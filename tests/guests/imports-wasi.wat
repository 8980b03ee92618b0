;; Promise: a policy imports nothing: no environment, no clock, no files. This one asks for them.
;; Ends: the component is not a policy: a policy must not import anything, but it imports `wasi:cli/environment@0.2.0`, `wasi:clocks/wall-clock@0.2.0`, `wasi:filesystem/types@0.2.0`, `read-anything`

(component
  (import "wasi:cli/environment@0.2.0" (instance
    (export "get-environment" (func (result (list (tuple string string)))))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance))
  (import "wasi:filesystem/types@0.2.0" (instance))
  (import "read-anything" (func (param "path" string) (result string))))
