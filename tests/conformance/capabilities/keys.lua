-- Keys of passwords are those of their standards; work beside the process lets its other
-- coroutines run.
-- shows: Z-13, Z-14
local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end
local function is(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
end
assert(hex(crypto.pbkdf2("password", "salt", 1, 20)) == "120fb6cffcf8b32c43e7225256c4f837a86548c9")
assert(hex(crypto.pbkdf2("password", "salt", 1, 20, "sha512")) == "867f70cf1ade02cff3752599a3a53dc4af34c7a6")
local key = crypto.argon2id("password", "somesalt", { memory = 256, iterations = 2 })
assert(#key == 32 and key == crypto.argon2id("password", "somesalt", { memory = 256, iterations = 2 }))
assert(#crypto.argon2id("password", "somesalt", { memory = 64, length = 16 }) == 16)
for _, wrong in ipairs { { "", "salt", 1, 20 }, { "p", "", 1, 20 }, { "p", "s", 0, 20 }, { "p", "s", 10000001, 20 },
  { "p", "s", 1, 0 }, { "p", "s", 1, 20, "md5" } } do
  is(errors.INVALID, crypto.pbkdf2(table.unpack(wrong)))
end
is(errors.INVALID, crypto.argon2id("p", "short"))
is(errors.INVALID, crypto.argon2id("p", "somesalt", { memory = 1 }))
is(errors.INVALID, crypto.argon2id("p", "somesalt", { memroy = 64 }))
assert(not pcall(crypto.pbkdf2, "p", "s", "x") and not pcall(crypto.argon2id, "p", {}))
-- The process may hold 64 MiB.
is(errors.RATE_LIMITED, crypto.argon2id("p", "somesalt", { memory = 1048576, iterations = 1 }))

-- Two at a time.
local done = channel.new(2)
for _ = 1, 2 do
  coroutine.spawn(function()
    done:send(hex(crypto.pbkdf2("password", "salt", 20000, 32)))
  end)
end
assert(done:receive() == done:receive())
-- The process waits if the coroutine cannot be left.
local keys = { "b", "a" }
table.sort(keys, function(a, b)
  return crypto.pbkdf2(a, "salt", 10, 8) < crypto.pbkdf2(b, "salt", 10, 8)
end)
coroutine.spawn(function() time.sleep("1ms") end)
assert(("x"):gsub("x", function() return hex(crypto.pbkdf2("p", "s", 10, 4)) end) == hex(crypto.pbkdf2("p", "s", 10, 4)))
-- The others go on beside a key that takes days, and the end of the process ends its work.
coroutine.spawn(function()
  crypto.pbkdf2("password", "salt", 10000000, 1048576)
  error("a key of days is there")
end)
for _ = 1, 3 do
  time.sleep("1ms")
end
