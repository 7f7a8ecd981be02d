-- tries: wait for 50,000 channels at once, again and again
-- end: returned
local cases, channels = {}, {}
for i = 1, 50000 do
  channels[i] = channel.new(1)
  cases[i] = channels[i]:case_receive()
end
for i = 1, 20 do
  local one = channels[i * 2000]
  coroutine.spawn(function() one:send(i) end)
  local got = channel.select(cases)
  assert(got.channel == one and got.value == i)
end
cases[#cases + 1] = cases[1]
cases[#cases + 1] = channels[1]:case_send(1)
channel.select(cases)
