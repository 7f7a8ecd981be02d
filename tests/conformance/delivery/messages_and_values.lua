-- A message knows topic, sender and n values; a raw channel yields them as one.
-- shows: D-13, D-14, D-15

local pid = process.pid()
local raw = process.listen("raw")
local messages = process.listen("message", { message = true })
local inbox = process.inbox()

for _, topic in ipairs { "raw", "message", "inbox" } do
  process.send(pid, topic)
  process.send(pid, topic, "one")
  process.send(pid, topic, nil)
  process.send(pid, topic, nil, 2, nil)
end

for _, source in ipairs { messages, inbox } do
  for _, expected in ipairs { { n = 0 }, { n = 1, "one" }, { n = 1 }, { n = 3, nil, 2 } } do
    local message = source:receive()
    assert(message:from() == pid)
    assert(message:topic() == (source == inbox and "inbox" or "message"))
    local values = table.pack(message:payload())
    assert(values.n == expected.n, values.n)
    for i = 1, values.n do
      assert(values[i] == expected[i])
    end
    -- Reading takes nothing away.
    assert(select("#", message:payload()) == expected.n)
  end
end

local value, ok = raw:receive()
assert(value == nil and ok == true)
assert(raw:receive() == "one")
value, ok = raw:receive()
assert(value == nil and ok == true)
value = raw:receive()
assert(value.n == 3 and value[1] == nil and value[2] == 2 and value[3] == nil)
