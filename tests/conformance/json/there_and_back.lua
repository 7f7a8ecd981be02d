-- What was encoded is decoded to the same.
-- shows: J-1
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
  1, 1.5, 0.1, 1e300, 5e-324, "text", true, { 1, 2, 3 }, { a = { b = { c = { "deep" } } } }, ("x"):rep(100000),
  { list = {}, n = math.maxinteger },
} do
  assert(same(json.decode(json.encode(value)), value))
  assert(same(json.decode(json.encode(value, { pretty = true })), value))
end
