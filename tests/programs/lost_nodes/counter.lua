-- Counts messages with the numbers from 1 on, and tells its count when asked.
local inbox = process.inbox()
local count = 0
while true do
  local message = inbox:receive()
  if message:topic() == "how many" then
    assert(process.send(message:payload(), "count", count))
  else
    count = count + 1
    assert(message:payload() == count, ("message %d is %d"):format(count, message:payload()))
  end
end
