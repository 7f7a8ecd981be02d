-- tries: keep every thread busy with schemas that double at each level, refer to themselves, and compare all with all
-- end: terminated
local function doubling(keyword, leaf)
  local defs = { l60 = leaf }
  for n = 0, 59 do
    local next_one = { ["$ref"] = "#/$defs/l" .. n + 1 }
    defs["l" .. n] = { [keyword] = { next_one, next_one } }
  end
  return { ["$ref"] = "#/$defs/l0", ["$defs"] = defs }
end
local numbers, fields, patterns = {}, {}, {}
for n = 1, 50000 do
  numbers[n] = n
end
for n = 1, 20000 do
  fields[("k"):rep(100) .. n] = n
end
for n = 1, 60 do
  patterns["(?:a|aa){" .. n .. "}$"] = {}
end
local deep = 1
for _ = 1, 90 do
  deep = { a = deep }
end
local attacks = {
  { doubling("allOf", {}), 1 },
  { doubling("anyOf", { type = "string" }), 1 },
  { doubling("oneOf", {}), 1 },
  { { ["$ref"] = "#" }, 1 },
  { { ["not"] = { ["not"] = { ["$ref"] = "#" } } }, 1 },
  { { uniqueItems = true, items = { enum = numbers } }, numbers },
  { { patternProperties = patterns, unevaluatedProperties = false }, fields },
  {
    {
      anyOf = { { properties = { a = { ["$ref"] = "#" } } }, { additionalProperties = { ["$ref"] = "#" } } },
      unevaluatedProperties = { ["$ref"] = "#" },
    },
    deep,
  },
}
for n = 1, 40 do
  coroutine.spawn(function()
    while true do
      local attack = attacks[n % #attacks + 1]
      attack[1].title = "another one " .. n .. tostring(math.random())
      json.validate(attack[1], attack[2])
    end
  end)
end
time.sleep("1h")
