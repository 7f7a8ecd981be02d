-- `json.encode` makes this JSON of each value.
-- shows: J-2, J-3, J-4, J-6
assert(json.encode(nil) == "null" and json.encode(true) == "true" and json.encode(json.null) == "null")
assert(json.encode(1) == "1" and json.encode(1.0) == "1.0" and json.encode(-0.5) == "-0.5")
assert(json.encode(math.mininteger) == "-9223372036854775808")
assert(json.encode("a\"\\\n\0ü") == [["a\"\\\n\u0000ü"]])
assert(json.encode { 1, "two", { 3 } } == [=[[1,"two",[3]]]=])
assert(json.encode {} == "[]" and json.encode(json.object {}) == "{}")
assert(json.encode { a = 1 } == [[{"a":1}]])
assert(json.encode({ a = { 1 } }, { pretty = true }):find("\n"))

local cycle = {}
cycle[1] = cycle
for _, bad in ipairs { 0 / 0, math.huge, print, "\xff", cycle, { f = print }, { [true] = 1 } } do
  local text, err = json.encode(bad)
  assert(text == nil and errors.is(err, errors.INVALID))
end
