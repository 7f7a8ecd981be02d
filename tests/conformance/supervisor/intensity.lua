-- More restarts than allowed end the supervisor: it stops its children, the last first,
-- and fails; its own supervisor starts it again.
-- shows: SU-4, SU-11

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local function child(name, main)
  process.send(main, "seen", "+" .. name)
  local events, crash = process.events(), process.listen("crash")
  local got = channel.select { events:case_receive(), crash:case_receive() }
  assert(got.channel == events, "told to crash")
  process.send(main, "seen", "-" .. name)
end

return function(name, main)
  if name then
    return child(name, main)
  end
  local seen = process.listen("seen")
  -- Ends come in order; processes that start run beside each other.
  local function expect(text)
    local starts = {}
    for one in text:gmatch("%S+") do
      local got = seen:receive("60s")
      if one:find("^+") then
        starts[one] = (starts[one] or 0) + 1
        starts[got] = (starts[got] or 0) - 1
      else
        assert(got == one, ("%s, not %s"):format(got, one))
      end
    end
    for one, count in pairs(starts) do
      assert(count == 0, ("%s came %d times too few"):format(one, count))
    end
  end
  local below = { max_restarts = 2, within = "1h", children = {} }
  for place, id in ipairs { "a", "b", "c" } do
    below.children[place] = { id = id, definition = me, args = { id, process.pid() }, name = id }
  end
  local top = assert(supervisor.start { max_restarts = 1, within = "1h", children = {
    { id = "below", supervisor = below },
  } })
  expect("+a +b +c")
  for _ = 1, 2 do
    process.send("b", "crash")
    expect("+b")
  end
  process.send("b", "crash")
  expect("-c -a +a +b +c")
  local children = assert(supervisor.children(top))
  assert(#children == 1 and children[1].kind == "supervisor" and children[1].restarts == 1)

  -- One more is too much for the upper one, too; its failure falls on who started it.
  process.set_options { trap_links = true }
  for _ = 1, 2 do
    process.send("b", "crash")
    expect("+b")
  end
  process.send("b", "crash")
  expect("-c -a")
  local event = process.events():receive()
  assert(event.kind == process.event.LINK_DOWN and event.from == top)
  local told = "^restarts exceed max_restarts = 1 within 1h0m0s; the last was of child 'below': "
    .. "restarts exceed max_restarts = 2 within 1h0m0s; the last was of child 'b': .*told to crash"
  assert(event.result.error:find(told), event.result.error)
end
