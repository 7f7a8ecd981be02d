-- tries: fill the memory of the runtime with variables, names and values without end
-- end: returned
local value = ("x"):rep(65536)
local refused = 0
for n = 1, 40 do
  local ok, err = env.set("V" .. n, value)
  if not ok then
    assert(errors.is(err, errors.RATE_LIMITED) or errors.is(err, errors.NOT_FOUND), err)
    refused = refused + 1
  end
end
assert(refused >= 24, refused)
for _ = 1, 2000 do
  assert(env.set("V1", value))
end
for n = 1, 2000 do
  assert(not env.set("W" .. n, value))
end
for _, name in ipairs { ("N"):rep(10000000), ("N"):rep(16385) } do
  assert(errors.is(select(2, env.set(name, "x")), errors.INVALID))
  assert(errors.is(select(2, env.get(name)), errors.INVALID))
end
assert(errors.is(select(2, env.set("V1", ("x"):rep(10000000))), errors.INVALID))
