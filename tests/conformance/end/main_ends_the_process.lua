-- The end of a process, by how its main ends.
-- shows: E-1, E-2, E-3, E-4, E-6, E-8
local endings = {
  ["returns nothing"] = function() end,
  ["returns a value"] = function() return "v" end,
  ["returns a value and nil"] = function() return "v", nil end,
  ["returns false"] = function() return false end,
  ["returns nil and an error"] = function()
    return nil, errors.new { message = "e", kind = errors.TIMEOUT }
  end,
  ["returns a value and a text"] = function() return "v", "e" end,
  ["raises"] = function() error("e", 0) end,
  ["raises an error"] = function() error(errors.new { message = "e", kind = errors.TIMEOUT }) end,
  ["raises nil"] = function() error() end,
  ["returns what cannot cross"] = function() return { f = print } end,
  ["is terminated"] = function() process.terminate(process.pid()) end,
  ["exits with 0"] = function() os.exit(0) end,
  ["exits with 3"] = function() os.exit(3) end,
}
local how = ...
if how then
  return endings[how]
end

local events = process.events()
local function result_of(how)
  local pid = assert(process.spawn_monitored("app:main_ends_the_process", "app:processes", how))
  local event = events:receive()
  assert(event.from == pid)
  return event.result
end

assert(next(result_of("returns nothing")) == nil)
assert(result_of("returns a value").value == "v")
assert(result_of("returns a value and nil").value == "v")
assert(result_of("returns false").value == false)
for how, kind in pairs {
  ["returns nil and an error"] = errors.TIMEOUT,
  ["returns a value and a text"] = errors.UNKNOWN,
  ["raises"] = errors.INTERNAL,
  ["raises an error"] = errors.TIMEOUT,
} do
  local result = result_of(how)
  assert(result.value == nil and result.error == "e" and result.cause:kind() == kind, how)
end
assert(result_of("raises nil").cause:kind() == errors.INTERNAL)
local result = result_of("returns what cannot cross")
assert(result.cause:kind() == errors.INVALID and result.error:find("f", 1, true))
result = result_of("is terminated")
assert(result.error == "process terminated" and result.cause:kind() == errors.CANCELED)
assert(next(result_of("exits with 0")) == nil)
assert(result_of("exits with 3").error)
