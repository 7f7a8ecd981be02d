-- A supervisor that is terminated takes its children with it, and those below; one whose
-- starter has ended ends with its children in order; and so does one that is canceled.
-- shows: SU-7

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

function roles.leaf(name, main)
  process.send(main, "up", name)
  process.events():receive()
end

function roles.starter(main, how)
  local pid = assert(supervisor.start { children = {
    { id = "leaf", definition = me, args = { "leaf", "leaf", main } },
    { id = "below", supervisor = { children = {
      { id = "leaf", definition = me, args = { "leaf", "leaf", main } },
    } } },
  } })
  process.send(main, "started", pid)
  process.listen("end"):receive()
  assert(how ~= "fail", "told to fail")
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local up, started, events = process.listen("up", { message = true }), process.listen("started"), process.events()
  local ends = {
    terminate = function(_, pid) process.terminate(pid) end,
    cancel = function(_, pid) process.cancel(pid) end,
    fail = function(starter) process.send(starter, "end") end,
    ["return"] = function(starter) process.send(starter, "end") end,
  }
  for how, act in pairs(ends) do
    local starter = assert(process.spawn(me, "app:processes", "starter", process.pid(), how))
    local pid = started:receive()
    assert(process.monitor(pid))
    local running = { [pid] = true }
    for _ = 1, 2 do
      local leaf = up:receive():from()
      running[leaf] = true
      assert(process.monitor(leaf))
    end
    act(starter, pid)
    while next(running) do
      local event = events:receive()
      assert(running[event.from], how)
      running[event.from] = nil
    end
  end
end
