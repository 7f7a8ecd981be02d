-- tries: have keys of RSA take for ever: with exponents of thousands of bits, moduli that are even, one or a megabyte
-- end: returned
-- prints: refused 10 of 10
local function number(bytes)
  local len = #bytes + 1
  return "\2\x83" .. string.pack(">I3", len) .. "\0" .. bytes
end
local function pem(modulus, exponent)
  local content = number(modulus) .. number(exponent)
  local der = "\x30\x83" .. string.pack(">I3", #content) .. content
  local body = base64.encode(der):gsub(("."):rep(64), "%0\n")
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
