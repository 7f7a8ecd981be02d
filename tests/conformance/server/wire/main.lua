-- The messages of calls and casts, sent and read by hand. What is no call ends no server.
-- shows: SV-12
local server = require("server")
local pid = assert(server.start("app:wire"))

-- An address is a topic, or a topic and a number.
local replies, numbered = process.listen("replies"), process.listen("numbered")
assert(process.send(pid, "call", "replies", "request"))
local answer = replies:receive()
assert(answer.n == 2 and answer[1] == true and answer[2] == nil)
assert(process.send(pid, "call", { "numbered", 5 }, "request"))
answer = numbered:receive()
assert(answer.n == 3 and answer[1] == true and answer[3] == 5)

-- No addresses.
for _, address in ipairs { 5, {}, { "numbered" }, { 5, "numbered" }, { "numbered", "5" }, true } do
  assert(process.send(pid, "call", address, "request"))
end
assert(process.send(pid, "call"))
assert(process.send(pid, "call", "replies", "request", "more"))
assert(server.call(pid, "count") == 8)
assert(replies:receive(0) == nil and numbered:receive(0) == nil)

-- An answer by hand, and one that is none.
coroutine.spawn(function()
  local message = process.inbox():receive()
  local address, request = message:payload()
  assert(request == nil and math.type(address[2]) == "integer")
  assert(process.send(message:from(), address[1], true, "none", address[2] + 1))
  assert(process.send(message:from(), address[1], "no answer"))
  assert(process.send(message:from(), address[1], false, "refused", address[2]))
end)
local asker = assert(process.spawn("app:asker", nil, process.pid()))
assert(process.monitor(asker))
local result = process.events():receive().result
assert(result.error == "refused", result.error)
