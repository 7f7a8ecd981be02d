-- The module lpeg is LPeg. In a function that a match calls, blocking raises.
-- shows: I-19
assert(rawget(_G, "lpeg") == nil)
local lpeg = require("lpeg")
assert(lpeg == package.loaded.lpeg and lpeg.version() == "1.0.2")

local digit = lpeg.R("09")
local item = lpeg.Cg(lpeg.C(lpeg.R("az") ^ 1) * "=" * (digit ^ 1 / math.tointeger))
local list = lpeg.Cf(lpeg.Ct("") * item * ("," * item) ^ 0, rawset) * -1
local read = list:match("a=1,bc=22")
assert(read.a == 1 and read.bc == 22 and list:match("a=1,") == nil)
local nested = lpeg.P { "(" * ((1 - lpeg.S("()")) + lpeg.V(1)) ^ 0 * ")" }
assert(nested:match("(a(b)c)d") == 8 and nested:match("(a(b)c") == nil)

-- Positions that need more than 32 bits.
assert(lpeg.P("b"):match("ab", (1 << 32) + 2) == nil)
assert(lpeg.P("a"):match("ab", -(1 << 32) - 1) == 2)
assert(lpeg.P("a"):match("ab", math.mininteger) == 2)

-- A recursion without end is an error.
local deep
deep = lpeg.Cmt(lpeg.P(true), function() return deep:match("") end)
local ok, why = pcall(deep.match, deep, "")
assert(not ok and tostring(why):find("stack overflow", 1, true), why)
local brackets = ("("):rep(100000)
ok, why = pcall(nested.match, nested, brackets)
assert(not ok and why:find("backtrack stack overflow", 1, true), why)

coroutine.spawn(function() channel.new():receive() end)
local waits = lpeg.Cmt(lpeg.P(true), function() time.sleep("1h") end)
ok, why = pcall(waits.match, waits, "")
assert(not ok and why:find("attempt to block in a function called by 'match'", 1, true), why)
