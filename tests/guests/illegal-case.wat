;; Promise: an answer has the contract's types. What this one wants to do next is number 200.
;; Ends: the policy broke the contract: unexpected discriminant: 200

(data $next (i32.const 68) "\c8\00\00\00\00\00\00\00")
