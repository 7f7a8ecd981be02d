-- A full queue refuses its own topics, and takes messages again once it was
-- read from. Messages and bytes both count.
-- shows: Q-1, Q-2, Q-3, Q-4, M-3

local function refused(queue, sent, err)
  assert(sent == nil and errors.is(err, errors.RATE_LIMITED), err)
  assert(err:retryable() == true)
  local details = err:details()
  assert(details.host == "app:small" and details.queue == queue)
  local value = ({ ["max_queue.messages"] = 5, ["max_queue.bytes"] = 1024 })[details.limit]
  assert(value and details.value == value, details.limit)
end

return function()
  local small = assert(process.spawn_monitored("app:small", "app:small", process.pid()))
  local ready = process.listen("ready")
  ready:receive()

  -- Three queues: a listener, the inbox, and before it was opened the unclaimed.
  for i = 1, 5 do
    assert(process.send(small, "other", i))
  end
  refused("unclaimed", process.send(small, "another", 6))
  for i = 1, 5 do
    assert(process.send(small, "work", i))
  end
  refused("work", process.send(small, "work", 6))
  refused("unclaimed", process.send(small, "other", 6))

  assert(process.send(small, "step"))
  ready:receive() -- it has read one of `work` and opened its inbox
  assert(process.send(small, "work", 6))
  refused("work", process.send(small, "work", 7))
  refused("inbox", process.send(small, "other", 6))

  assert(process.send(small, "step"))
  ready:receive() -- all was read
  assert(process.send(small, "work", ("x"):rep(700)))
  refused("work", process.send(small, "work", ("x"):rep(700)))
  assert(process.send(small, "step"))
  local event = process.events():receive()
  assert(event.result.error == nil, event.result.error)
end
