-- Starts the processes of these modules.

local native = ...
local spawn_watched = native.spawn_watched
local failures = require("warren.server.failures")
local requests = require("warren.supervisor.requests")

local launch = {}

-- Returns a spawner that gives a process its name, if it has one.
local function spawner_of(what)
  local spawner, err = process.with_context {}
  if spawner and what.name then
    return spawner:with_name(what.name)
  end
  return spawner, err
end

-- Returns the error of a start, which names the arguments as the program knows them: a
-- description with the name `described`, or a list with the name `args_name`.
local function refused(err, what)
  if not errors.is(err, errors.INVALID) then
    return err
  elseif what.description ~= nil then
    return failures.of_value(err, what.description, what.described)
  end
  for place = 1, what.args.n do
    err = failures.of_value(err, what.args[place], ("%s[%d]"):format(what.args_name, place))
  end
  return err
end

-- Starts a process, linked and monitored. `what` has definition, host and perhaps a name, and
-- what errors call its arguments. `args` are those that it gets.
function launch.child(what, args)
  local pid, err
  if what.name then
    local spawner
    spawner, err = spawner_of(what)
    if not spawner then
      return nil, err
    end
    pid, err = spawner:spawn_linked_monitored(what.definition, what.host, table.unpack(args, 1, args.n))
  else
    pid, err = process.spawn_linked_monitored(what.definition, what.host, table.unpack(args, 1, args.n))
  end
  if not pid then
    return nil, refused(err, what)
  end
  return pid
end

-- Starts a process that links to this one and answers when it is ready, and waits for its
-- answer. It ends with this process, however this one ends. `kind` is the word for such a
-- process.
function launch.ready(kind, what)
  local spawner, err = spawner_of(what)
  if not spawner then
    return nil, err
  end
  local args, pid = what.args, nil
  pid, err = requests.start(kind, function(asking)
    return spawn_watched(asking, false, false, what.definition, what.host, table.unpack(args, 1, args.n))
  end, spawner, "adopt")
  if not pid then
    return nil, refused(err, what)
  end
  return pid
end

-- Monitors a process. Returns true; false if the process has ended; or nil and the error,
-- such as that of a process which may not monitor it.
function launch.monitor(pid)
  local watched, err = process.monitor(pid)
  if watched or not errors.is(err, errors.NOT_FOUND) then
    return watched, err
  end
  return false
end

return launch
