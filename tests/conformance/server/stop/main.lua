-- A stop ends, and so does the server; or there is an error.
-- shows: SV-11
local server = require("server")

-- The server is terminated at the deadline.
local pid = assert(server.start("app:stays"))
assert(server.stop(pid, "20ms") == true)
local _, err = server.call(pid, "get")
assert(err:kind() == errors.NOT_FOUND, err)
_, err = server.stop(pid)
assert(err:kind() == errors.NOT_FOUND, err)

-- Nobody ends the server of one who may not terminate it.
pid = assert(server.start("app:stays"))
_, err = process.exec("app:asker", "app:processes", pid)
assert(err:kind() == errors.PERMISSION_DENIED, err)
assert(err:details().action == "process.terminate" and err:details().resource == pid)
assert(process.monitor(pid) and process.terminate(pid))

-- Two wait for the same end; it may have come before the second has asked.
pid = assert(server.start("app:stays"))
local done = channel.new(2)
for _ = 1, 2 do
  coroutine.spawn(function()
    local stopped, why = server.stop(pid, "20ms")
    done:send(stopped or why:kind())
  end)
end
for _ = 1, 2 do
  local stopped = done:receive()
  assert(stopped == true or stopped == errors.NOT_FOUND, stopped)
end
