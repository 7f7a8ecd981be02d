-- tries: answer a caller's next call to another server, from the number of an earlier call
-- end: returned
local server = require("server")
local function start(definition)
  return assert(server.start(definition, nil, { host = "app:attackers" }))
end
local evil, slow = start("app:evil"), start("app:slow")
for _ = 1, 3 do
  assert(server.call(evil, "which number has a call?") == "this one")
  local answer = server.call(slow, "is the user an administrator?", "60s")
  assert(answer == "no", answer)
end
