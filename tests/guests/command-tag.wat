;; Promise: a tag is one that a registry takes, and so does nothing in a shell. This one would.
;; Asked: tags
;; Ends: the policy broke the contract: it returned an invalid tag

(func $tags (export "greenlight:policy/environments@0.2.0#tags") (param $in i32) (result i32)
  (i32.store (i32.const 240) (i32.const 512))
  (i32.store offset=4 (i32.const 240) (i32.const 15))
  (i32.store offset=4 (i32.const 128) (i32.const 240))
  (i32.store offset=8 (i32.const 128) (i32.const 1))
  (i32.const 128))

(data $tag (i32.const 512) "latest;rm -rf .")
