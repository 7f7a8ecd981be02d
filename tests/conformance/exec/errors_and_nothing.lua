-- The callee's error arrives whole; nothing returned is nil, nil; a terminated
-- callee is CANCELED; none of it is an event.
-- shows: X-1, X-3, X-4, X-5, X-9, E-3

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.returns()
  return { 1, nil, "x" }
end

function child.nothing() end

function child.refuses()
  return nil, errors.new { message = "full", kind = errors.UNAVAILABLE, retryable = true, details = { free = 0 } }
end

function child.says()
  return "ignored", "only text"
end

function child.raises()
  error("raised", 0)
end

function child.terminates()
  process.terminate(process.pid())
  process.inbox():receive()
end

return function(role)
  if role then
    return child[role]()
  end
  local value, err = process.exec(me, host, "returns")
  assert(value[1] == 1 and value[3] == "x" and err == nil)
  assert(select("#", process.exec(me, host, "nothing")) == 2)
  value, err = process.exec(me, host, "nothing")
  assert(value == nil and err == nil)
  value, err = process.exec(me, host, "refuses")
  assert(value == nil and err:message() == "full" and err:kind() == errors.UNAVAILABLE)
  assert(err:retryable() == true and err:details().free == 0)
  value, err = process.exec(me, host, "says")
  assert(value == nil and err:message() == "only text")
  value, err = process.exec(me, host, "raises")
  assert(value == nil and err:message() == "raised" and err:kind() == errors.INTERNAL)
  value, err = process.exec(me, host, "terminates")
  assert(value == nil and err:message() == "process terminated" and err:kind() == errors.CANCELED)
  assert(channel.select { process.events():case_receive(), default = true }.default)
end
