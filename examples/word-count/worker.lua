-- Counts the words of the texts it is dealt, and tells the reducer.

local send = require("lib.send")

-- Counts are sent when the words alone have this many bytes, so that a message
-- stays small whatever the text is.
local BATCH <const> = 128 * 1024

return function(reducer)
  local inbox = process.inbox()
  local counts, size = {}, 0

  local function flush()
    if size > 0 then
      send.wait(reducer, "counts", counts)
      counts, size = {}, 0
    end
  end

  while true do
    local message = inbox:receive()
    if message:topic() == "end" then
      flush()
      return
    end
    for word in message:payload():lower():gmatch("%a+") do
      local count = counts[word]
      if not count then
        size = size + #word
        count = 0
      end
      counts[word] = count + 1
      if size >= BATCH then
        flush()
      end
    end
  end
end
