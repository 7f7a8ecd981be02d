-- Permissions of functions, and the group of all ways to run code.
-- shows: FN-8
local function is(id, expected)
  local got = assert(process.exec(id, "app:processes"))
  for key, value in pairs(expected) do
    assert(got[key] == value, id .. ": " .. key .. ": " .. tostring(got[key]))
  end
end
is("app:some", {
  call = "allowed", async = "allowed", other = "funcs.call", exec = "process.exec", spawn = "process.spawn",
  context = "funcs.context", actor = "funcs.security", scope = "funcs.security", can = true,
})
is("app:without", {
  call = "funcs.call", async = "funcs.call", exec = "process.exec", spawn = "process.spawn",
  context = "allowed", actor = "allowed", scope = "allowed", can = false,
})
-- Context, actor and scope of an executor.
local x = funcs.new():with_context { k = 5 }
assert(x:call("app:child") == 5)
x = funcs.new():with_actor(security.new_actor("ada")):with_scope(security.new_scope { "some" })
local got = assert(x:call("app:asks"))
assert(got.call == "allowed" and got.exec == "process.exec")
