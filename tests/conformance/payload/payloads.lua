-- Payloads: copies, formats, and what crosses.
-- shows: FN-9, FN-10, FN-11
local F = payload.format
assert(require("payload") == payload)
assert(F.LUA == "lua/any" and F.JSON == "json/plain" and F.YAML == "yaml/plain" and F.STRING == "text/plain")
assert(F.BYTES == "application/octet-stream" and F.MSGPACK == "application/msgpack")
assert(F.GOLANG == "golang/any" and F.ERROR == "golang/error")

local t = { 1, { x = "y" } }
local p = payload.new(t)
t[1] = 9
local data = p:data()
assert(data[1] == 1 and data[2].x == "y")
data[1] = 5
assert(p:data()[1] == 1 and p:unmarshal()[2].x == "y")
assert(p:get_format() == "lua/any" and tostring(p) == "payload{format=lua/any}" and type(p) == "userdata")
for _, value in ipairs { 0, 1.5, "x", "", "\xff", false, true } do
  assert(payload.new(value):data() == value)
end
assert(payload.new(nil):data() == nil and payload.new():get_format() == F.LUA)
local failure = errors.new { message = "m", kind = "Own" }
assert(payload.new(failure):get_format() == F.ERROR and payload.new(failure):data():kind() == "Own")
assert(payload.new(payload.new(5)):data() == 5)
for _, value in ipairs { print, coroutine.create(print), { f = print }, channel.new() } do
  local none, err = payload.new(value)
  assert(none == nil and err:kind() == errors.INVALID and tostring(err):find("^value"), tostring(err))
end
local _, err = payload.new { a = { print } }
assert(tostring(err):find("value.a[1]", 1, true), tostring(err))
assert(not pcall(p.data) and not pcall(p.transcode, p, 1) and not pcall(p.get_format, {}))
local none, missing = p:transcode()
assert(none == nil and missing:kind() == errors.INVALID)

-- It crosses as its value, alone and inside others.
local listener = process.listen("t")
process.send(process.pid(), "t", p, { inner = p })
local got = listener:receive()
assert(got.n == 2 and got[1][2].x == "y" and got[2].inner[1] == 1)
process.send(process.pid(), "m", p)
local message = process.inbox():receive()
process.send(process.pid(), "t", message:payload())
assert(listener:receive()[1] == 1)
assert(json.encode(p) == json.encode { 1, { x = "y" } } and json.encode { payload.new("s") } == '["s"]')
local deep = {}
for _ = 1, 98 do
  deep = { deep }
end
assert(process.send(process.pid(), "t", payload.new(deep)) and type(listener:receive()) == "table")
local ok, why = process.send(process.pid(), "t", { { payload.new(deep) } })
assert(ok == nil and why:kind() == errors.INVALID)

-- Formats.
local function becomes(from, format, expected)
  local to, refused = from:transcode(format)
  assert(to, refused)
  assert(to:get_format() == format and to:data() == expected, tostring(to:data()))
  return to
end
local map = payload.new { a = { 1, 2 } }
local text = becomes(map, F.JSON, '{"a":[1,2]}')
assert(text:unmarshal().a[2] == 2 and text:transcode(F.LUA):data().a[1] == 1)
becomes(text, F.STRING, '{"a":[1,2]}')
local document = becomes(map, F.YAML, "a:\n  - 1\n  - 2\n")
assert(document:unmarshal().a[2] == 2 and document:transcode(F.JSON):data() == '{"a":[1,2]}')
becomes(payload.new("yes"), F.YAML, '"yes"\n')
becomes(text, F.BYTES, '{"a":[1,2]}')
local packed = map:transcode(F.MSGPACK)
assert(packed:data() == "\x81\xa1a\x92\x01\x02" and packed:unmarshal().a[2] == 2)
becomes(packed, F.BYTES, packed:data())
becomes(packed, F.JSON, '{"a":[1,2]}')
assert(map:transcode(F.GOLANG):data().a[1] == 1)
becomes(payload.new("x"), F.STRING, "x")
becomes(payload.new(5), F.STRING, "5")
becomes(payload.new(true), F.BYTES, "true")
becomes(payload.new("\xff"), F.BYTES, "\xff")
becomes(payload.new(failure), F.STRING, "m")
becomes(payload.new("s"), F.JSON, '"s"')
becomes(payload.new(nil), F.JSON, "null")
assert(payload.new("went"):transcode(F.ERROR):data():message() == "went")
assert(payload.new(failure):transcode(F.ERROR):data():kind() == "Own")
assert(map:transcode(F.LUA) == map)
local function internal(p, format)
  local none, err = p:transcode(format)
  assert(none == nil and err:kind() == errors.INTERNAL, format)
end
internal(map, "no/format")
internal(map, F.STRING)
internal(payload.new(nil), F.STRING)
internal(payload.new("\xff"), F.STRING)
internal(payload.new("\xff"), F.JSON)
internal(map, F.ERROR)
