;; Promise: a code is kebab-case, because other tools compare it. This one colours a terminal.
;; Ends: the policy broke the contract: a code of it is not in kebab-case

(data $code (i32.const 384) "\1b[32mgo\1b[0m")
