process.groups.join((...))
local inbox = process.inbox()
while true do
  local to = inbox:receive():payload()
  process.send(to, "heard")
end
