-- `yaml.decode` makes these values of YAML, and refuses the rest.
-- shows: YM-1, YM-2, YM-3
local value = yaml.decode [[
# a comment
name: shop
port: 8080
ratio: 1.0
open: true
answer: yes
mode: 0o17
hex: 0xff
none: ~
list:
- 1
- two
- {three: [3]}
text: |
  one
  two
---
second: document
]]
assert(value.name == "shop" and value.port == 8080 and math.type(value.port) == "integer")
assert(value.ratio == 1 and math.type(value.ratio) == "float")
assert(value.open == true and value.answer == "yes" and value.mode == 15 and value.hex == 255)
assert(value.none == nil and value.list[2] == "two" and value.list[3].three[1] == 3)
assert(value.text == "one\ntwo\n" and value.second == nil)
assert(yaml.decode("a:\tb").a == "b" and yaml.decode("{a:\t\tb}").a == "b", "tabs separate as spaces do")
local numbers = yaml.decode "[.inf, -.inf, .nan, 9223372036854775807, 9223372036854775808]"
assert(numbers[1] == math.huge and numbers[2] == -math.huge and numbers[3] ~= numbers[3])
assert(numbers[4] == math.maxinteger and math.type(numbers[5]) == "float")
local keys = yaml.decode "{1: a, true: b, 1.5: c}"
assert(keys[1] == "a" and keys[true] == "b" and keys[1.5] == "c")
local holes = yaml.decode "[1, null, 3]"
assert(holes[1] == 1 and holes[2] == nil and holes[3] == 3)
local empty = yaml.decode "a: {}\nb: []\nc: {d: }"
assert(json.encode(empty.a) == "{}" and json.encode(empty.b) == "[]" and json.encode(empty.c) == "{}")
local nothing, err = yaml.decode "# nothing"
assert(nothing == nil and err == nil)
assert(yaml.decode "~" == nil and require("yaml") == yaml)

-- An alias is a copy.
local copies = yaml.decode "base: &b {x: [1]}\nfirst: *b\nsecond: *b"
copies.first.x[1] = 2
assert(copies.second.x[1] == 1 and copies.base.x[1] == 1)

for _, bad in ipairs {
  "[1", "a: b: c", "a:\n\t- 1", "'x", '"\\q"', "a: 1\na: 2", "~: 1", "[1]: 2", "!x 1", "!!binary AA==", "*x", "&a [*a]",
  ("["):rep(101), "1e999",
} do
  value, err = yaml.decode(bad)
  assert(value == nil and errors.is(err, errors.INTERNAL) and err:find("line %d+, column %d+$"), bad)
  assert(err:retryable() == false)
end
for _, none in ipairs { "", 1, true, {} } do
  value, err = yaml.decode(none)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(none))
end
value, err = yaml.decode()
assert(value == nil and errors.is(err, errors.INVALID))
assert(errors.is(select(2, yaml.decode(("x"):rep(1048577))), errors.INVALID))

local laughs = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
for n = 1, 9 do
  laughs = laughs .. ("l%d: &l%d [%s]\n"):format(n, n, ("*l" .. n - 1 .. ", "):rep(9))
end
value, err = yaml.decode(laughs)
assert(value == nil and errors.is(err, errors.INTERNAL) and err:find("10 times", 1, true), tostring(err))
