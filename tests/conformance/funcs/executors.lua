-- Executors: immutable, with context and options.
-- shows: FN-3, FN-4
local me = process.id():match("[^#]+")
local callee = {}

function callee.context()
  return ctx.all()
end

function callee.nested(key, value)
  return funcs.new():with_context({ [key] = value }):call(me, "context")
end

function callee.sleeps(parent)
  process.send(parent, "pid", process.pid())
  time.sleep("1h")
end

return function(how, ...)
  if how then
    return callee[how](...)
  end
  local plain = funcs.new()
  local one = assert(plain:with_context { a = 1, b = 1 })
  local two = assert(one:with_context { b = 2, c = { "x" } })
  assert(plain ~= one and one ~= two)
  assert(next(plain:call(me, "context")) == nil)
  local values = one:call(me, "context")
  assert(values.a == 1 and values.b == 1 and values.c == nil)
  for _ = 1, 2 do
    values = two:call(me, "context")
    assert(values.a == 1 and values.b == 2 and values.c[1] == "x")
  end
  values = one:call(me, "nested", "b", 5)
  assert(values.a == 1 and values.b == 5)
  values = two:async(me, "context"):response():receive():data()
  assert(values.b == 2)
  local none, err = plain:with_context(nil)
  assert(none == nil and err:kind() == errors.INVALID)
  none, err = plain:with_context { f = print }
  assert(none == nil and err:kind() == errors.INVALID and tostring(err):find("context.f", 1, true))
  assert(not pcall(plain.with_context, plain, 5))
  local done, why = pcall(function() return plain:with_actor(nil) end)
  assert(not done and why:find("bad argument #1 to 'with_actor' (actor expected, got nil)", 1, true), why)
  done, why = pcall(function() return plain:with_scope(nil) end)
  assert(not done and why:find("bad argument #1 to 'with_scope' (scope expected, got nil)", 1, true), why)
  assert(not pcall(plain.with_actor, plain) and not pcall(plain.with_scope, plain, "x"))
  assert(not pcall(plain.call, {}, me))

  local pids = process.listen("pid")
  local timeout = 30
  local hasty
  for _, way in ipairs { "call", "async" } do
    local pid
    repeat
      hasty = assert(two:with_options { timeout = timeout, retries = 5 })
      local began = time.now()
      local value
      if way == "call" then
        value, err = hasty:call(me, "sleeps", process.pid())
      else
        local future = hasty:async(me, "sleeps", process.pid())
        local got, open = future:channel():receive()
        assert(open and got:kind() == errors.TIMEOUT)
        value, err = future:result()
        assert(select("#", future:channel():receive()) == 2)
      end
      assert(value == nil and err:kind() == errors.TIMEOUT and err:retryable() == true)
      assert(time.now():sub(began):milliseconds() >= timeout)
      -- A callee may have been ended before it began.
      pid = pids:receive(0)
      timeout = 2 * timeout
    until pid
    -- The callee is gone.
    repeat
      local ok = process.send(pid, "x")
      time.sleep("1ms")
    until not ok
  end
  hasty = assert(two:with_options { timeout = "1m", retries = 5 })
  assert(hasty:call(me, "context").b == 2)
  assert(hasty:with_options({ timeout = "10s" }):call(me, "context").b == 2)
  assert(hasty:with_options({ timeout = time.parse_duration("10s") }):call(me, "context").b == 2)
  assert(hasty:with_options({}):call(me, "context").b == 2)
  for _, wrong in ipairs { -1, 0, "soon", true } do
    none, err = plain:with_options { timeout = wrong }
    assert(none == nil and err:kind() == errors.INVALID, tostring(wrong))
  end
end
