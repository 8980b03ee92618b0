;; Promise: what the compiler says of a component does nothing to a terminal or a runner. This one is
;; refused because of a name, and the name goes into the message.
;; Ends: the component is not a policy: failed to parse WebAssembly module: duplicate export name `\u{1b}[2J\n::error::loud\r#\u{23}[error]loud\u{202e}` already defined

(component
  (core module
    (func)
    (export "\1b[2J\0a::error::loud\0d##[error]loud\e2\80\ae" (func 0))
    (export "\1b[2J\0a::error::loud\0d##[error]loud\e2\80\ae" (func 0))))
