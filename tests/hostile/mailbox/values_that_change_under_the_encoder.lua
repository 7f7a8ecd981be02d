-- tries: change, block or lie in metamethods while a value is encoded, and wait in the middle
-- end: returned
local me, touched = process.pid(), 0
local sly = {}
setmetatable(sly, {
  __index = function() touched = touched + 1 return sly end,
  __len = function() touched = touched + 1 return math.maxinteger end,
  __pairs = function() touched = touched + 1 time.sleep("1h") return next, sly end,
  __gc = function() sly.more = {} end,
  __metatable = "hidden",
  __name = "process",
})
for i = 1, 100 do sly[i] = { i } end
assert(process.send(me, "t", sly, { sly }))
assert(process.with_context { sly = sly })
assert(logger.info("sly", { sly = sly }))
assert(json.encode(sly))
local got = process.inbox():receive():payload()
assert(#got == 100 and touched == 0 and getmetatable(got) == nil)
for _, value in ipairs { process.inbox(), process.with_context {}, time.now(), channel.new(), io.stdout, print, coroutine.create(print) } do
  local done, err = process.send(me, "t", { value })
  assert(not done and errors.is(err, errors.INVALID), tostring(value))
end
