-- `hash` makes the digests of its standards, as text or bytes.
-- shows: Z-8, Z-9
assert(hash.md5("abc") == "900150983cd24fb0d6963f7d28e17f72")
assert(hash.sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
assert(hash.sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
assert(#hash.sha512("abc") == 128 and hash.sha512("abc"):find("^ddaf35a1"))
assert(#hash.md5("x", true) == 16 and #hash.sha1("x", true) == 20)
assert(#hash.sha256("x", true) == 32 and #hash.sha512("x", true) == 64)
assert(hash.md5("abc", true):byte() == 0x90 and hash.md5("abc", false) == hash.md5("abc"))
assert(hash.sha256("\0\xff") ~= hash.sha256("\0"))

-- Data first, secret second.
local data, secret = "what do ya want for nothing?", "Jefe"
assert(hash.hmac_md5(data, secret) == "750c783e6ab0b503eaa86e310a5db738")
assert(hash.hmac_sha1(data, secret) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
assert(hash.hmac_sha256(data, secret):find("^5bdcc146"))
assert(hash.hmac_sha512(data, secret):find("^164b7a7b"))
assert(#hash.hmac_sha256(data, secret, true) == 32)
-- The key first, data second.
assert(crypto.hmac.sha256(secret, data) == hash.hmac_sha256(data, secret))
assert(crypto.hmac.sha512(secret, data) == hash.hmac_sha512(data, secret))
local code, err = crypto.hmac.sha256("", data)
assert(code == nil and errors.is(err, errors.INVALID))

for _, name in ipairs { "md5", "sha1", "sha256", "sha512", "hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512" } do
  for _, wrong in ipairs { 7, true, {}, print } do
    local digest, err = hash[name](wrong, "key")
    assert(digest == nil and errors.is(err, errors.INVALID), name)
  end
  local digest, err = hash[name]()
  assert(digest == nil and errors.is(err, errors.INVALID), name)
end
assert(require("hash") == hash and require("crypto") == crypto)

-- Megabytes are digested beside the process.
assert(hash.sha256(("x"):rep(3000000)) == hash.sha256(("x"):rep(3000000)))
local digest, err = hash.md5(("x"):rep(17000000))
assert(digest == nil and errors.is(err, errors.INVALID), "more than a request may have")
