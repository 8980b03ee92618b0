;; Promise: only environments of the settings are spoken of. This one knows how `moon` is doing.
;; Ends: the policy broke the contract: it named an environment that is not in the settings

;; environments: one, at 480
(data $environments (i32.const 104) "\e0\01\00\00\01\00\00\00")

;; environment at 448, progress: converged; everything else is empty
(data $status (i32.const 480) "\c0\01\00\00\04\00\00\00" "\03\00\00\00")

(data $moon (i32.const 448) "moon")
