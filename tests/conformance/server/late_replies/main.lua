-- Ten thousand late replies leave nothing behind, and no call gets the reply of another.
-- shows: SV-3
local server = require("server")

local pid = assert(server.start("app:slow"))
local value, err = server.call(pid, "never", 1)
assert(value == nil and err:kind() == errors.TIMEOUT and err:retryable(), err)
assert(err:message():find("did not answer within 1ms", 1, true), err)
assert(server.call(pid, "answer") == "answered")

local function late(count)
  for i = 1, count do
    assert(server.call(pid, "later", 0) == nil)
    if i % 500 == 0 then
      assert(server.call(pid, "answer", "20s") == "answered")
      assert(server.call(pid, "now") == "now")
    end
  end
  time.sleep("10ms")
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

local before = late(2000)
local after = late(8000)
assert(after < before + 64, after - before)
assert(process.inbox():receive(0) == nil and process.events():receive(0) == nil)
