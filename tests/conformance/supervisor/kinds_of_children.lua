-- A child is a definition, a server, which says when it has started, a supervisor by its
-- description or its definition, or what a start function has started; the supervisor
-- links to all of them.
-- shows: SU-11

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

function roles.leaf(main, name)
  process.send(main, "up", name)
  process.events():receive()
end

function roles.branch(main)
  return supervisor.run { children = {
    { id = "leaf", definition = me, args = { "leaf", main, "of a definition" } },
  } }
end

-- The start of a server's process.
roles["server.start"] = function(to, main, word)
  process.send(main, "up", word)
  if word == "refused" then
    process.send(to.pid, to.topic, false, errors.new { kind = errors.CONFLICT, message = word }, to.number)
    return nil, word
  end
  process.send(to.pid, to.topic, true, true, to.number)
  process.events():receive()
end

function roles.top(main)
  local calls = 0
  return supervisor.run { children = {
    { definition = me, args = { "leaf", main, "itself" } },
    { server = me, id = "server", args = { main, "a server" } },
    { id = "table", supervisor = { children = {
      { id = "leaf", definition = me, args = { "leaf", main, "of a table" } },
    } } },
    { id = "definition", supervisor = me, args = { "branch", main } },
    {
      id = "function", args = { "of a function" },
      start = function(name)
        calls = calls + 1
        return process.spawn(me, "app:processes", "leaf", main, name .. " " .. calls)
      end,
    },
  } }
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local up = process.listen("up")
  local pid = assert(supervisor.start(me, { args = { "top", process.pid() } }))
  local seen = {}
  for _ = 1, 5 do
    seen[up:receive()] = true
  end
  assert(seen["itself"] and seen["a server"] and seen["of a table"] and seen["of a definition"] and seen["of a function 1"])
  process.terminate(supervisor.find(pid, "function").pid)
  assert(up:receive() == "of a function 2")
  local server, err = supervisor.start_child(pid, { server = me, id = "refused", args = { process.pid(), "refused" } })
  assert(not server and err:kind() == errors.CONFLICT and up:receive() == "refused", err)
  local leaf = assert(supervisor.find(pid, "function")).pid
  assert(process.monitor(leaf))
  process.set_options { trap_links = true }
  process.terminate(pid)
  local events = process.events()
  repeat
    local event = events:receive()
  until event.kind == process.event.EXIT and event.from == leaf
end
