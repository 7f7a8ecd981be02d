-- Regular expressions find, split and replace in time linear in the text.
-- shows: Z-15
local function is(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
end
local function list(values)
  return values and table.concat(values, "|")
end
local re = text.regexp.compile("b+")
assert(re:match_string("abc") and not re:match_string("xyz"))
assert(re:find_string("abbc") == "bb" and re:find_string("xyz") == nil)
assert(list(re:find_all_string("abbcb")) == "bb|b" and #re:find_all_string("xyz") == 0)
assert(list(re:find_string_index("abbc")) == "2|3" and re:find_string_index("x") == nil)
local all = re:find_all_string_index("abbcb")
assert(#all == 2 and list(all[2]) == "5|5" and re:find_all_string_index("x") == nil)
assert(re:replace_all_string("abbcb", "-") == "a-c-" and re:string() == "b+")

local date = text.regexp.compile([[(?P<year>\d{4})-(?P<month>\d\d)(-\d\d)?]])
assert(date:num_subexp() == 3 and list(date:subexp_names()) == "|year|month|")
assert(list(date:find_string_submatch("on 2024-05!")) == "2024-05|2024|05|")
assert(date:find_string_submatch("never") == nil)
local both = date:find_all_string_submatch("2024-05-06 2025-01")
assert(#both == 2 and both[1][4] == "-06" and both[2][2] == "2025")
assert(date:replace_all_string("2024-05", "${month}/$1$$") == "05/2024$")

-- Any bytes are text to search.
assert(list(text.regexp.compile("a"):find_string_index("\xff\xfea")) == "3|3")
assert(require("text") == text and tostring(re) == "b+")

local comma = text.regexp.compile(", *")
assert(list(comma:split("a, b,c", -1)) == "a|b|c" and list(comma:split("a, b,c")) == "a|b|c")
assert(list(comma:split("a, b,c", 2)) == "a|b,c" and #comma:split("a,b", 0) == 0)
assert(list(comma:split("", -1)) == "" and #comma:split("", -1) == 1)
assert(list(text.regexp.compile(""):split("abc", -1)) == "a|b|c")

for _, pattern in ipairs { "(", "a**b(", "(?=a)", "a{1000}{1000}{1000}", ("x"):rep(70000), "\xff" } do
  is(errors.INVALID, text.regexp.compile(pattern))
end
for _, pattern in ipairs { "(", "\xff" } do
  local _, err = text.regexp.compile(pattern)
  assert(tostring(err):find("^regex: "))
end
is(errors.INVALID, text.regexp.compile())
is(errors.INVALID, re:match_string())
is(errors.INVALID, re:split("x", 1.5))
assert(not pcall(text.regexp.compile, 7) and not pcall(re.match_string, {}, "x") and not pcall(re.split, re, "x", {}))

-- RE2's syntax: classes of Perl are ASCII, a brace that repeats nothing is a character.
assert(text.regexp.compile([[\w+]]):find_string("über") == "ber")
assert(text.regexp.compile([[{(\w+)}]]):replace_all_string("Dear {name}!", "<$1>") == "Dear <name>!")
assert(text.regexp.compile([[\Q1+1\E=[[:digit:]&&x]+]]):find_string("1+1=2&") == "1+1=2&")
assert(text.regexp.compile("(?i)É+"):find_string("aéÉ") == "éÉ")

for pattern, found in pairs { [ [[\<b\>]] ] = "<b>", [ [[\101\x7e]] ] = "A~", [ [[\p{^Greek}$]] ] = "~", ["(?P<1n>b)(?i)+>"] = "b>" } do
  assert(text.regexp.compile(pattern):find_string("a<b>A~") == found, pattern)
end
for _, pattern in ipairs {
  "a**", "a{2}{3}", "a{1001}", "(?x)a", [[\u0041]], [[\p{greek}]], [[\p{Letter}]], "[[:foo:]]", "[a--b]",
} do
  is(errors.INVALID, text.regexp.compile(pattern))
end
assert(text.regexp.compile("(?P<1n>b)"):replace_all_string("abc", "<${1n}>") == "a<b>c")

-- An empty match stands between characters. A byte of no character is one of its own.
assert(text.regexp.compile(""):replace_all_string("né", "-") == "-n-é-")
assert(text.regexp.compile("x*"):replace_all_string("\xffx\xfe", "-") == "-\xff-\xfe-")
assert(list(text.regexp.compile(""):split("aé😀", -1)) == "a|é|😀")
assert(#text.regexp.compile("x*"):find_all_string_index("é") == 2)
assert(not text.regexp.compile([[\B]]):match_string("aéa"))

-- Linear: a backtracking matcher takes until the end of time.
local bomb = text.regexp.compile("(a*)*(a*)*(a*)*b")
assert(not bomb:match_string(("a"):rep(30000)))
-- Megabytes are matched beside the process.
local words = text.regexp.compile("[a-z]+")
assert(#words:find_all_string(("word "):rep(20000)) == 20000)
is(errors.INVALID, text.regexp.compile("(?:(?:abc){2}){500}"):match_string(("a"):rep(1000000)))
