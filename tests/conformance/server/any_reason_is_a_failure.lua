-- A server fails whatever a handler raises, and whatever the reason of its end, also with
-- `terminate`: so a transient child starts again.
-- shows: SV-13, SU-3

local server, supervisor = require("server"), require("supervisor")

local me = process.id():match("[^#]+")

local reasons = {
  text = "worn out",
  number = 42,
  boolean = false,
  table = { code = 1 },
  error = errors.new { kind = errors.CONFLICT, message = "in conflict" },
}

local handlers = {}

function handlers.init(how)
  if how == "raise in init" then
    error { code = 1 }
  elseif how == "refuse in init" then
    return nil, { code = 1 }
  end
  return how
end

function handlers.call(_, how)
  if how == "raise nothing" then
    error()
  elseif how[1] == "raise" then
    error(reasons[how[2]], 0)
  end
  return server.finish(reasons[how[2]], "the last reply")
end

local with_terminate = { init = handlers.init, call = handlers.call }

function with_terminate.terminate(how, reason)
  process.send(how, "terminated", reason)
end

local function run(...)
  return server.run(with_terminate, ...)
end

local function run_without(...)
  return server.run(handlers, ...)
end

return function(...)
  local word, argument = ...
  if word == "child" then
    return run(argument)
  elseif word then
    return (argument == "without" and run_without or run)(...)
  end
  local events, terminated = process.events(), process.listen("terminated")

  local function check(name, how)
    for _, with in ipairs { true, false } do
      local pid = with and assert(server.start(me, process.pid()))
        or assert(process.spawn(me, nil, "start", "without"))
      assert(process.monitor(pid))
      local _ = server.call(pid, how)
      local result = events:receive().result
      assert(result.cause and result.error ~= "", name)
      if with then
        assert(errors.call_stack(terminated:receive()) or name == "text", name)
      end
      if name == "table" then
        assert(result.cause:kind() == errors.INTERNAL and result.cause:details().code == 1)
      elseif name == "error" then
        assert(result.cause:kind() == errors.CONFLICT and result.error == "in conflict")
      elseif name == "text" then
        assert(result.error == "worn out")
      end
    end
  end
  for name in pairs(reasons) do
    check(name, { "raise", name })
    check(name, { "finish", name })
  end
  check("nothing", "raise nothing")

  for _, how in ipairs { "raise in init", "refuse in init" } do
    local none, err = server.start(me, how)
    assert(not none and err:kind() == errors.INTERNAL and err:details().code == 1, how)
  end

  -- A transient child starts again.
  local top = assert(supervisor.start { children = {
    { id = "server", definition = me, args = { "child", process.pid() }, restart = "transient" },
  } })
  local first = supervisor.find(top, "server").pid
  local _, err = server.call(first, "raise nothing")
  assert(err:kind() == errors.INTERNAL)
  local child = supervisor.find(top, "server")
  while not child.pid or child.pid == first do
    assert(child.state ~= "stopped")
    child = supervisor.find(top, "server")
  end
  assert(child.restarts == 1)
end
