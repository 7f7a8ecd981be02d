-- Counts the attempts at each order. The workers crash; this process does not, so its
-- counts are right.

return function()
  local events, tries = process.events(), process.listen("try", { message = true })
  local counts = {}
  while true do
    local got = channel.select { events:case_receive(), tries:case_receive() }
    if got.channel == events then
      return -- the supervisor stops it
    end
    local number = got.value:payload()
    counts[number] = (counts[number] or 0) + 1
    -- The worker may have crashed meanwhile: then nobody waits.
    local _ = process.send(got.value:from(), "attempt", counts[number])
  end
end
