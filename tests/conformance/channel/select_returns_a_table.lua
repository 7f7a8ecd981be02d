-- Each result of `select` has `ok`; a case that sent has its value.
-- shows: H-7, H-8, H-12
local one, closed = channel.new(1), channel.new()
closed:close()
local got = channel.select { closed:case_receive() }
assert(got.channel == closed and got.value == nil and got.ok == false)
got = channel.select { one:case_send("v") }
assert(got.channel == one and got.value == "v" and got.ok == true)
for _, none in ipairs { channel.select { one:case_send(2), default = true }, channel.select({ one:case_send(2) }, true) } do
  assert(none.default == true and none.ok == true and none.channel == nil and none.value == nil)
end
got = channel.select({ one:case_receive() }, false)
assert(got.value == "v" and got.ok == true and got.default == nil)

local later = channel.new()
coroutine.spawn(function() later:close() end)
got = channel.select { later:case_receive(), one:case_receive() }
assert(got.channel == later and got.ok == false)

local waits = channel.new()
coroutine.spawn(function() waits:close() end)
assert(not pcall(channel.select, { waits:case_send(1), one:case_receive() }))
assert(not pcall(channel.select, { closed:case_send(1) }) and not pcall(channel.select, { one:case_receive() }, "yes"))

local taken = channel.new()
coroutine.spawn(function() assert(taken:receive() == "parked") end)
time.sleep(0)
got = channel.select { taken:case_send("parked"), one:case_receive() }
assert(got.channel == taken and got.value == "parked" and got.ok)
coroutine.spawn(function() time.sleep("1ms") assert(taken:receive() == "late") end)
got = channel.select { taken:case_send("late"), one:case_receive() }
assert(got.channel == taken and got.value == "late" and got.ok)
