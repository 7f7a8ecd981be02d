-- A missing argument is an error value, one of the wrong type a Lua error.
-- shows: C-1, C-2, C-3

local me, host = process.id():match("[^#]+"), "app:processes"
local registry = process.registry

local missing = {
  { process.send }, { process.send, "someone" },
  { process.spawn }, { process.spawn_monitored }, { process.spawn_linked },
  { process.spawn_linked_monitored }, { process.exec },
  { process.terminate }, { process.cancel }, { process.monitor }, { process.unmonitor },
  { process.link }, { process.unlink }, { process.set_options }, { process.listen }, { process.unlisten },
  { process.with_context }, { registry.register }, { registry.lookup }, { registry.unregister },
  { errors.new }, { errors.new, {} }, { errors.wrap }, { errors.wrap, "x" },
  { time.sleep }, { time.after }, { time.timer }, { time.ticker },
  { time.parse }, { time.parse_duration }, { time.unix },
  { json.decode }, { ctx.get }, { logger.info },
}
for i, call in ipairs(missing) do
  local value, err = call[1](call[2])
  assert(value == nil and errors.is(err, errors.INVALID), "call " .. i .. ": " .. tostring(err))
  assert(err:message():find("missing"), err)
end

local wrong = {
  { process.send, {}, "topic" }, { process.send, "someone", {} },
  { process.spawn, {}, host }, { process.spawn, me, {} }, { process.exec, print, host },
  { process.terminate, {} }, { process.cancel, {} }, { process.monitor, {} }, { process.unmonitor, true },
  { process.link, {} }, { process.unlink, {} }, { process.set_options, "trap_links" },
  { process.listen, {} }, { process.listen, "t", "message" }, { process.unlisten, "t" },
  { process.with_context, "x" }, { process.upgrade, {} },
  { registry.register, {} }, { registry.register, "x", {} }, { registry.lookup, {} }, { registry.unregister, {} },
  { errors.new, print }, { errors.is, "x", {} }, { channel.new, "x" }, { channel.select, 1 },
  { coroutine.spawn, 1 }, { time.parse, {} }, { ctx.get, {} },
}
for i, call in ipairs(wrong) do
  local fine, err = pcall(call[1], call[2], call[3])
  assert(not fine, "call " .. i .. " did not raise")
  assert(tostring(err):find("expected"), err)
end
