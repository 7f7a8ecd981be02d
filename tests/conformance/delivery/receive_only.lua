-- The channels of a mailbox cannot be sent on or closed.
-- shows: D-16

for _, receiving in ipairs { process.inbox(), process.events(), process.listen("t") } do
  assert(not pcall(receiving.send, receiving, 1))
  assert(not pcall(receiving.close, receiving))
  assert(not pcall(receiving.case_send, receiving, 1))
end
process.send(process.pid(), "t", "still open")
assert(process.listen("t"):receive() == "still open")
