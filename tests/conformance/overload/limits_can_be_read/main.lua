-- The error of a call that a limit refuses, and of a process that a limit ends, names the
-- limit, its value and the host in its details. The kind tells it from a bug.
-- shows: Q-2, Q-16, E-5, E-16, R-9

local supervisor = require("supervisor")
local own, small = "app:processes", "app:small"
local MS = 1000000

local function at_limit(limit, value, host, kind, err)
  assert(errors.is(err, kind), err)
  local details = err:details()
  assert(details, err)
  local found = ("%s = %s of %s"):format(details.limit, details.value, details.host)
  local expected = ("%s = %s of %s"):format(limit, value, host)
  assert(found == expected, found .. " where " .. expected .. " was expected: " .. tostring(err))
end

-- One thing that is larger than it may ever be.
local function too_large(limit, value, host, ...)
  local result, err = ...
  assert(not result, limit)
  at_limit(limit, value, host, errors.INVALID, err)
  assert(err:retryable() ~= true, limit)
end

-- As many, or as much, as there may be at present.
local function full(limit, value, host, ...)
  local result, err = ...
  assert(not result, limit)
  at_limit(limit, value, host, errors.RATE_LIMITED, err)
  assert(err:retryable(), limit)
  return err
end

-- Calls until one is refused.
local function until_refused(call)
  local result, err
  local count = 0
  repeat
    count = count + 1
    result, err = call(count)
  until not result or count > 100000
  return result, err
end

local function nested(depth)
  local value = {}
  for _ = 2, depth do
    value = { value }
  end
  return value
end

-- Ends a process, and returns once its place is free.
local function stop(pid)
  assert(process.monitor(pid))
  assert(process.terminate(pid))
  assert(process.events():receive().from == pid)
end

local function messages(me)
  local large = ("x"):rep(2 << 20)
  too_large("max_message", 1 << 20, own, process.send(me, "t", large))
  too_large("max_message", 1 << 20, own, process.exec("app:ends", own, large))
  too_large("max_nesting", 100, own, process.send(me, "t", nested(101)))

  local parked = assert(process.spawn("app:parked", small))
  too_large("max_queue.bytes", 1024, small, process.send(parked, "t", ("x"):rep(2000)))
  local err = full("max_queue.messages", 5, small, until_refused(function()
    return process.send(parked, "t")
  end))
  assert(err:details().queue == "unclaimed")
  stop(parked)
  parked = assert(process.spawn("app:parked", small))
  full("max_queue.bytes", 1024, small, until_refused(function()
    return process.send(parked, "t", ("x"):rep(700))
  end))

  local another = assert(process.spawn("app:parked", small))
  full("max_processes", 2, small, process.spawn("app:parked", small))
  stop(parked)
  stop(another)
end

local function ends()
  local function ended(how, host)
    local result, err = process.exec("app:ends", host, how)
    assert(not result, how)
    return err
  end
  -- If they were tried again, these would end at the same limit.
  local err = ended("for_memory", small)
  at_limit("max_memory", 4 << 20, small, errors.RATE_LIMITED, err)
  assert(not err:retryable())
  err = ended("for_time", small)
  at_limit("max_cpu", 100 * MS, small, errors.RATE_LIMITED, err)
  assert(not err:retryable())
  err = ended("for_the_stack", own)
  at_limit("max_lua_stack", 400000, own, errors.RATE_LIMITED, err)
  assert(not err:retryable())
  err = ended("for_calls", own)
  at_limit("max_lua_calls", 200, own, errors.RATE_LIMITED, err)
  assert(not err:retryable())
  at_limit("max_message", 1 << 20, own, errors.INVALID, ended("with_much", own))
  local bug = ended("with_a_bug", own)
  assert(bug:kind() == errors.INTERNAL and bug:details() == nil, bug)

  local result
  result, err = process.exec("app:recursion", own)
  assert(not result)
  at_limit("max_stack", 480 << 10, own, errors.RATE_LIMITED, err)
end

local function names(me)
  local long = ("x"):rep(2000)
  too_large("max_name", 1024, own, process.registry.register(long))
  too_large("max_name", 1024, own, process.listen(long))
  too_large("max_name", 1024, own, process.groups.join(long))
  too_large("max_name", 1024, own, process.spawn("app:" .. long))
  too_large("max_reason", 1024, own, process.cancel(me, nil, long))
  too_large("max_name", 1024, own, security.new_actor(long))
  too_large("max_name", 1024, own, security.new_scope { long })
  local spawner = process.with_context {}
  too_large("max_name", 1024, own, spawner:with_name(long))
  too_large("max_id", 1022, own, pg.open(long))
  local large = { a = ("x"):rep(600000), b = ("x"):rep(600000) }
  too_large("max_message", 1 << 20, own, spawner:with_context(large))
  too_large("max_message", 1 << 20, own, spawner:with_message(("t"):rep(600000), large.a))
  full("max_names", 1000, own, until_refused(function(count)
    return process.registry.register("name " .. count)
  end))
  full("max_groups", 1000, own, until_refused(function(count)
    return process.groups.join("group " .. count)
  end))
  full("max_subscriptions", 1000, own, until_refused(function(count)
    return process.listen("topic " .. count)
  end))
end

local function operations()
  too_large("max_tag_parameters", 8, own, process.spawn("app:tag", own))
  too_large("max_drawn", 1 << 20, own, crypto.random.bytes(2 << 20))
  too_large("max_iterations", 10000000, own, crypto.pbkdf2("p", "somesalt", 10000001, 32))
  too_large("max_argon2id_memory", 1 << 20, own, crypto.argon2id("p", "somesalt", { memory = 2 << 20 }))
  too_large("max_pattern", 64 << 10, own, text.regexp.compile(("x"):rep(70000)))
  too_large("max_yaml", 1 << 20, own, yaml.decode(("x"):rep(2 << 20)))
  too_large("max_label_value", 256, own, metrics.counter_inc("jobs", { of = ("x"):rep(300) }))
  too_large("max_label_bytes", 16 << 10, own, metrics.counter_inc("jobs", { of = ("x"):rep(20000) }))
  too_large("max_schema", 256 << 10, own, json.validate_string({ title = ("x"):rep(300000) }, "1"))
  too_large("max_request", 16 << 20, own, hash.md5(("x"):rep(17 << 20)))
  -- Texts that are not decoded are INTERNAL, whatever the reason.
  for limit, failed in pairs { [128] = { json.decode(("["):rep(200)) }, [100] = { yaml.decode(("["):rep(200)) } } do
    at_limit("max_nesting", limit, own, errors.INTERNAL, failed[2])
  end
  local _, err = json.encode(nested(129))
  at_limit("max_nesting", 128, own, errors.INTERNAL, err)
end

local function libraries()
  local children = assert(supervisor.start {
    strategy = "dynamic", max_children = 1, child = { definition = "app:parked", shutdown = "kill" },
  })
  assert(supervisor.start_child(children, {}))
  full("max_children", 1, own, supervisor.start_child(children, {}))
  assert(supervisor.stop(children))
  too_large("max_args", 250, own, supervisor.start { children = { { definition = "app:parked", args = { n = 251 } } } })
end

return function()
  local me = process.pid()
  messages(me)
  ends()
  operations()
  libraries()
  names(me)
end
