-- os.exit ends the process wherever it is called; any status but 0 is a
-- failure of the process.
-- shows: A-10

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.in_pcall(status)
  pcall(pcall, os.exit, status)
end

function child.in_a_coroutine(status)
  coroutine.spawn(function()
    coroutine.wrap(os.exit)(status)
  end)
  process.inbox():receive()
end

function child.in_sort(status)
  table.sort({ 3, 2, 1 }, function()
    os.exit(status)
  end)
end

function child.at_the_top(status)
  os.exit(status)
end

return function(role, status)
  if role then
    child[role](status)
    error("went on")
  end
  local events = process.events()
  for role in pairs(child) do
    for status = 0, 1 do
      assert(process.spawn_monitored(me, host, role, status))
      local result = events:receive().result
      assert((result.error == nil) == (status == 0), role .. ": " .. tostring(result.error))
      assert(result.error == nil or result.error:find("exited with status 1", 1, true), result.error)
    end
  end
end
