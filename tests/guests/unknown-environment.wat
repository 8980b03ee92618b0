;; Promise: only environments of the settings are deployed to. This one promotes to `moon`.
;; Ends: the policy broke the contract: it named an environment that is not in the settings

(data $permission (i32.const 64) "\00")

;; next: deploy(the text at 448)
(data $next (i32.const 68) "\00\00\00\00\c0\01\00\00\04\00\00\00")

(data $moon (i32.const 448) "moon")
