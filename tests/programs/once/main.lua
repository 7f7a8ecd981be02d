-- A node that asks the service for its node, and tells each change of the answer.
local inbox = process.inbox()
local told
while true do
  if process.send("app:clock", "ask") then
    local answer, patience = nil, time.after("1s")
    local chosen = channel.select({ inbox:case_receive(), patience:case_receive() })
    if chosen.channel == inbox then
      answer = chosen.value:payload()
    end
    if answer and answer ~= told then
      told = answer
      print("the clock answers from " .. answer)
    end
  end
  time.sleep("50ms")
end
