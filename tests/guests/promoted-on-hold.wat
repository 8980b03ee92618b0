;; Promise: nothing ends as promoted without permission. This one says hold, and that it is done.
;; Ends: the policy broke the contract: it finishes as promoted without permission

;; next: finish(promoted)
(data $next (i32.const 68) "\09\00\00\00\00\00\00\00")
