-- A message that fails returns to the end of its queue, up to its attempts, and then goes to
-- the dead-letter queue.
-- shows: QU-5, QU-6, QU-7
assert(process.registry.register("main"))
local began, dead = process.listen("began"), process.listen("dead")

for _, id in ipairs { "memory", "durable" } do
  -- Each fails in a way of its own, and is given up after three attempts.
  local ways = { "false", "error", "raise", "nack", "terminate" }
  assert(queue.publish(id, "gate"))
  for _, way in ipairs(ways) do
    assert(queue.publish(id, way, { way = way }))
  end
  assert(queue.publish(id, "fine"))
  -- All others are in the queue before the first one fails.
  assert(process.send(began:receive().pid, "go"))
  local order, attempts = {}, {}
  for n = 1, 3 * #ways + 1 do
    local one = began:receive()
    order[n] = one.way
    attempts[one.way] = (attempts[one.way] or 0) + 1
    assert(one.attempt == attempts[one.way], one.way)
  end
  -- Those that failed come behind all others.
  for n, way in ipairs(ways) do
    assert(order[n] == way, table.concat(order, " "))
    assert(attempts[way] == 3)
  end
  assert(order[#ways + 1] == "fine" and attempts.fine == 1)

  local reasons = {}
  for _ = 1, #ways do
    local given_up = dead:receive()
    reasons[given_up.value] = given_up.headers["warren.error"]
    assert(given_up.headers.way == given_up.value)
    assert(given_up.headers["warren.queue"] == "app:" .. id)
    assert(given_up.headers["warren.attempts"] == 3 and given_up.attempt == 1)
  end
  assert(reasons["false"] == "the process returned false", reasons["false"])
  assert(reasons.error:find("not today", 1, true), reasons.error)
  assert(reasons.raise:find("by raising", 1, true), reasons.raise)
  assert(reasons.nack == "the process has returned the message", reasons.nack)
  assert(reasons.terminate:find("terminated", 1, true), reasons.terminate)
end

-- Without a dead-letter queue a message is dropped, and the queue is empty.
assert(queue.publish("alone", "false"))
for attempt = 1, 2 do
  assert(began:receive().attempt == attempt)
end
repeat until queue.info("alone").message_count == 0
os.exit(0)
