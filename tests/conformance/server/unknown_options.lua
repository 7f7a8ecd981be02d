-- An option that a start does not know, or that has a value of another type, is INVALID, and
-- the error has the option that was meant.
-- shows: SV-18
local pool, registry, server, supervisor = require("pool"), require("registry"), require("server"), require("supervisor")
local task = require("task")

local function refused(text, value, err)
  assert(value == nil and err:kind() == errors.INVALID and err:message() == text, err)
end

local me = process.id():match("[^#]+")
refused("options has the unknown key 'montior'; did you mean 'monitor'?", server.start(me, nil, { montior = true }))
refused("options has the unknown key 'namee'; did you mean 'name'?", server.start(me, nil, { namee = "x" }))
refused("options has the unknown key 'retries'; the keys are host, link, monitor, name, spawner, timeout",
  server.start(me, nil, { retries = 3 }))
refused("options has the unknown key 1; the keys are host, link, monitor, name, spawner, timeout",
  server.start(me, nil, { "name" }))
refused("options.link is true or false, not 'yes'", server.start(me, nil, { link = "yes" }))
refused("options.name is text, not 7", server.start(me, nil, { name = 7 }))
refused("options.host is text, not false", server.start(me, nil, { host = false }))
refused("timeout is not a duration such as \"1m30s\" or a number", server.start(me, nil, { timeout = "soon" }))
local value, err = server.start(me, nil, { spawner = {} })
assert(value == nil and err:find("options.spawner is a spawner, not table", 1, true), err)
local raised
raised, err = pcall(server.start, me, nil, "name")
assert(not raised and err:find("bad argument #3 to 'start' (table expected, got string)", 1, true), err)

-- All starts, and the descriptions of children.
for _, start in ipairs { pool.start, registry.start, supervisor.start } do
  refused("options has the unknown key 'hsot'; did you mean 'host'?", start({}, { hsot = "app:processes" }))
end
for name, module in pairs { pool = pool, registry = registry } do
  local described = name == "pool" and { worker = me } or { definition = me }
  raised, err = pcall(module.child, described, { id = "x", hots = "y" })
  assert(not raised and err:message() == "options has the unknown key 'hots'; did you mean 'host'?", err)
end
refused("work has the unknown key 'hots'; did you mean 'host'?", task.async { definition = me, hots = "x" })
refused("work.host is text, not 7", task.async { definition = me, host = 7 })
