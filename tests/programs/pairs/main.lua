-- Has each language do everything with each, itself included, for every value
-- that can cross. Its arguments are the definitions.
local host <const> = "app:processes"

local values = {
  { "nil", nil },
  { "true", true },
  { "false", false },
  { "0", 0 },
  { "-1", -1 },
  { "127", 127 },
  { "128", 128 },
  { "-129", -129 },
  { "65536", 65536 },
  { "2^53+1", (1 << 53) + 1 },
  { "maxinteger", math.maxinteger },
  { "mininteger", math.mininteger },
  { "1.0", 1.0 },
  { "-0.0", -0.0 },
  { "0.1", 0.1 },
  { "infinity", math.huge },
  { "-infinity", -math.huge },
  { "nan", 0 / 0 },
  { "2.0^53", 2.0 ^ 53 },
  { "empty text", "" },
  { "text", "Grüße, 世界 🚀" },
  { "zero bytes", "a\0b" },
  { "bytes", "\xff\xfe\x00\x80" },
  { "long text", ("x"):rep(70000) },
  { "empty table", {} },
  { "array", { 1, "two", 3.0, false } },
  { "long array", table.pack(("x"):rep(300):byte(1, -1)) },
  { "map", { name = "x", nested = { deep = { 1, 2, { a = true } } } } },
  { "keys", { [1] = "integer", [2.5] = "float", [true] = "boolean", ["1"] = "text", [-7] = "negative" } },
  { "error", errors.new { message = "inner", kind = errors.TIMEOUT, retryable = false, details = { 1.0, "x" } } },
  { "error in a table", { errors.new "plain" } },
}
values[27][2].n = nil

local function same(a, b)
  if math.type(a) ~= math.type(b) or type(a) ~= type(b) then return false end
  if a ~= a then return b ~= b end
  if a == 0 and math.type(a) == "float" then return 1 / a == 1 / b end
  if type(a) == "userdata" then
    return a:kind() == b:kind() and a:message() == b:message() and a:retryable() == b:retryable()
      and same(a:details(), b:details())
  end
  if type(a) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local failures = 0
local function check(what, wanted, got, err)
  if err == nil and same(wanted, got) then return end
  failures = failures + 1
  print(("%s: got %s %s, error %s"):format(what, math.type(got) or type(got), tostring(got), tostring(err)))
end

local pairs_done = 0
for _, a in ipairs { ... } do
  for _, b in ipairs { ... } do
    for _, case in ipairs(values) do
      local name, value = table.unpack(case, 1, 2)
      for _, command in ipairs { "exec", "upgrade", "ask" } do
        check(("%s %s %s, %s"):format(a, command, b, name), value, process.exec(a, host, command, b, value))
      end
      local seen = { kind = "Conflict", message = "it contradicts", retryable = true, details = value }
      check(("%s catch %s, %s"):format(a, b, name), seen, process.exec(a, host, "catch", b, value))
    end
    pairs_done = pairs_done + 1
  end
end
print(("%d pairs, %d values, %d failures"):format(pairs_done, #values, failures))
