;; Promise: an answer has the contract's types. The permission of this one is number 99.
;; Ends: the policy broke the contract: unexpected discriminant: 99

(data $permission (i32.const 64) "\63")
