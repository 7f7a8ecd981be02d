-- A handler that is no function, or whose name is misspelt, is told at once.
-- shows: SV-16

local server = require("server")

local function wrong(text, handlers)
  local made, err = pcall(server.entry, handlers)
  assert(not made and tostring(err):find(text, 1, true), err)
  local value
  value, err = server.run(handlers)
  assert(value == nil and err:kind() == errors.INVALID and err:find(text, 1, true), err)
end

local function f() end

for misspelt, meant in pairs {
  cal = "call", clal = "call", calll = "call", acll = "call", csat = "cast", evnet = "event", trminate = "terminate",
  upgarde = "upgrade", iinit = "init", ifno = "info",
} do
  wrong(("no handler has the name '%s'; did you mean '%s'?"):format(misspelt, meant), { [misspelt] = f })
end
wrong("the handler 'call' is a function, not a number", { call = 5 })
wrong("the handler 'init' is a function, not a table", { init = {} })

-- Functions of other names are the program's own.
local others = {}
for _, name in ipairs { "calls", "events", "all", "update", "cost", "into", "unit", "start", "get", "add" } do
  others[name] = f
end
others.call, others.cal, others.n = f, f, 7
others.cast = setmetatable({}, { __call = f })
assert(server.entry(others) == others)
