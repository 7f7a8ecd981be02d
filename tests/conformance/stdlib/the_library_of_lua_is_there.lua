-- The standard library of Lua 5.4, but for what leads out of the sandbox.
-- shows: I-3, I-4, I-8
assert(_VERSION == "Lua 5.4")
for _, name in ipairs {
  "assert", "collectgarbage", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "print", "rawequal",
  "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall",
} do
  assert(type(_G[name]) == "function", name)
end
assert(load("return 1 + 1")() == 2 and load("x = = 1") == nil)
assert(not load("\27Lua"), "no binary chunks")
assert(load("return x", "chunk", "t", { x = 5 })() == 5)
assert(not pcall(string.dump, print))
assert(debug.sethook and debug.getregistry and debug.setupvalue and debug.setmetatable)
assert(type(debug.traceback("x")) == "string")

assert(string.pack("<i4", 7):byte() == 7 and ("%5.2f"):format(3.14159) == " 3.14")
assert(table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), ",") == "2,3,3")
assert(utf8.char(8364) == "€" and utf8.len("€uro") == 4)
assert(math.type(3 // 2) == "integer" and 7 // 0.0 == math.huge and math.tointeger("8") == 8)
assert(os.time { year = 2024, month = 1, day = 1, hour = 12 } == 1704110400, "the time zone is UTC")
assert(os.date("!%Y", 0) == "1970" and os.clock() >= 0 and os.time() > 1700000000)
collectgarbage()
assert(collectgarbage("count") > 0)
assert(("x"):rep(3, ",") == "x,x,x" and #("x"):rep(1 << 20) == 1 << 20)
