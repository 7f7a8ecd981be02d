-- Sealed data opens with the same key and the same additional data alone.
-- shows: Z-10
local function is(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
end
for cipher, lengths in pairs { aes = { 16, 24, 32 }, chacha20 = { 32 } } do
  local encrypt, decrypt = crypto.encrypt[cipher], crypto.decrypt[cipher]
  for _, length in ipairs(lengths) do
    local key = ("k"):rep(length)
    local sealed = encrypt("secret\0\xff", key, "to you")
    assert(#sealed == 12 + 8 + 16 and sealed ~= encrypt("secret\0\xff", key, "to you"))
    assert(decrypt(sealed, key, "to you") == "secret\0\xff")
    assert(decrypt(encrypt("", key), key) == "")
    is(errors.INTERNAL, decrypt(sealed, key))
    is(errors.INTERNAL, decrypt(sealed, ("o"):rep(length), "to you"))
    is(errors.INTERNAL, decrypt(sealed:sub(1, -2) .. "\0\1", key, "to you"))
    is(errors.INVALID, decrypt(("x"):rep(27), key))
    local large = ("x"):rep(200000)
    assert(decrypt(encrypt(large, key), key) == large)
  end
  for _, key in ipairs { "", "short", ("k"):rep(33) } do
    is(errors.INVALID, encrypt("data", key))
    is(errors.INVALID, decrypt(("x"):rep(40), key))
  end
  assert(not pcall(encrypt, {}, ("k"):rep(32)) and not pcall(decrypt, "x", {}))
end
assert(crypto.constant_time_compare("same", "same"))
assert(not crypto.constant_time_compare("same", "sane"))
assert(not crypto.constant_time_compare("same", "same "))
assert(crypto.constant_time_compare("", ""))
assert(not pcall(crypto.constant_time_compare, "x", {}))
