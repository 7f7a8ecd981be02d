-- Starts the processes of these modules.

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

-- Starts a process, linked and monitored. `what` has definition, host and perhaps a name.
function launch.child(what, args)
  if not what.name then
    return process.spawn_linked_monitored(what.definition, what.host, table.unpack(args, 1, args.n))
  end
  local spawner, err = spawner_of(what)
  if not spawner then
    return nil, err
  end
  return spawner:spawn_linked_monitored(what.definition, what.host, table.unpack(args, 1, args.n))
end

-- Starts a process that answers when it is ready, waits for its answer, and links to it.
-- It ends with this process, however this one ends. `kind` is the word for such a process.
function launch.ready(kind, what)
  local spawner, err = spawner_of(what)
  if not spawner then
    return nil, err
  end
  local args, pid = what.args, nil
  pid, err = requests.start(kind, function(asking)
    return asking:spawn(what.definition, what.host, table.unpack(args, 1, args.n or #args))
  end, spawner, "adopt")
  local linked
  if pid then
    linked, err = process.link(pid)
  end
  return linked and pid, err
end

return launch
