;; Promise: a build is published under tags of its own commit. This one adds another commit's.
;; Asked: tags
;; Ends: the policy broke the contract: it returned a tag of another commit

;; ok(["stage-" ++ build.commit, "prod-bbbb…"])
(func $tags (export "greenlight:policy/environments@0.2.0#tags") (param $in i32) (result i32)
  (memory.copy (i32.const 262) (i32.load (local.get $in)) (i32.load offset=4 (local.get $in)))
  (i32.store (i32.const 240) (i32.const 256))
  (i32.store offset=4 (i32.const 240) (i32.const 46))
  (i32.store offset=8 (i32.const 240) (i32.const 512))
  (i32.store offset=12 (i32.const 240) (i32.const 45))
  (i32.store offset=4 (i32.const 128) (i32.const 240))
  (i32.store offset=8 (i32.const 128) (i32.const 2))
  (i32.const 128))

(data $prod (i32.const 512) "prod-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
