-- Keeps the last value.
return function()
  local value
  local sets, stop = process.listen("set"), process.listen("stop")
  while true do
    local got = channel.select { sets:case_receive(), stop:case_receive() }
    if got.channel == stop then
      return value
    end
    value = got.value
  end
end
