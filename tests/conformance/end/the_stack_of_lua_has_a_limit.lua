-- A process that fills a stack of Lua ends at the limit. A program that catches the error has
-- the text of Lua, and the error is the same when it is raised again.
-- shows: E-15, E-22, Q-16

local me, host = process.id():match("[^#]+"), "app:processes"

local function deeper(n)
  return 1 + deeper(n + 1)
end

local function caught()
  local _, why = pcall(deeper, 1)
  return why
end

-- The ends at the limit.
local full = {
  at_once = function() deeper(1) end,
  in_a_coroutine = function() coroutine.wrap(deeper)(1) end,
  in_a_coroutine_beside = function()
    coroutine.spawn(deeper, 1)
    time.sleep("1h")
  end,
  raised_again = function() error(caught(), 0) end,
  raised_with_a_position = function() error(caught()) end,
  asserted = function() assert(pcall(deeper, 1)) end,
}

-- The ends with another error.
local other = {
  of_its_own = function()
    caught()
    error("stack overflow", 0)
  end,
  with_a_text_of_its_own = function() error("too deep: " .. caught(), 0) end,
}

return function(how)
  if how then
    return (full[how] or other[how])()
  end
  local why = caught()
  assert(type(why) == "string" and why:find("^[%w_]+%.lua:8: stack overflow$"), why)
  assert(select(2, load(("("):rep(1000))) == "C stack overflow")
  for name in pairs(full) do
    local result, err = process.exec(me, host, name)
    assert(result == nil and errors.is(err, errors.RATE_LIMITED), name .. ": " .. tostring(err))
    assert(err:message():find("stack overflow$") and err:retryable() == false, name)
    local details = err:details()
    assert(details.limit == "max_lua_stack" and details.value == 400000 and details.host == host, name)
  end
  for name in pairs(other) do
    local result, err = process.exec(me, host, name)
    assert(result == nil and errors.is(err, errors.INTERNAL) and err:details() == nil, name)
  end

  -- Lua's own handler of an error, and what this runtime adds.
  local fine, err = xpcall(deeper, function(reason) return "handled: " .. reason end, 1)
  assert(not fine and err:find("^handled: .*stack overflow$"), err)
  local task = require("task")
  local value
  value, err = task.await(assert(task.async(deeper, 1)))
  assert(value == nil and errors.is(err, errors.RATE_LIMITED), err)
  assert(err:details().limit == "max_lua_stack" and err:retryable() == false)
end
