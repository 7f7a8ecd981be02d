-- Details of an error that cannot cross are not lost in silence: a returned error ends its
-- process with INVALID and the path, a raised one keeps all else.
-- shows: E-6, E-23

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

local function broken()
  return errors.new { message = "broken", kind = "Own", retryable = true, details = { x = print, y = 1, z = { 2, print } } }
end

function child.returns()
  return nil, broken()
end

function child.raises()
  error(broken())
end

function child.raises_in_a_coroutine()
  coroutine.spawn(function() error(broken()) end)
  process.inbox():receive()
end

function child.raises_a_table()
  error { code = 7, f = print }
end

function child.raises_a_cycle()
  local details = { code = 8, [{}] = "keyed" }
  details.again = details
  error(errors.new { message = "cycle", details = details })
end

function child.raises_an_error_in_an_error()
  error(errors.new { message = "outer", details = { inner = broken() } })
end

local function outcomes_of(role)
  local outcomes = { select(2, process.exec(me, host, role)), (select(2, funcs.call(me, role))) }
  assert(process.spawn_monitored(me, host, role))
  outcomes[3] = process.events():receive().result.cause
  assert(#outcomes == 3)
  return outcomes
end

return function(role)
  if role then
    return child[role]()
  end
  local why = "a function cannot leave its process"

  for _, err in ipairs(outcomes_of("returns")) do
    assert(err:kind() == errors.INVALID and err:retryable() == false)
    local message = err:message()
    assert(message:find("details().x: " .. why, 1, true) or message:find("details().z[2]: " .. why, 1, true), message)
    assert(message:find("broken", 1, true), message)
  end

  for _, role in ipairs { "raises", "raises_in_a_coroutine" } do
    for _, err in ipairs(outcomes_of(role)) do
      assert(err:message() == "broken" and err:kind() == "Own" and err:retryable() == true)
      local details = err:details()
      assert(details.y == 1 and details.z[1] == 2)
      assert(details.x == why and details.z[2] == why)
    end
  end

  for _, err in ipairs(outcomes_of("raises_a_table")) do
    assert(err:kind() == errors.INTERNAL and err:details().code == 7 and err:details().f == why)
  end

  for _, err in ipairs(outcomes_of("raises_a_cycle")) do
    local details = err:details()
    assert(err:message() == "cycle" and details.code == 8)
    assert(details.again == "a table that contains itself cannot leave its process")
    assert(details["a key that is a table cannot leave its process"] == "keyed")
  end

  for _, err in ipairs(outcomes_of("raises_an_error_in_an_error")) do
    local inner = err:details().inner
    assert(err:message() == "outer" and inner:message() == "broken" and inner:details().y == 1)
    assert(inner:details().x == why)
  end
end
