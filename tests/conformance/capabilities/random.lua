-- Random bytes, characters and identifiers.
-- shows: Z-11
for _, n in ipairs { 1, 32, 100000, 1048576 } do
  assert(#crypto.random.bytes(n) == n and #crypto.random.string(n) == n)
end
-- A float with the value of an integer is one, as everywhere in Lua.
assert(#crypto.random.bytes(16.0) == 16 and #crypto.random.string(2^4) == 16)
assert(crypto.pbkdf2("p", "s", 1000.0, 32.0) == crypto.pbkdf2("p", "s", 1000, 32))
local options = { memory = 64.0, iterations = 1.0, length = 16.0 }
assert(#crypto.argon2id("password", "saltsalt", options) == 16)
assert(crypto.random.bytes(16) ~= crypto.random.bytes(16))
assert(crypto.random.string(1000):find("^[A-Za-z0-9]+$"))
assert(crypto.random.string(1000, "ab"):find("^[ab]+$"))
assert(crypto.random.string(3, "ü") == "üüü")
local id = crypto.random.uuid()
assert(#id == 36 and id:find("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$") and id ~= crypto.random.uuid())
for _, n in ipairs { 0, -1, 1048577, 1.5 } do
  for _, name in ipairs { "bytes", "string" } do
    local value, err = crypto.random[name](n)
    assert(value == nil and errors.is(err, errors.INVALID))
  end
end
local value, err = crypto.random.string(1, "")
assert(value == nil and errors.is(err, errors.INVALID))
assert(not pcall(crypto.random.bytes, {}) and not pcall(crypto.random.string, 1, {}))
