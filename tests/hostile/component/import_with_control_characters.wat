;; tries: a terminal's escape sequence in the name of an import that nothing provides
;; end: refused Invalid
;; unsaid: [31m
(component
  (import "url=<https://example.invalid/\1b[31m>" (func))
  (core module $Main (func (export "start")))
  (core instance $main (instantiate $Main))
  (func (export "start") (canon lift (core func $main "start"))))
