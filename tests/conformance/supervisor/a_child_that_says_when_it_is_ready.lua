-- The start of a child with `ready` waits for the answer to its first call; an error is the
-- error of the start.
-- shows: SU-1

local server, supervisor = require("server"), require("supervisor")

local me = process.id():match("[^#]+")

return function(role, main)
  if role then
    process.events()
    local message = process.inbox():receive()
    assert(server.request(message)[1] == "ready")
    process.send(main, role)
    if role == "second" then
      server.refuse(message, errors.new { kind = errors.CONFLICT, message = "not today" })
      return
    end
    server.reply(message, true)
    process.events():receive()
    return
  end
  local first = process.listen("first")
  local children = { { id = "first", definition = me, args = { "first", process.pid() }, ready = true } }
  local top = assert(supervisor.start { children = children })
  first:receive()
  assert(supervisor.find(top, "first").state == "running")
  local none, err = supervisor.start_child(top, { id = "second", definition = me, args = { "second", process.pid() }, ready = true })
  assert(not none and err:kind() == errors.CONFLICT, err)
  children[2] = { id = "second", definition = me, args = { "second", process.pid() }, ready = true }
  none, err = supervisor.start { children = children }
  assert(not none and err:kind() == errors.CONFLICT and err:find("child 'second' did not start: not today", 1, true), err)
end
