-- Policies decide who publishes, and which process gets messages.
-- shows: QU-13
assert(process.registry.register("main"))
local told = process.listen("told")
local asked = assert(process.exec("app:clerk", "app:processes"))
for call, expected in pairs {
  publish_open = "true", info_open = "0",
  publish_closed = "not allowed: queue.publish on app:closed",
  info_closed = "not allowed: queue.publish on app:closed",
  can = "true", can_other = "true", cannot = "false",
} do
  assert(asked[call]:find(expected, 1, true) == 1, call .. ": " .. asked[call])
end
-- The message of the clerk, and none of those that were denied.
assert(told:receive() == "from the clerk")
assert(queue.info("closed").message_count == 0)

-- The consumer may not take it: the message stays. Its process was never there.
assert(queue.publish("forbidden", "secret"))
assert(queue.publish("open", "last"))
assert(told:receive() == "last")
assert(queue.info("forbidden").message_count == 1)
assert(security.can("queue.consume", "forbidden"))
os.exit(0)
