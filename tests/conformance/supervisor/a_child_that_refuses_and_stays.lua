-- A child whose answer to the start is a refusal, or nothing that the start understands, is
-- stopped, although it would go on for ever; and so is its supervisor.
-- shows: SU-21, SU-6

local server, supervisor = require("server"), require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

-- Answers, and reads no CANCEL.
function roles.deaf(main, ...)
  local message = process.inbox():receive()
  if ... == "refusal" then
    server.refuse(message, errors.new { kind = errors.CONFLICT, message = "not today" })
  else
    process.send(message:from(), server.reply_to(message).topic, ...)
  end
  process.listen("never"):receive()
end

-- Refuses, and ends when it is asked to, or does not.
function roles.polite(main, ends)
  local events = process.events()
  server.refuse(process.inbox():receive(), "not today")
  process.send(main, "asked", events:receive().kind)
  if not ends then
    process.listen("never"):receive()
  end
end

local function child(...)
  return { id = "child", definition = me, args = table.pack(...), ready = true, shutdown = 10 }
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local main = process.pid()
  local none, err = supervisor.start { children = { child("deaf", main, "refusal") } }
  assert(not none and err:kind() == errors.CONFLICT, err)
  for _, answer in ipairs { table.pack(), table.pack(5), table.pack("ready", 1), table.pack { ok = true } } do
    none, err = supervisor.start { children = { child("deaf", main, table.unpack(answer, 1, answer.n)) } }
    assert(not none and err:kind() == errors.INTERNAL, err)
    assert(err:message():find("'ready' is neither a reply nor a refusal", 1, true), err)
  end

  local asked = process.listen("asked")
  local polite = child("polite", main, true)
  polite.shutdown = "infinity"
  local top = assert(supervisor.start {})
  none, err = supervisor.start_child(top, polite)
  assert(not none and tostring(err):find("not today", 1, true), err)
  assert(asked:receive() == process.event.CANCEL and supervisor.count(top).children == 0)

  -- A supervisor that waits for such a child ends when it is asked to.
  local ended = channel.new(1)
  coroutine.spawn(function()
    ended:send(table.pack(supervisor.start_child(top, child("polite", main, false))))
  end)
  assert(asked:receive() == process.event.CANCEL)
  assert(supervisor.stop(top))
  assert(not ended:receive()[1])
end
