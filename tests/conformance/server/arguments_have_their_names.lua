-- The error of a wrong argument has the name of the argument and of the function.
-- shows: C-2, C-3, C-12

local pool, registry, server, supervisor = require("pool"), require("registry"), require("server"), require("supervisor")

local me = process.id():match("[^#]+")

local function invalid(text, f, ...)
  local value, err = f(...)
  assert(value == nil and err:kind() == errors.INVALID and err:find(text, 1, true), err)
end

local function raises(text, f, ...)
  local returned, err = pcall(f, ...)
  assert(not returned and err:find(text, 1, true), err)
end

return function(role)
  if role then
    return process.events():receive()
  end
  invalid("handlers are missing", server.run)
  raises("bad argument #1 to 'run' (table expected, got number)", server.run, 7)
  invalid("message is missing", server.reply_to)
  invalid("message is missing", server.request)
  invalid("to is missing", server.reply)
  invalid("to is missing", server.refuse)
  raises("bad argument #1 to 'reply_to' (message expected, got number)", server.reply_to, 7)
  raises("bad argument #1 to 'request' (message expected, got table)", server.request, {})
  invalid("definition is missing", server.start)

  invalid("reply.f: a function", server.reply, { pid = process.pid(), topic = "answer" }, { f = print })
  local top = assert(supervisor.start {})
  invalid("child.args[1]: a function", supervisor.start_child, top, { id = "x", definition = me, args = { print } })
  local rooms = assert(registry.start { definition = me, args = { "room" } })
  invalid("arguments[2]: a function", registry.start_or_get, rooms, "hall", 1, print)
  local workers = assert(pool.start { worker = me, args = { "worker" }, size = 1 })
  invalid("job.f: a function", pool.run, workers, { f = print })
  invalid("options.timeout: a function", pool.run, workers, 1, { timeout = print })
  invalid("options is a table, not 7", pool.run, workers, 1, 7)
end
