-- Messages of the spawner come before any other, in order, from the parent.
-- shows: W-4

local me, host = process.id():match("[^#]+"), "app:processes"

return function(parent)
  if parent then
    local inbox, order = process.inbox(), {}
    process.send(process.pid(), "own", "own")
    for i = 1, 5 do
      local message = inbox:receive()
      assert(message:from() == (i == 5 and process.pid() or parent))
      order[i] = message:payload()
    end
    return table.concat(order, " ")
  end
  local spawner = assert(process.with_context {})
  for i = 1, 4 do
    spawner = assert(spawner:with_message(i % 2 == 0 and "even" or "odd", i))
  end
  assert(spawner:exec(me, host, process.pid()) == "1 2 3 4 own")
end
