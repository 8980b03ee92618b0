;; Promise: a place in a message is in the message. The label that this one found is behind its end.
;; Asked: label
;; Ends: the policy broke the contract: it referred to a place outside the message

;; ok({ action: skip, source: some(1000..1001), diagnostics: [], extra: [] })
(func $parse (export "greenlight:policy/labels@0.2.0#parse") (param $text i32) (param $length i32) (param $truncated i32) (param $default i32) (result i32)
  (i32.store8 offset=4 (i32.const 128) (i32.const 1))
  (i32.store8 offset=8 (i32.const 128) (i32.const 1))
  (i32.store offset=12 (i32.const 128) (i32.const 1000))
  (i32.store offset=16 (i32.const 128) (i32.const 1001))
  (i32.const 128))
