-- Several consumers share a queue, and each runs as many processes as it may.
-- shows: QU-8, QU-9
assert(process.registry.register("main"))
local began, done = process.listen("began"), process.listen("done")
local MESSAGES <const> = 200

-- Three processes at a time, and two messages that nobody has taken.
for n = 1, 5 do
  assert(queue.publish("wide", n))
end
local working = {}
for n = 1, 3 do
  working[n] = began:receive()
end
local info = assert(queue.info("wide"))
assert(info.message_count == 5 and info.ready == 2 and info.consumer_count == 1, json.encode(info))
for n = 1, 5 do
  assert(process.send(working[n], "go"))
  if n <= 2 then
    working[3 + n] = began:receive()
  end
end
repeat until queue.info("wide").message_count == 0

for _, id in ipairs { "memory", "durable" } do
  for n = 1, MESSAGES do
    assert(queue.publish(id, n))
  end
  local seen, by = {}, {}
  for _ = 1, MESSAGES do
    local one = done:receive()
    assert(not seen[one.value], "a message twice")
    seen[one.value] = true
    by[one.definition] = (by[one.definition] or 0) + 1
  end
  assert((by["app:first"] or 0) + (by["app:second"] or 0) == MESSAGES)
  repeat until queue.info(id).message_count == 0
  assert(queue.info(id).consumer_count == 2)
end
os.exit(0)
