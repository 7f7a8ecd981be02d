-- Operations of the runtime are called by their names.
-- shows: CA-1
assert(require("capability") == capability)
assert(capability.call("hash.sha256", "x", true) == hash.sha256("x", true))
assert(capability.call("time.zone", "UTC", 0).offset == 0)

local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
end
for _, name in ipairs { "none.x", "hash.none", "hash", "", ".", "hash.", ".md5" } do
  fails(errors.NOT_FOUND, capability.call(name))
end
fails(errors.INVALID, capability.call())
fails(errors.INVALID, capability.call("\xff"))
fails(errors.INVALID, capability.call("hash.md5", {}))
fails(errors.INVALID, capability.call("hash.md5", print))
fails(errors.INVALID, capability.call(("x"):rep(2000)))

-- Another coroutine runs while an operation works.
local order = {}
local done = channel.new(1)
coroutine.spawn(function()
  assert(#capability.call("crypto.pbkdf2", "password", "salt", 200000, 32) == 32)
  order[#order + 1] = "worked"
  done:send(true)
end)
coroutine.spawn(function()
  order[#order + 1] = "ran"
end)
done:receive()
assert(table.concat(order, " ") == "ran worked", table.concat(order, " "))

return function() end
