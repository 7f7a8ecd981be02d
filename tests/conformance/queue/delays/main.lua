-- A delayed message comes when it is due, and others do not wait for it.
-- shows: QU-11
assert(process.registry.register("main"))
local told = process.listen("told")
for _, id in ipairs { "memory", "durable" } do
  local started = time.now()
  assert(queue.publish(id, "last", { delay = 300 }))
  assert(queue.publish(id, "third", { delay = "200ms" }))
  assert(queue.publish(id, "second", { delay = assert(time.parse_duration("100ms")) }))
  assert(queue.publish(id, "first"))
  for _, expected in ipairs { "first", "second", "third", "last" } do
    local value = told:receive()
    assert(value == expected, value)
  end
  assert(time.now():sub(started):milliseconds() >= 300)
  -- It counts as long as it waits, and nobody may take it.
  repeat until queue.info(id).message_count == 0
  assert(queue.publish(id, "never", { delay = "1h" }))
  local info
  repeat
    info = queue.info(id)
    assert(info.message_count == 1, json.encode(info))
  until info.ready == 0
end
os.exit(0)
