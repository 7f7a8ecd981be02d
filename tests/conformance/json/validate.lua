-- Values are checked against schemas of draft 2020-12.
-- shows: J-9, J-10
local schema = {
  type = "object",
  properties = {
    name = { type = "string", minLength = 1 },
    age = { type = "integer", minimum = 0 },
    tags = { type = "array", items = { enum = { "a", "b" } }, uniqueItems = true },
  },
  required = { "name" },
  additionalProperties = false,
}
local function holds(schema, value)
  local valid, err = json.validate(schema, value)
  assert(valid == true and err == nil, tostring(err))
end
local function refused(message, schema, value, ...)
  local valid, err = json.validate(schema, value, ...)
  assert(valid == false and errors.is(err, errors.INVALID) and err:message() == message, tostring(err))
  return err
end
for _ = 1, 2 do
  holds(schema, { name = "x", age = 7, tags = { "a" } })
  holds(schema, { name = "x", age = 7.0, tags = {} })
  local err = refused("data.age: minimum: -1 is less than 0", schema, { name = "x", age = -1 })
  assert(err:details().path == "data.age" and err:details().rule == "minimum" and err:retryable() == false)
  refused("data.name: required: it is missing", schema, {})
  refused("data.tags[2]: enum: it is not one of the values allowed", schema, { name = "x", tags = { "a", "c" } })
  refused("data.more: additionalProperties: it is not allowed here", schema, { name = "x", more = 1 })
  refused("data: type: expected object, got string", schema, "x")
end

-- As text, and of a text.
local text = json.encode(schema)
holds(text, { name = "x" })
local valid, err = json.validate_string(text, '{"name": "x", "tags": []}')
assert(valid == true and err == nil)
valid, err = json.validate_string(schema, '{"name": 1}')
assert(valid == false and err:message() == "data.name: type: expected string, got number")
valid, err = json.validate_string(schema, '[1')
assert(valid == false and errors.is(err, errors.INVALID) and err:find("line 1 column 2", 1, true), tostring(err))
holds({ const = json.null }, json.null)
holds({ type = "array" }, {})
holds({ type = "object" }, {})
refused("data: type: expected array, got object", { type = "array" }, json.object {})
holds('{"$ref": "https://json-schema.org/draft/2020-12/schema"}', schema)

-- No value, no schema.
refused("data is required", schema, nil)
refused("data is required", schema)
refused("schema is required", nil, 1)
refused("schema: expected a table or text", 1, 1)
assert(select("#", json.validate(schema, { name = "x" })) == 2)
for _, bad in ipairs { { type = "text" }, "{", { minLength = -1 }, '{"$ref": "x"}', { pattern = "(" }, { ["$schema"] = "x" } } do
  valid, err = json.validate(bad, 1)
  assert(valid == false and errors.is(err, errors.INVALID) and err:find("^schema"), tostring(err))
end
refused("data.f: a table whose keys are neither all strings nor all integers from 1 on has no form in JSON", {}, { f = { 1, x = 2 } })
valid, err = json.validate({}, print)
assert(valid == false and errors.is(err, errors.INVALID))

-- Each level asks twice for the next one; and one that asks for itself.
local defs = { l40 = {} }
for n = 0, 39 do
  local next_one = { ["$ref"] = "#/$defs/l" .. n + 1 }
  defs["l" .. n] = { allOf = { next_one, next_one } }
end
valid, err = json.validate({ ["$ref"] = "#/$defs/l0", ["$defs"] = defs }, 1)
assert(valid == false and errors.is(err, errors.INVALID) and err:details().limit == "max_schema_work", tostring(err))
valid, err = json.validate({ ["$ref"] = "#" }, 1)
assert(valid == false and errors.is(err, errors.INVALID) and err:details().limit == "max_schema_depth", tostring(err))

-- The other coroutines run meanwhile.
local ran, done = 0, false
coroutine.spawn(function()
  while not done do
    ran = ran + 1
    time.sleep(0)
  end
end)
local many = {}
for n = 1, 20000 do
  many[n] = "x" .. n
end
holds({ items = { pattern = "^x[0-9]+$" }, uniqueItems = true }, many)
done = true
assert(ran > 0)

-- A text nests as deep as `json.decode` reads it.
local deepest = ("["):rep(128) .. ("]"):rep(128)
assert(json.decode(deepest) and json.validate_string({}, deepest))
assert(json.validate({ type = "array" }, json.decode(deepest)))
local ok, err = json.validate_string({}, "[" .. deepest .. "]")
assert(ok == false and tostring(err):find("nested deeper than 128 levels", 1, true), tostring(err))
assert(err:details().limit == "max_nesting" and err:details().value == 128)

-- A value may be too deep to be sent by parts that its JSON does not have.
local details = {}
for _ = 1, 99 do
  details = { details }
end
ok, err = json.validate({ items = { const = "x" } }, { errors.new { message = "x", details = details } })
assert(ok == true, tostring(err))
