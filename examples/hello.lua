-- The smallest program: one process, which says hello and ends.
--
--     warren run examples/hello.lua [NAME]

-- A file is called with the program's arguments.
local name = ... or "world"

-- `process` is what a process knows and does; see docs/lua-api.md.
print(("hello, %s, from process %s"):format(name, process.pid()))
