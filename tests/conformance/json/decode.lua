-- `json.decode` makes these values of JSON, and refuses the rest.
-- shows: J-2, J-3, J-5, J-7
local value = json.decode([[ {"a": [1, 1.0, -2e3, "x\u00fc\ud83d\ude00\n", true, false, null], "b": {}} ]])
local a = value.a
assert(math.type(a[1]) == "integer" and math.type(a[2]) == "float" and a[3] == -2000.0)
assert(a[4] == "xü😀\n" and a[5] == true and a[6] == false and a[7] == nil and next(value.b) == nil)
assert(json.decode("9223372036854775807") == math.maxinteger)
assert(math.type(json.decode("9223372036854775808")) == "float")
assert(json.decode('""') == "")

-- `null` is nil, or what is asked for.
value = json.decode('{"a": null, "b": [1, null, 3]}')
assert(value.a == nil and not value.a and value.b[1] == 1 and value.b[2] == nil and value.b[3] == 3)
assert(next(value) == "b" and next(value, "b") == nil)
local nothing, err = json.decode("null")
assert(nothing == nil and err == nil)
value = json.decode('{"a": null, "b": [null], "c": 1, "c": null}', { null = json.null })
assert(value.a == json.null and value.b[1] == json.null and value.c == json.null)
assert(json.decode("null", { null = json.null }) == json.null and json.decode("[null]", { null = 0 })[1] == 0)
assert(json.encode(json.decode('{"a": null}')) == "{}", "it was an object")

for _, bad in ipairs {
  "{", "[1,]", "{'a':1}", "[1 2]", "01", "1.", "+1", "nul", '"\n"', '"\\x"', "[1] 2", "{\"a\"}", "NaN", '"\xff"', " ",
  ("["):rep(129),
} do
  value, err = json.decode(bad)
  assert(value == nil and errors.is(err, errors.INTERNAL) and err:find("line 1, column %d+$"), bad)
end
assert(#json.decode(("["):rep(128) .. ("]"):rep(128)) == 1)
assert(select(2, json.decode("[1,\n x]")):find("line 2, column 2", 1, true), "it says where")
for _, none in ipairs { "", 5, true, {}, print } do
  value, err = json.decode(none)
  assert(value == nil and errors.is(err, errors.INVALID))
end
value, err = json.decode(nil)
assert(value == nil and errors.is(err, errors.INVALID))
