-- A call whose handler upgrades its server is answered by the new code; or with the error if
-- the upgrade is refused, and the server goes on, or if the new code does not start.
-- shows: SV-15

local server = require("server")

local function refused(pid, how, kind, text)
  local value, err = server.call(pid, how)
  assert(value == nil and err:kind() == kind and err:find(text, 1, true), err)
end

local pid = assert(server.start("app:first", { n = 1 }))
refused(pid, "nothing", errors.NOT_FOUND, "app:nothing")
refused(pid, "reply", errors.INVALID, "reply.f: a function cannot leave its process")
assert(server.call(pid, "get") == 1)
assert(server.call(pid, "second") == "the reply")
assert(server.call(pid, "get") == 11)

-- Without a reply the caller is answered by somebody else.
pid = assert(server.start("app:first", { n = 1 }))
assert(server.call(pid, "later") == "from the second")

pid = assert(server.start("app:first", { n = 1 }))
refused(pid, "third", errors.CONFLICT, "not this state")

pid = assert(server.start("app:first", { n = 1, f = "keep" }))
assert(server.call(pid, "spoil") == true)
refused(pid, "second", errors.INVALID, "state.f: a function cannot leave its process")
assert(server.call(pid, "get") == 1)
