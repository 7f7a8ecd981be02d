local inbox = process.inbox()
while true do
  local message = inbox:receive()
  local to, value = message:payload()
  process.send(to, "answer", value)
end
