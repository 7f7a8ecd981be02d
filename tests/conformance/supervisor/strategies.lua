-- A supervisor starts its children in order. When one ends, each strategy stops and
-- starts its own of them again, stopping in reverse order.
-- shows: SU-1, SU-2

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
  for strategy, after in pairs {
    one_for_one = "+b", one_for_all = "-c -a +a +b +c", rest_for_one = "-c +b +c",
  } do
    local children = {}
    for place, id in ipairs { "a", "b", "c" } do
      children[place] = { id = id, definition = me, args = { id, process.pid() }, name = id }
    end
    local pid = assert(supervisor.start { strategy = strategy, children = children })
    expect("+a +b +c")
    assert(process.send("b", "crash"))
    expect(after)
    assert(supervisor.stop(pid))
    expect("-c -b -a")
  end

  -- If a child does not start, those before it are stopped, and the start fails.
  local pid, err = supervisor.start { children = {
    { id = "a", definition = me, args = { "a", process.pid() } }, { definition = "app:nothing" },
  } }
  assert(not pid and err:kind() == errors.NOT_FOUND and err:find("child 'app:nothing' did not start: "), err)
  expect("+a -a")
end
