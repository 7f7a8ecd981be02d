local name = ...
local inbox = process.inbox()
local to = inbox:receive():payload()
process.send(to, "registered", process.registry.register(name, nil, { scope = "cluster" }))
while true do
  local message = inbox:receive()
  local from, value = message:payload()
  process.send(from, "answer", value)
end
