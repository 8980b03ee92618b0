;; Promise: a string is text. The sentence of this one begins with half a character.
;; Ends: the policy broke the contract: invalid utf-8 sequence of 1 bytes from index 0

(data $message (i32.const 400) "\c3(")
