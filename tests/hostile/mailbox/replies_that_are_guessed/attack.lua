-- tries: answer a caller's next call to another server, from the number of an earlier call
-- end: returned
local server = require("server")
local evil, slow = assert(server.start("app:evil")), assert(server.start("app:slow"))
for _ = 1, 3 do
  assert(server.call(evil, "which number has a call?") == "this one")
  local answer = server.call(slow, "is the user an administrator?", "60s")
  assert(answer == "no", answer)
end
