-- A message goes from a publisher to a process of its own, with its headers.
-- shows: QU-1, QU-2, QU-3, QU-4, QU-10
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
  return err
end

assert(process.registry.register("main"))
local told = process.listen("told")

for _, id in ipairs { "hidden", "app:none", "other:memory" } do
  local err = fails(errors.NOT_FOUND, queue.publish(id, 1))
  assert(tostring(err):find("^queue not found: ") and err:retryable() == false, tostring(err))
  assert(tostring(err):find("%-%-queue [%w:]+$"), tostring(err))
  fails(errors.NOT_FOUND, queue.info(id))
end
-- Wrong types are INVALID, too.
for _, id in ipairs { "", 7, {}, true } do
  fails(errors.INVALID, queue.publish(id, 1))
  fails(errors.INVALID, queue.info(id))
end
fails(errors.INVALID, queue.publish())
fails(errors.INVALID, queue.message())
fails(errors.INVALID, capability.call("queue.ack"))

local values = {
  true, 0, -1, math.maxinteger, 0.5, "", "text", "\xff\0bytes", { 1, 2, 3 }, { a = { b = { c = true } } },
  errors.new { message = "kept", kind = "Own" },
}
for _, id in ipairs { "memory", "durable" } do
  fails(errors.INVALID, queue.publish(id))
  fails(errors.INVALID, queue.publish(id, nil))
  fails(errors.INVALID, queue.publish(id, {}))
  fails(errors.INVALID, queue.publish(id, { f = print }))
  fails(errors.INVALID, queue.publish(id, 1, 7))
  fails(errors.INVALID, queue.publish(id, 1, { [7] = 1 }))
  fails(errors.INVALID, queue.publish(id, 1, { f = print }))
  fails(errors.INVALID, queue.publish(id, 1, { ["warren.queue"] = "x" }))
  fails(errors.INVALID, queue.publish(id, 1, { delay = "soon" }))
  fails(errors.INVALID, queue.publish(id, 1, { delay = -1 }))

  local seen = {}
  for place, value in ipairs(values) do
    local headers = { place = place, of = "main", tags = { "a", "b" } }
    assert(queue.publish(id, value, headers) == true)
    local came = told:receive()
    assert(came.queue == id and not came.wrong, came.wrong)
    if type(value) == "table" then
      assert(json.encode(came.value) == json.encode(value))
    elseif type(value) == "userdata" then
      assert(tostring(came.value) == "kept" and came.value:kind() == "Own")
    else
      assert(came.value == value and math.type(came.value) == math.type(value), tostring(value))
    end
    assert(came.headers.place == place and came.headers.of == "main" and came.headers.tags[2] == "b")
    assert(came.headers.delay == nil and came.attempt == 1)
    assert(#came.id > 0 and not seen[came.id], "an id twice")
    seen[came.id] = true
  end
  assert(queue.publish(id, 1))
  local plain = told:receive()
  assert(next(plain.headers) == nil)
  -- A header that asks for a delay is no header of the message.
  assert(queue.publish(id, 1, { delay = "1ms", kept = true }))
  local delayed = told:receive()
  assert(delayed.headers.kept and delayed.headers.delay == nil)
end
local info = assert(queue.info("memory"))
assert(info.consumer_count == 1, info.consumer_count)
os.exit(0)
