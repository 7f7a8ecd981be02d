-- The functions of Lua's own libraries refuse wrong types, and only these, with the
-- messages of Lua 5.4.
-- options: --log off
-- shows: I-8, C-2

local tried, expected = require("tried"), require("expected")

local wrong, called = {}, {}
for _, call in ipairs(require("calls")) do
  called[call:match("^[^(]+")] = true
  for place, came in ipairs(tried(call)) do
    if came ~= expected[call][place] then
      wrong[#wrong + 1] = call .. " #" .. place .. "\n  Lua:  " .. expected[call][place] .. "\n  here: " .. came
    end
  end
end

-- Functions that take nothing, do not return, are refused altogether, or are
-- shown elsewhere.
local others = " _G.print os.exit os.clock os.execute os.tmpname io.popen io.tmpfile io.flush package.loadlib string.dump "
  .. "debug.debug debug.gethook debug.sethook debug.getregistry debug.setmetatable "
  .. "_G.unpack table.create io.print io.eprint io.readline io.args "
  .. "coroutine.running coroutine.yield coroutine.spawn table.pack "
  .. "math.cosh math.sinh math.tanh math.pow math.frexp math.ldexp math.log10 math.atan2 "
for _, library in ipairs { "_G", "package", "coroutine", "string", "table", "math", "utf8", "io", "os", "debug" } do
  for name, value in pairs(_G[library]) do
    local path = library .. "." .. name
    local tried = called[path] or called[library == "_G" and name] or others:find(" " .. path .. " ", 1, true)
    if type(value) == "function" and not tried then
      wrong[#wrong + 1] = path .. " is not called"
    end
  end
end

assert(#wrong == 0, "\n" .. table.concat(wrong, "\n"))
