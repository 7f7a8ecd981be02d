-- A structured error crosses with all its parts, inside a table too.
-- shows: C-11

local err = errors.new { message = "no room", kind = errors.RATE_LIMITED, retryable = true, details = { host = "h" } }
process.send(process.pid(), "error", err, { inner = err })
local first, second = process.inbox():receive():payload()
for _, back in ipairs { first, second.inner } do
  assert(back:message() == "no room" and back:kind() == errors.RATE_LIMITED)
  assert(back:retryable() == true and back:details().host == "h")
end
