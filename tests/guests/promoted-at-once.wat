;; Promise: nothing ends as promoted that is not in production. This one promotes before anything is deployed.
;; Ends: the policy broke the contract: it finishes as promoted, but the history does not show that every node of the last environment served the release after its deployment

;; permission: promote
(data $permission (i32.const 64) "\00")

;; next: finish(promoted)
(data $next (i32.const 68) "\09\00\00\00\00\00\00\00")
