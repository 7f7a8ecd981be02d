-- tries: have keys of RSA take for ever: with exponents of thousands of bits, moduli that are even, one or a megabyte
-- end: returned
-- prints: refused 10 of 10
local function part(tag, content)
  local len, bytes = #content, ""
  if len < 128 then
    return tag .. string.char(len) .. content
  end
  while len > 0 do
    len, bytes = len >> 8, string.char(len & 255) .. bytes
  end
  return tag .. string.char(128 + #bytes) .. bytes .. content
end
local function number(bytes)
  return part("\2", bytes:byte() < 128 and bytes or "\0" .. bytes)
end
local function pem(modulus, exponent)
  local body = base64.encode(part("\x30", number(modulus) .. number(exponent))):gsub(("."):rep(64), "%0\n")
  return "-----BEGIN RSA PUBLIC KEY-----\n" .. body .. "\n-----END RSA PUBLIC KEY-----\n"
end
local ones = ("\xff"):rep(256)
local refused, keys = 0, {
  pem(ones, ones:sub(2)), pem(ones, ("\x7f"):rep(200)), pem(ones, "\0"), pem(ones, "\1"), pem(ones, "\4"),
  pem(ones:sub(2) .. "\xfe", "\3"), pem("\1", "\3"), pem(("\xff"):rep(5000), "\3"), pem(("\xff"):rep(1000000), "\3"),
  "-----BEGIN RSA PUBLIC KEY-----\n" .. ("A"):rep(15000) .. "\n-----END RSA PUBLIC KEY-----\n",
}
for _, key in ipairs(keys) do
  local claims, err = crypto.jwt.verify("a.b." .. ("A"):rep(342), key, "RS256")
  refused = refused + (claims == nil and errors.is(err, errors.INVALID) and 1 or 0)
end
print("refused " .. refused .. " of " .. #keys)
