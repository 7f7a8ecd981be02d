-- An upgrade to what is not there, does not compile, is bound elsewhere or with
-- what cannot cross: nil, err, and the process goes on as it was.
-- shows: U-11, U-12, U-13, C-16

local function refused(kind, part, value, err)
  assert(value == nil and err:kind() == kind and err:find(part, 1, true), err)
end

return function()
  local topic = process.listen("topic")
  local own = channel.new(1)
  own:send("mine")
  process.send(process.pid(), "topic", 1)
  refused(errors.NOT_FOUND, "app:nothing", process.upgrade("app:nothing"))
  refused(errors.INVALID, "broken.lua:2:", process.upgrade("app:broken"))
  refused(errors.INVALID, "app:other", process.upgrade("app:bound"))
  refused(errors.INVALID, "f: a function", process.upgrade(nil, { f = print }))
  refused(errors.NOT_FOUND, "main", process.upgrade("not an id"))
  assert(topic:receive() == 1 and own:receive() == "mine")
  process.send(process.pid(), "topic", 2)
  assert(topic:receive() == 2)
end
