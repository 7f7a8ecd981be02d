-- A token stands for an actor and a scope, in the store that made it, until it expires or
-- is revoked.
-- options: --env TOKEN_KEY=secret
-- shows: Y-18, Y-19
local function is(value, expected)
  assert(value == expected, tostring(value) .. ", not " .. tostring(expected))
end

local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
  return err
end

local host = "app:processes"
local signed, plain = assert(security.token_store("app:signed")), assert(security.token_store("plain"))
local ada = security.new_actor("ada", { role = "admin" })
local readers = security.new_scope { "readers" }

-- Random bytes in Base64; with a key, a point and their code.
local token = assert(plain:create(ada, readers))
is(#base64.decode(token), 32)
local signed_token = assert(signed:create(ada, readers))
local random, code = signed_token:match("^([^.]+)%.([^.]+)$")
is(#base64.decode(random), 24)
is(base64.decode(code), hash.hmac_sha256(random, "secret", true))
assert(token ~= plain:create(ada, readers))

-- The token gives what it was made with, here and in another process that has the store.
local function check(actor, scope, err, ...)
  is(err, nil)
  is(select("#", ...), 0)
  is(actor:id(), "ada")
  is(actor:meta().role, "admin")
  is(#scope:policies(), 1)
  is(scope:contains("readers"), true)
end
check(plain:validate(token))
check(signed:validate(signed_token))
is(process.exec("app:worker", host, "plain", token), "ada")

-- Its policies are judged when it is used.
local actor, scope = plain:validate(token)
is(scope:evaluate(actor, "read", "book"), "allow")
local missing = plain:create(ada, security.new_scope { "readers", "gone" })
is(select(2, plain:validate(missing)):evaluate(actor, "read", "book"), "undefined")
local spawner = assert(assert(process.with_context {}):with_actor(actor)):with_scope(scope)
is(assert(spawner:exec("app:reader", host)).id, "ada")

-- Metadata is the token's own.
is(next(assert(plain:meta(token))), nil)
local described = assert(plain:create(ada, readers, { meta = { device = "phone", tries = 3 } }))
is(plain:meta(described).device .. plain:meta(described).tries, "phone3")

-- Expired, revoked, forged, unknown: one error.
local expired = assert(plain:create(ada, readers, { expiration = "1ns" }))
local short = assert(plain:create(ada, readers, { expiration = 1 }))
repeat until not plain:validate(expired) and not plain:validate(short)
local revoked = assert(plain:create(ada, readers))
is(plain:revoke(revoked), true)
is(plain:revoke(revoked), false)
is(plain:revoke("x"), false)
is(plain:revoke(expired), false)
local first
for _, case in ipairs {
  { plain, expired }, { plain, short }, { plain, revoked }, { plain, token .. "x" }, { plain, token:sub(1, -2) },
  { plain, "" }, { plain, "\xff" }, { plain, ("x"):rep(100000) }, { plain, signed_token },
  { signed, token }, { signed, random }, { signed, random .. "." }, { signed, random .. "." .. token },
  { signed, "." }, { signed, signed_token:gsub("^.", "!") },
} do
  local none, nothing, err = case[1]:validate(case[2])
  is(none, nil)
  is(nothing, nil)
  assert(errors.is(err, errors.INTERNAL), tostring(err))
  first = first or tostring(err)
  is(tostring(err), first)
  is(err:retryable(), false)
  is(tostring(fails(errors.INTERNAL, case[1]:meta(case[2]))), first)
end
check(plain:validate(token))

-- Wrong values.
fails(errors.INVALID, security.token_store(""))
fails(errors.INVALID, security.token_store())
fails(errors.INVALID, plain:create(nil, readers))
fails(errors.INVALID, plain:create(ada))
for _, options in ipairs {
  { expiration = 0 }, { expiration = "-1s" }, { expiration = "soon" }, { expires = "1h" }, { meta = "x" },
  { meta = { "x" } }, { meta = { f = print } }, { meta = { large = ("x"):rep(70000) } },
} do
  fails(errors.INVALID, plain:create(ada, readers, options))
end
assert(not pcall(plain.create, plain, "ada", readers))
assert(not pcall(plain.create, plain, ada, { "readers" }))
fails(errors.INVALID, plain:revoke())

-- A store that is not granted is not found, as one that does not exist.
local absent = fails(errors.NOT_FOUND, security.token_store("app:none"))
local ungranted = fails(errors.NOT_FOUND, security.token_store("app:secret"))
is(tostring(ungranted), (tostring(absent):gsub("none", "secret")))
is(absent:retryable(), false)
is(process.exec("app:stranger", host),
  'token store not found: app:plain; declare it by [tokens."app:plain"], and grant it by tokens = '
    .. '["app:plain"] in [grants."app:stranger"]')

-- Policies narrow the grant, operation by operation.
local guest = assert(process.with_context {}):with_scope(security.new_scope { "validates" })
local told = assert(guest:exec("app:worker", host, "plain", token, true))
is(told.id, "ada")
is(told.create, "not allowed: security.token.create on app:plain")
is(told.revoke, "not allowed: security.token.revoke on app:plain")
is(told.signed, "not allowed: security.token_store.get on app:signed")
is(told.can, true)
is(told.cannot, false)

-- A handle stays in its process, and closes.
fails(errors.INVALID, process.send(process.pid(), "topic", plain))
is(plain:close(), true)
is(plain:close(), true)
fails(errors.INVALID, plain:create(ada, readers))
fails(errors.INVALID, plain:revoke(token))
local none, nothing, err = plain:validate(token)
assert(none == nil and nothing == nil and errors.is(err, errors.INVALID))
check(security.token_store("plain"):validate(token))
