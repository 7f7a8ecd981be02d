-- A function in the place of a definition, and nil in that of a destination, are refused
-- with what to do.
-- shows: ME-2

local spawner = assert(process.with_context {})
local worker = function() end

for name, start in pairs {
  spawn = function() local pid = process.spawn(worker) return pid end,
  spawn_linked = function() local pid = process.spawn_linked(worker, "app:processes") return pid end,
  exec = function() local result = spawner:exec(worker) return result end,
} do
  local ok, message = pcall(start)
  assert(not ok and message:find("bad argument #1 to '" .. name .. "' (string expected, got function; ", 1, true), message)
  assert(message:find("coroutine.spawn", 1, true), message)
end

local pid = process.spawn("app:nothing")
for _, call in ipairs { process.send, process.cancel, process.terminate, process.monitor, process.link } do
  local value, err = call(pid, "topic")
  assert(value == nil and errors.is(err, errors.INVALID))
  assert(err:message():find("^destination is missing: argument 1 is nil, as after a lookup or spawn"), err)
end
