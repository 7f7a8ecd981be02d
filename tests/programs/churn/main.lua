-- Starts processes one after the other, in a host with two places, and hears of
-- the end of each; says so at each of the counts it was given, and then waits.
-- Each is linked, monitored and named, and leaves a message unread. Of sixteen,
-- one fails, one is terminated, one is upgraded, and one is the callee of an
-- exec.

local events = process.events()
assert(process.set_options { trap_links = true })
local spawner = assert(process.with_context { reason = "churn" }):with_message("unread", 1):with_name("the one")

local function start(how)
  local pid = assert(spawner:spawn_linked_monitored("app:child", "app:small", how))
  if how == "wait" then
    assert(process.terminate(pid))
  end
  local event = events:receive()
  if event.kind == process.event.LINK_DOWN then
    assert(how == "fail" or how == "wait", event.result.error)
    event = events:receive()
  end
  assert(event.kind == process.event.EXIT and event.from == pid)
end

local ways = { [13] = "fail", [14] = "wait", [15] = "upgrade" }
local count = 0
for _, goal in ipairs { ... } do
  while count < math.tointeger(goal) do
    count = count + 1
    if count % 16 == 0 then
      assert(spawner:exec("app:child", "app:small") == "churn")
    else
      start(ways[count % 16])
    end
    assert(process.registry.lookup("the one") == nil)
  end
  print(goal)
end
process.inbox():receive()
