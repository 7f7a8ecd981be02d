-- tries: make a value of 2^64 elements of 64 small tables, each twice in the next
-- end: returned
local value = { "leaf" }
for _ = 1, 64 do value = { value, value } end
local function refused(_, err) assert(errors.is(err, errors.INVALID), err) end
local me = process.pid()
for _ = 1, 10 do
  refused(process.send(me, "t", value))
  refused(process.spawn("app:attack", "app:attackers", value))
  refused(process.exec("app:attack", "app:attackers", value))
  refused(process.upgrade(nil, value))
  refused(process.with_context { value = value })
  refused(process.with_context({}):with_message("t", value))
  refused(logger.info("large", { value = value }))
  refused(security.new_actor("a", { value = value }))
end
