;; Promise: a tag asks for its own commit. This one reads another commit out of every tag.
;; Asked: resolve
;; Ends: the policy broke the contract: the commit of its target is not the one in the tag

;; ok({ environment: "stage", commit: "bbbb…", action: none })
(func $resolve (export "greenlight:policy/environments@0.2.0#resolve") (param $tag i32) (param $length i32) (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.store offset=4 (i32.const 128) (i32.const 256))
  (i32.store offset=8 (i32.const 128) (i32.const 5))
  (i32.store offset=12 (i32.const 128) (i32.const 512))
  (i32.store offset=16 (i32.const 128) (i32.const 40))
  (i32.const 128))

(data $commit (i32.const 512) "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
