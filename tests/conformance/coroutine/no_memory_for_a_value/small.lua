-- Has one coroutine wait for a list, and another one for the news of how that ended.
local server = require("server")

local waits = {}

function waits.call(big)
  return assert(server.call(big, "list"))
end

waits["call beside another"] = waits.call

function waits.listen(big)
  local lists = process.listen("list")
  assert(server.cast(big, process.pid()))
  return (lists:receive())
end

function waits.exec()
  return assert(process.exec("app:result", "app:processes"))
end

-- The answer to a call that was given up is for nobody, whatever its size.
function waits.late(big)
  assert(not server.call(big, "list", 0))
  assert(server.call(big, "small", "1m") == "small")
  error("not enough memory", 0)
end

return function(how, big)
  local news = process.listen("news")
  coroutine.spawn(function()
    local ok, why = pcall(waits[how], big)
    assert(process.send(process.pid(), "news", ok and "it came" or why))
  end)
  time.sleep(0)
  if how == "call beside another" then
    -- The scheduler itself then waits for the messages of all.
    coroutine.spawn(function() end)
  end
  return (news:receive())
end
