;; The policy that the hostile ones are made from: it keeps every promise, and never promotes.
;;
;; Core module fields, encoded with the world in wit/. A block lasts until the next empty line; a
;; hostile guest replaces the blocks whose `$name` it defines itself. `tags` and `decide` have more values than the
;; canonical ABI's flat form has, and take one pointer. `resolve` has the tag and the 12 values of the settings. Each
;; returns a pointer.

(memory $memory (export "memory") 2)

;; What the host hands over is put behind the guests' own data, which ends at 8192.
(global $top (mut i32) (i32.const 8192))

(func $realloc (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
  (global.set $top (i32.add (local.get $at) (local.get $new)))
  (local.get $at))

;; ok({ action: warn, source: none, diagnostics: [], extra: [] })
(func $parse (export "greenlight:policy/labels@0.2.0#parse") (param $text i32) (param $length i32) (param $truncated i32) (param $default i32) (result i32)
  (i32.store8 offset=4 (i32.const 128) (i32.const 2))
  (i32.const 128))

;; ok(["stage-" ++ build.commit]): build.commit is the first field of the parameters.
(func $tags (export "greenlight:policy/environments@0.2.0#tags") (param $in i32) (result i32)
  (memory.copy (i32.const 262) (i32.load (local.get $in)) (i32.load offset=4 (local.get $in)))
  (i32.store (i32.const 240) (i32.const 256))
  (i32.store offset=4 (i32.const 240) (i32.add (i32.const 6) (i32.load offset=4 (local.get $in))))
  (i32.store offset=4 (i32.const 128) (i32.const 240))
  (i32.store offset=8 (i32.const 128) (i32.const 1))
  (i32.const 128))

;; ok({ environment: "stage", commit: the last 40 bytes of the tag, action: none })
(func $resolve (export "greenlight:policy/environments@0.2.0#resolve") (param $tag i32) (param $length i32) (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.store offset=4 (i32.const 128) (i32.const 256))
  (i32.store offset=8 (i32.const 128) (i32.const 5))
  (i32.store offset=12 (i32.const 128)
    (i32.sub (i32.add (local.get $tag) (local.get $length)) (i32.const 40)))
  (i32.store offset=16 (i32.const 128) (i32.const 40))
  (i32.const 128))

;; The decision at 64, filled in by the blocks below.
(func $decide (export "greenlight:policy/promotion@0.2.0#decide") (param $in i32) (result i32)
  (i32.const 64))

;; permission: hold
(data $permission (i32.const 64) "\02")

;; next: wait(10)
(data $next (i32.const 68) "\04\00\00\00\0a\00\00\00")

;; reasons: one, at 320
(data $reasons (i32.const 96) "\40\01\00\00\01\00\00\00")

;; environments: none
(data $environments (i32.const 104) "\00\00\00\00\00\00\00\00")

;; code at 384, message at 400, no evidence, no help
(data $reason (i32.const 320) "\80\01\00\00\0b\00\00\00" "\90\01\00\00\0f\00\00\00")

(data $code (i32.const 384) "always-hold")

(data $message (i32.const 400) "it always holds")

(data $stage (i32.const 256) "stage-")
