-- tries: fill the memory of the runtime with tokens, large and small ones, that expire and that do not, and guess those of others
-- end: returned
-- grows: 128
-- options: --env TOKEN_KEY=secret
local target = ...
local ts = assert(security.token_store("app:tokens"))
local actor, scope = security.new_actor("a", { x = ("x"):rep(60000) }), security.new_scope {}
if target then
  -- Tokens that expire at once leave nothing behind.
  for _ = 1, 20000 do
    local token, err = ts:create(security.new_actor("b"), scope, { expiration = "1us" })
    assert(token or errors.is(err, errors.RATE_LIMITED), err)
  end
  return
end
local large, full = 0, nil
for _ = 1, 2000 do
  local token, err = ts:create(actor, scope)
  if token then
    large = large + 1
  else
    full = err
  end
end
assert(large < 600 and errors.is(full, errors.RATE_LIMITED), large)
assert(full:details().limit == "max_stored" and full:details().store == "app:tokens")
-- More than any token may hold is refused before it is kept.
for _, size in ipairs { 66000, 1000000, 10000000 } do
  local token, err = ts:create(security.new_actor("a"), scope, { meta = { x = ("x"):rep(size) } })
  assert(not token and errors.is(err, errors.INVALID), err)
end
local policies = {}
for n = 1, 20000 do policies[n] = "policy" .. n end
assert(errors.is(select(2, ts:create(security.new_actor("a"), security.new_scope(policies))), errors.INVALID))
-- Guesses of any length cost what their bytes cost.
for n = 1, 2000 do
  local _, _, err = ts:validate(("A"):rep(n) .. "=.")
  assert(errors.is(err, errors.INTERNAL))
end
local _, _, err = ts:validate(("A"):rep(10000000))
assert(errors.is(err, errors.INTERNAL))
local another = assert(security.token_store("app:others"))
for _ = 1, 10 do
  assert(process.spawn_linked("app:attack", "app:attackers", process.pid()))
end
for _ = 1, 2000 do
  local token = assert(another:create(security.new_actor("c"), scope, { expiration = "1h" }))
  assert(another:revoke(token))
end
