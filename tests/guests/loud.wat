;; Promise: what a policy says does nothing to a terminal or a runner. Every string of this one tries:
;; it clears the screen, sets the title, gives runners commands, and turns the reading direction.

;; The text, 101 bytes: everything below points here.
(data $loud (i32.const 1024) "\1b[2J\1b]0;owned\07\0a::error::loud\0a##[error]loud\0d##vso[task.complete] ##teamcity[x] \c2\9b31m \e2\80\aegpj.exe\e2\80\ac \e2\80\8b")

;; err([one reason])
(func $resolve (export "greenlight:policy/environments@0.2.0#resolve") (param $tag i32) (param $length i32) (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 1))
  (i32.store offset=4 (i32.const 128) (i32.const 704))
  (i32.store offset=8 (i32.const 128) (i32.const 1))
  (i32.const 128))

;; ok({ action: warn, source: none, diagnostics: [one at 640], extra: [] })
(func $parse (export "greenlight:policy/labels@0.2.0#parse") (param $text i32) (param $length i32) (param $truncated i32) (param $default i32) (result i32)
  (i32.store8 offset=4 (i32.const 128) (i32.const 2))
  (i32.store offset=20 (i32.const 128) (i32.const 640))
  (i32.store offset=24 (i32.const 128) (i32.const 1))
  (i32.const 128))

;; severity: warning, the code at 384, the text, the span 0..2, help: the text
(data $diagnostic (i32.const 640) "\01\00\00\00\80\01\00\00\0b\00\00\00"
  "\00\04\00\00\65\00\00\00\01\00\00\00\00\00\00\00\02\00\00\00"
  "\01\00\00\00\00\04\00\00\65\00\00\00")

;; next: notify({ urgency: warning, key: the text, text: the text })
(data $next (i32.const 68) "\03\00\00\00\01\00\00\00\00\04\00\00\65\00\00\00"
  "\00\04\00\00\65\00\00\00")

;; reasons: two at 704
(data $reasons (i32.const 96) "\c0\02\00\00\02\00\00\00")

;; environments: one at 576
(data $environments (i32.const 104) "\40\02\00\00\01\00\00\00")

;; the code at 384, the text, evidence: the two at 544, help: the text
(data $reason (i32.const 704) "\80\01\00\00\0b\00\00\00\00\04\00\00\65\00\00\00"
  "\20\02\00\00\02\00\00\00\01\00\00\00\00\04\00\00\65\00\00\00")

(data $second (i32.const 740) "\80\01\00\00\0b\00\00\00\00\04\00\00\65\00\00\00"
  "\20\02\00\00\02\00\00\00\01\00\00\00\00\04\00\00\65\00\00\00")

;; tag(the text), branch(the text)
(data $evidence (i32.const 544) "\01\00\00\00\00\00\00\00\00\04\00\00\65\00\00\00"
  "\02\00\00\00\00\00\00\00\00\04\00\00\65\00\00\00")

;; stage, pending, no approval, no load test, no watch, one node at 832
(data $status (i32.const 576) "\00\01\00\00\05\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
  "\00\00\00\00\00\00\00\00\00\00\00\00\40\03\00\00\01\00\00\00")

;; the text, unreachable
(data $node (i32.const 832) "\00\04\00\00\65\00\00\00\03\00\00\00")
