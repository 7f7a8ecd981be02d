-- A second result is an error only behind nil: in a server's `call` and `init`, in the
-- function of a task, and in the work of a pool.
-- shows: SV-14

local pool, server, task = require("pool"), require("server"), require("task")

local me = process.id():match("[^#]+")

local handlers = {}

function handlers.init(text)
  return text:gsub("a", "b")
end

function handlers.call(state, request)
  if request == "error" then
    return nil, "no"
  elseif request == "false" then
    return false, "is a reply"
  end
  return (state .. request):gsub("a", "c")
end

local work = pool.worker(function(job)
  if job == "false" then
    return false, "is a result"
  end
  return job:gsub("a", "b")
end)

return function(...)
  local word = ...
  if word == "worker" then
    return work(...)
  elseif word then
    return server.run(handlers, ...)
  end
  local pid = assert(server.start(me, "aa"))
  assert(server.call(pid, "aa") == "bbcc")
  local value, err = server.call(pid, "false")
  assert(value == false and err == nil)
  value, err = server.call(pid, "error")
  assert(value == nil and tostring(err) == "no")

  value, err = task.await(task.async(string.gsub, "aab", "a", "b"))
  assert(value == "bbb" and err == nil)
  assert(task.await_many({ task.async(string.gsub, "aab", "a", "b") })[1] == "bbb")

  local workers = assert(pool.start { worker = me, args = { "worker" }, size = 1 })
  value, err = pool.run(workers, "aab")
  assert(value == "bbb" and err == nil)
  value, err = pool.run(workers, "false")
  assert(value == false and err == nil)
end
