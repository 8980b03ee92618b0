;; Promise: fuel is limited after the answer too. The clean-up behind a fine answer never ends.
;; Ends: the policy ran into a limit: it used all 2000000000 units of fuel

(func $cleanup (export "cabi_post_greenlight:policy/promotion@0.2.0#decide") (param i32)
  (loop $again (br $again)))
