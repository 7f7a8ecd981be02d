-- A select that could send and receive on one channel does not hand over to
-- itself; two of them meet.
-- shows: H-9, H-1

local ch = channel.new()
assert(channel.select { ch:case_send(1), ch:case_receive(), default = true }.default)
local timer = time.after("5ms")
local got = channel.select { ch:case_send(1), ch:case_receive(), timer:case_receive() }
assert(got.channel == timer)

local results = channel.new(2)
for _, name in ipairs { "one", "other" } do
  coroutine.spawn(function()
    local got = channel.select { ch:case_send(name), ch:case_receive() }
    results:send { name, got.value }
  end)
end
local first, second = results:receive(), results:receive()
-- One has sent its name, and the other has got it.
local sender, receiver = first, second
if first[2] ~= first[1] then
  sender, receiver = second, first
end
assert(sender[2] == sender[1] and receiver[2] == sender[1])
