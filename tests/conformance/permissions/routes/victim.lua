return function()
  local inbox = process.inbox()
  while true do
    local topic = inbox:receive():topic()
    assert(topic == "are you there?", topic)
  end
end
