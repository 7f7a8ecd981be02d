-- Functions and a field that the seed's programs use beside Lua 5.4.
-- shows: I-14
-- arguments: a b
-- stderr: e	1
assert(unpack == table.unpack and os.platform == "warren")
local t = table.create(3, 2)
assert(next(t) == nil and #t == 0 and next(table.create()) == nil)
assert(not pcall(table.create, -1) and not pcall(table.create, 0, 1 << 40) and not pcall(table.create, "x"))
io.print("p", 1)
io.eprint("e", 1)
local args = io.args()
assert(#args == 2 and args[1] == "a" and args[2] == "b")
args[1] = "changed"
assert(io.args()[1] == "a" and io.readline() == nil)
