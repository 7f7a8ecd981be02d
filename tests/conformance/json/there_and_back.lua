-- Encoded values decode to the same values.
-- shows: J-1, J-2, J-5
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

-- A document that was sent is what it was.
local text = [[{"a":[null,{},[],{"b":{}}]}]]
local there = process.listen("document")
assert(process.send(process.pid(), "document", json.decode(text, { null = json.null })))
assert(json.encode((there:receive())) == text)
for _, bad in ipairs { "1e999", "-1e999", ("9"):rep(400), [["\ud800"]], [["\udc00"]] } do
  local value, err = json.decode(bad)
  assert(value == nil and errors.is(err, errors.INTERNAL), bad)
end
