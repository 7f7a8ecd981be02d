-- tries: leave callees behind by ending, upgrading and failing while execs wait
-- end: returned
local function go_on(role, root)
  if role == "callee" then
    process.send(root, "started")
    process.inbox():receive()
  elseif role == "caller" then
    for _ = 1, 20 do
      coroutine.spawn(function() process.exec("app:attack", "app:attackers", "callee", root) end)
    end
    time.sleep("1ms")
    error("with 20 execs", 0)
  elseif role == "upgrade" then
    for _ = 1, 20 do
      coroutine.spawn(function() process.exec("app:attack", "app:attackers", "callee", root) end)
    end
    time.sleep("1ms")
    process.upgrade(nil, "done")
  elseif role == nil then
    local events = process.events()
    for _ = 1, 10 do
      for _, how in ipairs { "caller", "upgrade" } do
        assert(process.spawn_monitored("app:attack", "app:attackers", how, process.pid()))
      end
    end
    for _ = 1, 20 do events:receive() end
  end
end
return go_on
