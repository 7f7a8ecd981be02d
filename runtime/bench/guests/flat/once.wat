  ;; Waits for a message and ends.
  (func (export "start")
    (drop (call $receive (call $inbox))))
