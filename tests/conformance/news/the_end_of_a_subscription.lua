-- A subscription ends with `close`, with new code, and with its process; closing it closes
-- the channel. A process has as many as `max_subscriptions`.
-- shows: EV-5, EV-6
local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.old(parent)
  assert(events.subscribe("s"))
  assert(events.send("s", "k", "before"))
  process.upgrade(nil, "new", parent)
end

function child.new(parent)
  -- Nothing is left of the old subscription: not its event, and not its place.
  process.send(parent, "told", channel.select({ process.inbox():case_receive() }, true).default == true)
  local count = 0
  while events.subscribe("s") do count = count + 1 end
  return count
end

return function(role, ...)
  if role then return child[role](...) end
  local sub = assert(events.subscribe("s"))
  local ch = sub:channel()
  local woken = channel.new(1)
  coroutine.spawn(function()
    woken:send({ ch:receive() })
  end)
  time.sleep("1ms")
  assert(sub:close() == true and sub:close() == true)
  local got = woken:receive()
  assert(got[1] == nil and got[2] == false)
  assert(events.send("s", "k", "p"))
  assert(select(2, ch:receive()) == false and sub:channel() == ch)

  local told = process.listen("told")
  local count = process.exec(me, host, "old", process.pid())
  assert(told:receive() == true and count == 1000, count)

  local open = {}
  for i = 1, 2000 do
    local one, err = events.subscribe("s" .. i)
    if not one then
      assert(errors.is(err, errors.RATE_LIMITED) and err:retryable() and err:details().limit == "max_subscriptions")
      break
    end
    open[i] = one
  end
  assert(#open == 999, #open)
  for _, one in ipairs(open) do assert(one:close()) end
  assert(events.subscribe("s"))
end
