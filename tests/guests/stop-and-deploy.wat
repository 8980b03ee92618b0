;; Promise: nothing happens after a stop. This one says stop, and deploys.
;; Ends: the policy broke the contract: it says stop and names a next action

(data $permission (i32.const 64) "\03")

;; next: deploy("stage")
(data $next (i32.const 68) "\00\00\00\00\00\01\00\00\05\00\00\00")
