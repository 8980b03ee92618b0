;; Promise: a list lies in the policy's memory. The reasons of this one reach over the end of it.
;; Ends: the policy broke the contract: list pointer/length out of bounds of memory

(data $reasons (i32.const 96) "\f0\ff\01\00\e8\03\00\00")
