-- `json.decode` makes these values of JSON, and refuses the rest.
-- shows: J-2, J-3, J-5
local value = json.decode([[ {"a": [1, 1.0, -2e3, "x\u00fc\ud83d\ude00\n", true, false, null], "b": {}} ]])
local a = value.a
assert(math.type(a[1]) == "integer" and math.type(a[2]) == "float" and a[3] == -2000.0)
assert(a[4] == "xü😀\n" and a[5] == true and a[6] == false and a[7] == json.null and next(value.b) == nil)
assert(json.decode("9223372036854775807") == math.maxinteger)
assert(math.type(json.decode("9223372036854775808")) == "float")
assert(json.decode("null") == json.null and json.decode('""') == "")

for _, bad in ipairs {
  "", "{", "[1,]", "{'a':1}", "[1 2]", "01", "1.", "+1", "nul", '"\n"', '"\\x"', "[1] 2", "{\"a\"}", "NaN", '"\xff"',
} do
  local value, err = json.decode(bad)
  assert(value == nil and errors.is(err, errors.INVALID), bad)
end
assert(select(2, json.decode("[1,\n x]")):find("line 2"), "it says where")
