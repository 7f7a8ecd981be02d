-- Restarts in a row wait longer each time, up to a limit; a child that runs long enough
-- begins anew, and a start that fails is no run, however long it takes and whatever was
-- before. The clock of the supervisor is the program's.
-- shows: SU-5

local server, supervisor = require("server"), require("supervisor")

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

local BACKOFF <const> = { initial_delay = "1s", factor = 3, max_delay = "5s", jitter = 0, reset_after = "1m" }

function roles.supervisor(main)
  time = stopped_clock()
  return supervisor.run { max_restarts = 100, children = {
    { id = "child", definition = me, args = { "child", main }, name = "child", backoff = BACKOFF },
  } }
end

-- The starts of its child fail once the child has run.
function roles.supervisor_of_failing(main)
  time = stopped_clock()
  local has_run = false
  local function start()
    if has_run then
      process.send(main, "up")
      return nil, "not again"
    end
    has_run = true
    return assert(process.with_context {}):with_name("child"):spawn(me, nil, "child", main)
  end
  return supervisor.run { max_restarts = 100, children = { { id = "child", start = start, backoff = BACKOFF } } }
end

-- The starts of its child fail after a time.
function roles.supervisor_of_slow(main)
  time = stopped_clock()
  return supervisor.run { max_restarts = 100, children = {
    { id = "child", definition = me, args = { "slow", main }, name = "child", ready = true, backoff = BACKOFF },
  } }
end

function roles.child(main)
  process.send(main, "up")
  process.listen("crash"):receive()
  error("told to crash", 0)
end

-- Is ready when it is told to go, and refuses when it is told to crash before.
function roles.slow(main)
  local crash, go = process.listen("crash"), process.listen("go")
  local request = process.inbox():receive()
  process.send(main, "up")
  local got = channel.select { crash:case_receive(), go:case_receive() }
  if got.channel == crash then
    server.refuse(request, "too slow")
    return
  end
  server.reply(request, true)
  crash:receive()
  error("told to crash", 0)
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local up, told, events = process.listen("up"), process.listen("told"), process.events()
  local present
  -- Begins to start a supervisor; returns the channel that yields its PID.
  local function begin(role_of_supervisor)
    present = 0
    local started = channel.new(1)
    coroutine.spawn(function()
      started:send(assert(supervisor.start(me, { args = { role_of_supervisor, process.pid() }, name = "top" })))
    end)
    up:receive()
    return started
  end
  local function after(seconds)
    present = present + seconds * 1000000000 // 1
    assert(process.send("top", "clock", present))
    told:receive()
  end
  local function state()
    return assert(supervisor.find("top", "child")).state
  end
  local function crash()
    local child = assert(process.registry.lookup("child"))
    assert(process.monitor(child))
    assert(process.send(child, "crash"))
    assert(events:receive().from == child)
    assert(state() == "waiting")
  end
  -- The next start comes after a delay, and not before.
  local function starts_after(delay)
    after(delay - 0.001)
    assert(state() == "waiting", delay)
    local _, came = up:receive(0)
    assert(not came, delay)
    after(0.001)
    up:receive()
  end

  local top = begin("supervisor"):receive()
  for _, delay in ipairs { 1, 3, 5, 5 } do
    crash()
    starts_after(delay)
    assert(state() == "running")
  end
  after(60)
  crash()
  starts_after(1)
  assert(supervisor.stop(top))

  top = begin("supervisor_of_failing"):receive()
  after(60)
  crash()
  for _, delay in ipairs { 1, 3, 5, 5 } do
    starts_after(delay)
  end
  assert(supervisor.stop(top))

  local started = begin("supervisor_of_slow")
  assert(process.send("child", "go"))
  top = started:receive()
  after(60)
  crash()
  for _, delay in ipairs { 1, 3, 5, 5 } do
    starts_after(delay)
    after(61)
    crash()
  end
  assert(supervisor.stop(top))
end
