-- A function runs in the host that the manifest binds it to. A full host is RATE_LIMITED.
-- shows: FN-1, FN-2, FN-7
assert(funcs.call("app:worker"):find("^{app:workers|"))
local ready = process.listen("ready")
local futures = {}
for i = 1, 2 do
  futures[i] = assert(funcs.async("app:worker", process.pid()))
  ready:receive()
end
local value, err = funcs.call("app:worker")
assert(value == nil and err:kind() == errors.RATE_LIMITED and err:retryable())
local late = funcs.async("app:worker")
local got, open = late:channel():receive()
assert(open and got:kind() == errors.RATE_LIMITED)
assert(not futures[1]:is_complete())
assert(futures[1]:cancel())
-- The place is free once the callee has ended.
repeat
  value, err = funcs.call("app:worker")
until value or err:kind() ~= errors.RATE_LIMITED
assert(value:find("^{app:workers|"))
-- The other one ends with this process.
