;; Promise: a reason rests on what has happened. This one rests on event 1000.
;; Ends: the policy broke the contract: a reason refers to an event that is not in the history

;; code at 384, message at 400, one piece of evidence at 480, no help
(data $reason (i32.const 320) "\80\01\00\00\0b\00\00\00" "\90\01\00\00\0f\00\00\00" "\e0\01\00\00\01\00\00\00")

;; event(1000)
(data $evidence (i32.const 480) "\07\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
