-- `json.encode` makes this JSON of each value.
-- shows: J-2, J-3, J-4, J-6, J-8
assert(json.encode(nil) == "null" and json.encode(true) == "true" and json.encode(json.null) == "null")
assert(json.encode(1) == "1" and json.encode(1.0) == "1.0" and json.encode(-0.5) == "-0.5")
assert(json.encode(math.mininteger) == "-9223372036854775808")
assert(json.encode("a\"\\\n\0ü") == [["a\"\\\n\u0000ü"]])
assert(json.encode { 1, "two", { 3 } } == [=[[1,"two",[3]]]=])
assert(json.encode {} == "[]" and json.encode(json.object {}) == "{}")
assert(json.encode { a = 1 } == [[{"a":1}]])
assert(json.encode({ a = { 1 } }, { pretty = true }):find("\n"))
assert(json.encode { 0 / 0, math.huge, -math.huge } == "[null,null,null]")
local err = errors.new { kind = errors.TIMEOUT, message = "too late" }
assert(json.encode { err, errors.wrap(err, "reading") } == [=[["too late","reading: too late"]]=])
assert(tostring(errors.wrap(err, "reading")) == "reading: too late")

-- A list with holes.
assert(json.encode(json.array { 1, nil, 3 }) == "[1,null,3]" and json.encode(json.array {}) == "[]")
assert(json.encode(json.array { [4] = true }) == "[null,null,null,true]")
assert(json.encode(json.array { 1, 2 }) == "[1,2]")

local cycle, deep = {}, {}
cycle[1] = cycle
for _ = 1, 127 do
  deep = { deep }
end
assert(json.encode(deep))
for path, bad in pairs {
  ["value: "] = { 1, nil, 3 }, ["value.a: "] = { a = { 1, x = 2 } }, ["value[1]: "] = cycle,
  ["value.b[2]: "] = { b = { 1, { [true] = 1 } } }, ["value[1].c: "] = { { c = { [0] = 1 } } },
  ['value["d e"]: '] = { ["d e"] = json.array { 1, x = 1 } }, ["value[1][1]"] = { deep },
} do
  local text, why = json.encode(bad)
  assert(text == nil and errors.is(why, errors.INTERNAL), path)
  assert(why:find(path, 1, true) == 1, tostring(why))
end
for path, bad in pairs {
  ["value: a function"] = print, ["value.f: a function"] = { f = print },
  ["value[1][2]: a coroutine"] = { { 1, coroutine.create(print) } }, ["value: a userdata"] = channel.new(),
  ["value[1]: a userdata"] = { time.now() }, ["value: a string that is not UTF-8"] = "\xff",
} do
  local text, why = json.encode(bad)
  assert(text == nil and errors.is(why, errors.INVALID), path)
  assert(why:find(path, 1, true) == 1, tostring(why))
end
