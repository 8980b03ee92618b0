;; Promise: a code is kebab-case, because other tools compare it. This one colors a terminal.
;; Ends: the policy broke the contract: one of its codes is not kebab-case

(data $code (i32.const 384) "\1b[32mgo\1b[0m")
