-- Answers each text with the number of floods so far. The text `flood` gets as many long texts as
-- its socket takes.

-- Refusals in a row, after which the relay and the connection hold no more.
local REFUSALS = 20

local function flood(client)
  local text = ("x"):rep(100000)
  local refused = 0
  while refused < REFUSALS do
    local sent, err = process.send(client, "flood", text)
    if sent then
      refused = 0
    elseif errors.is(err, errors.RATE_LIMITED) then
      refused = refused + 1
      time.sleep("5ms")
    else
      return
    end
  end
end

return function()
  local inbox, floods = process.inbox(), 0
  while true do
    local message = inbox:receive()
    if message:topic() == "ws.message" then
      local client = message:from()
      if message:payload() == "flood" then
        flood(client)
        floods = floods + 1
      else
        -- A client may have gone.
        local _ = process.send(client, "floods", floods)
      end
    end
  end
end
