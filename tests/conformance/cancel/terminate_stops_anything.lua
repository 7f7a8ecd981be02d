-- Terminating ends a process in any state: a busy loop, a blocked receive,
-- its start, a long string.rep, a pattern match, sorting, collecting.
-- shows: K-8, K-9, K-10, K-12, K-13, K-14, K-16, E-8

local me, host = process.id():match("[^#]+"), "app:processes"
local tasks = {}

function tasks.loop()
  while true do end
end

function tasks.receive()
  process.inbox():receive()
end

function tasks.sleep()
  time.sleep("1h")
end

function tasks.exec()
  process.exec(me, host, "receive")
end

function tasks.rep()
  while true do
    assert(#("abc"):rep(1 << 21) == 3 << 21)
  end
end

function tasks.match()
  return (("a"):rep(40) .. "c"):find(("a-"):rep(35) .. "b")
end

function tasks.gsub()
  return (("a"):rep(1 << 20)):gsub("(.-)(.-)(.-)b", "")
end

function tasks.sort()
  local t = {}
  for i = 1, 200000 do
    t[i] = i * 7919 % 200003
  end
  while true do
    table.sort(t)
  end
end

function tasks.pcall()
  while true do
    pcall(error)
    pcall(time.sleep, {})
  end
end

function tasks.close()
  pcall(function()
    local _ <close> = setmetatable({}, { __close = tasks.loop })
    error("closing takes for ever")
  end)
end

function tasks.coroutines()
  for _ = 1, 100 do
    coroutine.spawn(process.exec, me, host, "receive")
  end
  tasks.loop()
end

return function(task, parent)
  if task then
    if parent then
      process.send(parent, "ready")
    end
    return tasks[task]()
  end
  local events, ready = process.events(), process.listen("ready")
  for name in pairs(tasks) do
    for _, early in ipairs { false, true } do
      local pid = assert(process.spawn_monitored(me, host, name, process.pid()))
      if not early then
        ready:receive()
      end
      assert(process.terminate(pid) == true)
      -- Again, while it may or may not have ended.
      local again, err = process.terminate(pid)
      assert(again == true or errors.is(err, errors.NOT_FOUND), err)
      local event = events:receive()
      assert(event.from == pid and event.result.error == "process terminated", name .. ": " .. tostring(event.result.error))
      assert(event.result.cause:kind() == errors.CANCELED)
      if early then
        -- It may have come to say that it is ready.
        channel.select { ready:case_receive(), default = true }
      end
    end
  end
end
