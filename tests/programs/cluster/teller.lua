-- Passes on the events that it hears, and sends events for all nodes when it is told to.
local inbox = process.inbox()
local starter = inbox:receive():payload()
local sub = events.subscribe("shop.orders", "created")
process.send(starter, "subscribed")
local heard = sub:channel()
while true do
  local chosen = channel.select({ inbox:case_receive(), heard:case_receive() })
  if chosen.channel == heard then
    local event = chosen.value
    process.send(starter, "heard", event.path, event.data.n, event.node)
  else
    events.send("shop.bills", "hidden", "1")
    events.send("shop.bills", "told", "2", nil, { scope = "cluster" })
  end
end
