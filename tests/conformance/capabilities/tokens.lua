-- A token is verified with the key and the algorithm of its making, while it is in force.
-- shows: Z-12
local function is(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
  return err
end
local now = time.now():unix()
for _, alg in ipairs { "HS256", "HS384", "HS512" } do
  local token = crypto.jwt.encode({ sub = "me", exp = now + 60, roles = { "a", "b" }, level = 1.5 }, "key", alg)
  local claims = crypto.jwt.verify(token, "key", alg)
  assert(claims.sub == "me" and claims.exp == now + 60 and claims.roles[2] == "b" and claims.level == 1.5)
  is(errors.INTERNAL, crypto.jwt.verify(token, "other", alg))
  is(errors.INTERNAL, crypto.jwt.verify(token .. "x", "key", alg))
end
local token = crypto.jwt.encode({ sub = "me", exp = now + 60 }, "key")
assert(crypto.jwt.verify(token, "key").sub == "me", "HS256 unless said otherwise")
is(errors.INTERNAL, crypto.jwt.verify(token, "key", "HS512"))
is(errors.INTERNAL, crypto.jwt.verify(crypto.jwt.encode({ exp = now - 1 }, "key"), "key"))
is(errors.INTERNAL, crypto.jwt.verify(crypto.jwt.encode({ exp = now + 60, nbf = now + 60 }, "key"), "key"))
local endless = crypto.jwt.encode({}, "key")
is(errors.INTERNAL, crypto.jwt.verify(endless, "key"))
assert(next(crypto.jwt.verify(endless, "key", "HS256", false)) == nil)
is(errors.INTERNAL, crypto.jwt.verify("", "key"))
-- A token that names no algorithm of ours is not believed.
is(errors.INTERNAL, crypto.jwt.verify("eyJhbGciOiJub25lIn0.e30.", "key", "HS256", false))
for _, alg in ipairs { "none", "hs256", "RS512" } do
  is(errors.INVALID, crypto.jwt.encode({}, "key", alg))
  is(errors.INVALID, crypto.jwt.verify(token, "key", alg))
end
is(errors.INVALID, crypto.jwt.encode({}, ""))
is(errors.INVALID, crypto.jwt.encode({ _header = { alg = "none" } }, "key"))
assert(crypto.jwt.encode({ _header = {} }, "key") == crypto.jwt.encode({}, "key"))
assert(crypto.jwt.encode({ _header = { kid = "one" } }, "key") ~= crypto.jwt.encode({}, "key"))
-- An error among the claims is its text: neither its place nor its details leave the process.
local failed = errors.new { message = "gone", details = { secret = 1 } }
local told = crypto.jwt.encode({ e = failed, list = { failed }, _header = { e = failed } }, "key")
local claims = crypto.jwt.verify(told, "key", "HS256", false)
assert(claims.e == "gone" and claims.list[1] == "gone")
local header = told:match("^[^.]+")
assert(base64.decode(header .. ("="):rep(-#header % 4)) == '{"alg":"HS256","typ":"JWT","e":"gone"}')
-- An integer of more than 64 bits is a float, as `json.decode` has it.
local function base64url(text)
  return (base64.encode(text):gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" }))
end
local signed = base64url('{"alg":"HS256"}') .. "." .. base64url('{"exp":18446744073709551615}')
local far = signed .. "." .. base64url((hex.decode(crypto.hmac.sha256("key", signed))))
assert(crypto.jwt.verify(far, "key").exp == 18446744073709551615.0)
assert(not pcall(crypto.jwt.encode, "claims", "key") and not pcall(crypto.jwt.verify, token, {}))
