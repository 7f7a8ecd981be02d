-- The mark of an array reaches the other libraries and other processes.
-- shows: J-8, C-8
local list = json.array { 1, nil, 3 }
local is_list = { type = "array", minItems = 3, maxItems = 3, items = { type = { "integer", "null" } } }
local valid, err = json.validate(is_list, list)
assert(valid, tostring(err))
valid, err = json.validate({ properties = { deep = is_list } }, { deep = list })
assert(valid, tostring(err))
assert(yaml.encode(list) == "- 1\n- null\n- 3\n", yaml.encode(list))
local nested = assert(yaml.encode { a = json.array { [3] = "x" } })
assert(json.encode(yaml.decode(nested).a) == '[null,null,"x"]', nested)
local token = assert(crypto.jwt.encode({ list = list }, "key"))
local claims = assert(crypto.jwt.verify(token, "key", "HS256", false))
assert(json.encode(claims.list) == "[1,null,3]", json.encode(claims.list))

-- In messages, results and context values.
local me = process.id():match("[^#]+")
return function(role)
  if role then
    return { list = ctx.get("list") }
  end
  local lists = process.listen("list")
  assert(process.send(process.pid(), "list", list))
  local arrived = lists:receive()
  assert(arrived[1] == 1 and arrived[2] == nil and arrived[3] == 3 and json.encode(arrived) == "[1,null,3]")
  local spawner = assert(process.with_context { list = list })
  assert(json.encode(assert(spawner:exec(me, nil, "callee"))) == '{"list":[1,null,3]}')
  -- Without the mark it is a map, as any other table.
  assert(process.send(process.pid(), "list", { 1, nil, 3 }))
  arrived = lists:receive()
  assert(arrived[3] == 3 and errors.is(select(2, json.encode(arrived)), errors.INTERNAL))
  -- A place far away is no way to fill the memory.
  for _, place in ipairs { 1 << 21, 1 << 31, 1 << 40, math.maxinteger } do
    local sent
    sent, err = process.send(process.pid(), "list", json.array { [place] = 1 })
    assert(not sent and errors.is(err, errors.INVALID) and err:find("more than 1048576 bytes", 1, true), tostring(err))
  end
end
