;; Promise: a string lies in the policy's memory. The sentence of this one reaches over the end of it.
;; Ends: the policy broke the contract: string pointer/length out of bounds of memory

(data $reason (i32.const 320) "\80\01\00\00\0b\00\00\00" "\f0\ff\01\00\ff\ff\00\00")
