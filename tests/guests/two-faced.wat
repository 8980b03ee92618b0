;; Promise: a decision does not contradict itself. This one permits, and ends as stopped.
;; Ends: the policy broke the contract: it gives permission and finishes without promotion

(data $permission (i32.const 64) "\00")

;; next: finish(stopped)
(data $next (i32.const 68) "\09\00\00\00\02\00\00\00")
