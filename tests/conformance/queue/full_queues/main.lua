-- A full queue refuses messages, and has room again once one is done. What is too large is
-- refused.
-- shows: QU-12
assert(process.registry.register("main"))
local began = process.listen("began")

local function at(limit, kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
  assert(err:details().limit == limit, err:details().limit)
  assert(err:retryable() == (kind == errors.RATE_LIMITED))
  return err:details()
end

for _, id in ipairs { "memory", "durable" } do
  for n = 1, 3 do
    assert(queue.publish(id, n))
  end
  -- The message that is worked on counts, too.
  local worker = began:receive()
  local details = at("max_length", errors.RATE_LIMITED, queue.publish(id, 4))
  assert(details.value == 3 and details.queue == "app:" .. id and details.host == "app:processes")
  assert(process.send(worker, "go"))
  worker = began:receive()
  assert(queue.publish(id, 4))
  at("max_length", errors.RATE_LIMITED, queue.publish(id, 5))
  assert(process.send(worker, "go"))
  for _ = 1, 2 do
    assert(process.send(began:receive(), "go"))
  end
  repeat until queue.info(id).message_count == 0

  details = at("max_value", errors.INVALID, queue.publish(id, ("x"):rep(1024)))
  assert(details.value == 1024 and details.queue == "app:" .. id)
  at("max_headers", errors.INVALID, queue.publish(id, 1, { x = ("x"):rep(65536) }))
  local large = ("x"):rep(1000)
  assert(queue.publish(id, large))
  assert(queue.publish(id, large))
  at("max_bytes", errors.RATE_LIMITED, queue.publish(id, large))
  for _ = 1, 2 do
    assert(process.send(began:receive(), "go"))
  end
  repeat until queue.info(id).message_count == 0
end
os.exit(0)
