-- `yaml.encode` writes tables that `yaml.decode` reads back.
-- shows: YM-4
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b and math.type(a) == math.type(b)
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

for _, value in ipairs {
  {}, { 1, 2.0, -3, "x", true, false },
  { name = "shop", list = { 1, { a = { b = {} } } }, [1.5] = "x", [7] = "y", [true] = 0 },
  { "yes", "no", "null", "~", "12", "1.5", "0x1", " a", "a ", "a: b", "a #b", "- a", "", "[", "{", "*a", "&a", "!a", "'", '"' },
  { "a\nb", "a\n", "a\n\n", "\na", " a\nb", "a\r\nb", "a\tb", "\0", "ü\u{2028}" },
  { ["a: b"] = 1, [""] = 2, ["a\nb"] = { x = 1 }, [("k"):rep(2000)] = { 1 }, ["12"] = 3, [12] = 4 },
  { math.huge, -math.huge, math.maxinteger, math.mininteger, 0.1, 1e100, 5e-324 },
} do
  local text = assert(yaml.encode(value))
  local back, err = yaml.decode(text)
  assert(same(value, back), text .. tostring(err))
end
assert(yaml.encode { errors.new("no stock"), json.null } == "- no stock\n- null\n")

local value = { z = { b = 1, name = 2 }, a = 3, kind = 4 }
local order = { "name", "kind" }
assert(yaml.encode(value, { field_order = order, sort_unordered = true }) == "kind: 4\na: 3\nz:\n  name: 2\n  b: 1\n")
assert(yaml.encode(value, { sort_unordered = true }) == "a: 3\nkind: 4\nz:\n  b: 1\n  name: 2\n")
assert(yaml.encode(value, { field_order = order }):find("^kind: 4\n"))

local function invalid(says, result, err)
  assert(result == nil and errors.is(err, errors.INVALID) and err:find(says, 1, true), tostring(err))
end
invalid("table is missing", yaml.encode())
for _, none in ipairs { 1, "x", true } do
  invalid("not a table", yaml.encode(none))
end
invalid("value.a[2]: a string that is not UTF-8", yaml.encode { a = { 1, "\xff" } })
invalid("a function cannot", yaml.encode { f = print })
local cycle = {}
cycle[1] = cycle
invalid("contains itself", yaml.encode(cycle))
invalid("options.field_order", yaml.encode({}, { field_order = "name" }))
invalid("options: unknown key sort", yaml.encode({}, { sort = true }))
invalid("more than 1048576", yaml.encode { ("x"):rep(1048576) })
