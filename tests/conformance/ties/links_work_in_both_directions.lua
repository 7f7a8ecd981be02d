-- A link is one, whoever made it and however often; either side can end it, and
-- the failure of either is that of both.
-- shows: L-6, L-7, L-15, E-9

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

-- Links to a peer so often, unlinks so often, and waits.
function child.linker(peer, links, unlinks, parent)
  for _ = 1, links do
    assert(process.link(peer) == true)
  end
  for _ = 1, unlinks do
    assert(process.unlink(peer) == true)
  end
  process.send(parent, "ready")
  local unlink = process.listen("unlink")
  coroutine.spawn(function()
    unlink:receive()
    assert(process.unlink(peer) == true)
    process.send(parent, "ready")
  end)
  process.inbox():receive()
end

function child.target(parent)
  local back = process.listen("link back")
  coroutine.spawn(function()
    assert(process.link(back:receive()) == true)
    process.send(parent, "ready")
  end)
  process.inbox():receive()
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local events, ready = process.events(), process.listen("ready")
  local function pair(links, unlinks)
    local target = assert(process.spawn_monitored(me, host, "target", process.pid()))
    local linker = assert(process.spawn_monitored(me, host, "linker", target, links, unlinks, process.pid()))
    ready:receive()
    return target, linker
  end
  -- Both have ended so, in either order: nothing is said about the order in
  -- which a third process hears of two ends.
  local function ended(expected)
    for _ = 1, 2 do
      local event = events:receive()
      assert((event.result.error or "") == expected[event.from], event.result.error)
      expected[event.from] = nil
    end
  end

  local target, linker = pair(3, 0)
  process.terminate(target)
  ended { [target] = "process terminated", [linker] = "linked process failed: process terminated" }

  target, linker = pair(1, 0)
  process.terminate(linker)
  ended { [linker] = "process terminated", [target] = "linked process failed: process terminated" }

  -- Linked from both sides, and once more; one unlink ends it.
  target, linker = pair(1, 0)
  process.send(target, "link back", linker)
  ready:receive()
  process.send(linker, "unlink")
  ready:receive()
  process.terminate(target)
  process.send(linker, "end")
  ended { [target] = "process terminated", [linker] = "" }

  target, linker = pair(3, 1)
  process.terminate(target)
  process.send(linker, "end")
  ended { [target] = "process terminated", [linker] = "" }
end
