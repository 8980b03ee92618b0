;; Promise: the host writes into the policy's memory only. The allocator of this one points elsewhere.
;; Ends: the policy broke the contract: realloc return: beyond end of memory

(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 0x7ffffff0))
