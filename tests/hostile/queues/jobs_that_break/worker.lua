local function recurse(n)
  return 1 + recurse(n + 1)
end

local ways = {}

ways["false"] = function()
  return false
end

function ways.raise()
  error(nil)
end

function ways.raise_much()
  error(("x"):rep(900000))
end

function ways.memory()
  local all = {}
  for n = 1, math.huge do
    all[n] = ("x"):rep(100000 + n)
  end
end

function ways.recursion()
  return recurse(1)
end

function ways.terminate()
  process.terminate(process.pid())
  process.inbox():receive()
end

function ways.upgrade()
  process.upgrade("app:worker", "upgraded")
end

function ways.upgraded()
  -- It works on no message any more.
  assert(not queue.message() and not capability.call("queue.ack"))
end

function ways.exit()
  os.exit(1)
end

function ways.settle(m)
  assert(m:ack())
  for _ = 1, 1000 do
    local ok, err = m:nack()
    assert(not ok and errors.is(err, errors.INVALID), err)
    ok, err = m:ack()
    assert(not ok and errors.is(err, errors.INVALID), err)
  end
  error("after all")
end

function ways.return_much()
  return ("x"):rep(900000)
end

function ways.leave(m)
  -- A message is of its process alone.
  assert(not process.send(process.pid(), "self", m))
  for _ = 1, 5 do
    process.spawn("app:worker", "app:attackers", "left")
  end
end

function ways.left()
  assert(not queue.message())
end

return function(way)
  return ways[way](queue.message())
end
