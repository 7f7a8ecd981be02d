-- Restarts in a row wait longer each time, up to a limit; a child that runs long enough
-- begins anew. The clock of the supervisor is the program's.
-- shows: SU-5

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

-- A clock that goes where a message tells it, in place of `time`.
local function stopped_clock()
  local real, present, timers = time, 0, {}
  local told = process.listen("clock", { message = true })
  local timer = {}
  timer.__index = timer
  function timer:channel() return self.fired end
  function timer:reset(delay) self.due = present + delay end
  local function go()
    while true do
      local message = told:receive()
      present = message:payload()
      for _, one in ipairs(timers) do
        if one.due and one.due <= present then
          one.due = nil
          one.fired:send(true)
        end
      end
      process.send(message:from(), "told")
    end
  end
  coroutine.spawn(go)
  return setmetatable({
    now = function() return real.unix(0, present) end,
    timer = function(delay)
      local new = setmetatable({ fired = channel.new(100), due = present + delay }, timer)
      timers[#timers + 1] = new
      return new
    end,
  }, { __index = real })
end

local roles = {}

function roles.supervisor(main)
  time = stopped_clock()
  return supervisor.run { max_restarts = 100, children = {
    {
      id = "child", definition = me, args = { "child", main }, name = "child",
      backoff = { initial_delay = "1s", factor = 3, max_delay = "5s", jitter = 0, reset_after = "1m" },
    },
  } }
end

function roles.child(main)
  process.send(main, "up")
  process.listen("crash"):receive()
  error("told to crash", 0)
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local up, told, events = process.listen("up"), process.listen("told"), process.events()
  local pid = assert(supervisor.start(me, { args = { "supervisor", process.pid() } }))
  local present = 0
  local function after(seconds)
    present = present + seconds * 1000000000 // 1
    assert(process.send(pid, "clock", present))
    told:receive()
  end
  local function state()
    return assert(supervisor.find(pid, "child")).state
  end
  local function crash()
    local child = assert(process.registry.lookup("child"))
    assert(process.monitor(child))
    assert(process.send(child, "crash"))
    assert(events:receive().from == child)
    assert(state() == "waiting")
  end
  up:receive()
  for _, delay in ipairs { 1, 3, 5, 5 } do
    crash()
    after(delay - 0.001)
    assert(state() == "waiting", delay)
    after(0.001)
    up:receive()
    assert(state() == "running")
  end
  after(60)
  crash()
  after(1)
  up:receive()
end
