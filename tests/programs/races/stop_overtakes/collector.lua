-- Counts items until it is told to stop.
return function()
  local count, items, stop = 0, process.listen("item"), process.listen("stop")
  while true do
    local got = channel.select { stop:case_receive(), items:case_receive() }
    if got.channel == stop then
      return count
    end
    count = count + 1
  end
end
