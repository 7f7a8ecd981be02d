-- funcs.call: results, errors, arguments, and ids.
-- shows: FN-1, FN-2
local me = process.id():match("[^#]+")
local callee = {}

function callee.echo(...)
  return { n = select("#", ...), ... }
end

function callee.nothing() end

function callee.refuses()
  return nil, errors.new { message = "full", kind = "Own", retryable = true, details = { free = 0 } }
end

function callee.who()
  return process.pid()
end

return function(how, ...)
  if how then
    return callee[how](...)
  end
  local function is(count, ...)
    assert(select("#", ...) == count)
    return ...
  end
  local value, err = is(2, funcs.call(me, "echo", 1, nil, "x"))
  assert(err == nil and value.n == 3 and value[1] == 1 and value[3] == "x")
  value, err = is(2, funcs.call(me, "nothing"))
  assert(value == nil and err == nil)
  value, err = is(2, funcs.call(me, "refuses"))
  assert(value == nil and err:message() == "full" and err:kind() == "Own")
  assert(err:retryable() == true and err:details().free == 0)
  assert(funcs.call(me, "who"):find("^{app:processes|"))
  assert(require("funcs") == funcs)

  for _, id in ipairs { "", "x", ":", "a:", ":b" } do
    for _, call in ipairs { funcs.call, funcs.async } do
      value, err = is(2, call(id))
      assert(value == nil and err:kind() == errors.INVALID, id)
    end
    value, err = funcs.new():call(id)
    assert(value == nil and err:kind() == errors.INVALID)
  end
  value, err = funcs.call()
  assert(value == nil and err:kind() == errors.INVALID)
  assert(not pcall(funcs.call, 5) and not pcall(funcs.async, {}))
  value, err = funcs.call("app:nowhere")
  assert(value == nil and err:kind() == errors.NOT_FOUND)
  local future = assert(funcs.async("app:nowhere"))
  assert(not future:is_complete())
  local got, open = future:response():receive()
  assert(open and got:kind() == errors.NOT_FOUND)
  value, err = future:result()
  assert(value == nil and err:kind() == errors.NOT_FOUND)
  value, err = funcs.call(me, print)
  assert(value == nil and err:kind() == errors.INVALID and tostring(err):find("arguments[1]", 1, true))

  -- Only the calling coroutine waits.
  local done = channel.new(10)
  for i = 1, 10 do
    coroutine.spawn(function()
      done:send(funcs.call(me, "echo", i)[1])
    end)
  end
  local sum = 0
  for _ = 1, 10 do
    sum = sum + done:receive()
  end
  assert(sum == 55)
end
