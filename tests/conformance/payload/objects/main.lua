-- message:payload() gives objects where the manifest says so.
-- shows: FN-12, FN-10, M-1
local me = process.pid()
local inbox = process.inbox()
local function sent(...)
  process.send(me, "t", ...)
  return inbox:receive()
end
local message = sent({ 1 })
assert(select("#", message:payload()) == 1)
local p = message:payload()
assert(tostring(p) == "payload{format=lua/any}" and p:data()[1] == 1 and p:get_format() == payload.format.LUA)
p:data()[1] = 2
assert(message:payload():data()[1] == 1)
assert(select("#", sent():payload()) == 1 and sent():payload() == nil)
assert(sent(nil):payload():data() == nil and sent(false):payload():data() == false)
local list = sent("a", nil, "c"):payload()
assert(#list == 3 and list[1]:data() == "a" and list[2]:data() == nil and list[3]:data() == "c")
local many = {}
for i = 1, 300 do
  many[i] = i
end
list = sent(table.unpack(many)):payload()
assert(#list == 300 and list[300]:data() == 300)
assert(sent(errors.new("x")):payload():get_format() == payload.format.ERROR)

-- Sent on, it is the value; raw listeners are not affected.
local raw = process.listen("raw")
process.send(me, "raw", sent({ "on" }):payload())
assert(raw:receive()[1] == "on")
process.send(me, "raw", 1, 2)
assert(raw:receive().n == 2)
-- In other processes of the program, too.
assert(process.exec("app:other", "app:processes", me) == "lua/any")
