;; Promise: no decision without a reason. This one promotes, and does not say why.
;; Ends: the policy broke the contract: it gave no reason

(data $permission (i32.const 64) "\00")

;; next: finish(promoted)
(data $next (i32.const 68) "\09\00\00\00\00\00\00\00")

(data $reasons (i32.const 96) "\40\01\00\00\00\00\00\00")
