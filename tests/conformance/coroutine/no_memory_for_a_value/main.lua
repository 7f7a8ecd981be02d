-- A value that there is no memory for is an error of the coroutine that waits for it. The
-- others go on, also the one that waits for messages of the process, and so does the process.
-- shows: O-12
local server = require("server")
local big = assert(server.start("app:big"))

for _, how in ipairs { "call", "listen", "exec", "call beside another", "late" } do
  local result, err = process.exec("app:small", "app:small", how, big)
  assert(result == "not enough memory", ("%s: %s"):format(how, result or err))
end
