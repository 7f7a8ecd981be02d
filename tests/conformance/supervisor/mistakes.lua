-- A wrong description starts nothing; the error is INVALID and names the place.
-- shows: SU-12

local pool, registry = require("pool"), require("registry")
local server, supervisor = require("server"), require("supervisor")

local function refused(description, text)
  local pid, err = supervisor.start(description)
  assert(not pid and err:kind() == errors.INVALID, err)
  assert(err:find(text, 1, true), err)
  local result
  result, err = supervisor.run(description)
  assert(not result and err:kind() == errors.INVALID, err)
end

-- Wrong arguments of a start, and values in them that cannot cross, by their own names.
local function invalid(text, start, ...)
  local pid, err = start(...)
  assert(not pid and err:kind() == errors.INVALID, err)
  assert(err:find(text, 1, true), err)
end

local function child(fields)
  fields.definition = fields.definition or "app:main"
  return { children = { { id = "first", definition = "app:main" }, fields } }
end

return function()
  refused({ stratgy = "one_for_one" }, "supervisor has the unknown key 'stratgy'; did you mean 'strategy'?")
  refused({ stages = {} }, "supervisor has the unknown key 'stages'; the keys are backoff, child, children, max_children")
  refused({ strategy = "one" }, "supervisor.strategy is 'one'; it can be one_for_one, one_for_all, rest_for_one, dynamic")
  refused({ max_restarts = -1 }, "supervisor.max_restarts is an integer from 0, not -1")
  refused({ max_restarts = 1.5 }, "supervisor.max_restarts is an integer from 0, not 1.5")
  refused({ strategy = "dynamic", max_children = 0.5 }, "supervisor.max_children is an integer from 0, not 0.5")
  refused({ within = "soon" }, "supervisor.within is a duration such as '5s', not 'soon'")
  refused({ children = { 1 } }, "a child is a table, not 1")
  refused({ children = { {} } }, "a child without a name and a definition needs an id, text or integer")
  refused({ children = { { id = "a" } } }, "child 'a' has none of 'definition', 'server', 'supervisor' and 'start'; give one")
  refused(child { supervisor = "app:main" }, "child 'app:main' has 'definition' and 'supervisor'; give one of them")
  refused(child { id = "first" }, "supervisor has two children with the id 'first'")
  refused(child { restart = "always" }, "child 'app:main'.restart is 'always'; it can be permanent, transient, temporary")
  refused(child { shutdown = "soon" }, "child 'app:main'.shutdown is a duration such as '5s', not 'soon'")
  refused(child { shutdown = -1 }, "child 'app:main'.shutdown is a duration such as '5s', not -1")
  refused(child { ready = 1 }, "child 'app:main'.ready is true or false, not 1")
  refused(child { args = 1 }, "child 'app:main'.args is a list, not 1")
  refused(child { args = { n = 10000000 } }, "child 'app:main'.args has 10000000 arguments, more than 250")
  refused(child { args = { n = 1 << 40 } }, "child 'app:main'.args has 1099511627776 arguments, more than 250")
  refused(child { name = 1, id = "a" }, "child 'a'.name is text, not 1")
  refused(child { backoff = { factor = 0 } }, "child 'app:main'.backoff.factor is a number from 1, not 0")
  refused(child { backoff = { delay = 0 } }, "child 'app:main'.backoff has the unknown key 'delay'")
  refused({ strategy = "dynamic", children = {} }, "supervisor: strategy 'dynamic' begins without children")
  refused({ child = {} }, "supervisor.child is the template of strategy 'dynamic'")
  refused({ children = { definition = "app:main" } }, "supervisor.children is a list, not a table with the key 'definition'")
  refused({ children = { nil, { definition = "app:main" } } }, "supervisor.children[1] is nil")
  refused(child { args = { a = 1 } }, "child 'app:main'.args is a list, not a table with the key 'a'")
  refused({ children = { { definition = print } } }, "child.definition is a function, which cannot leave its process")
  refused({ strategy = "dynamic", child = { definitoin = "app:main" } }, "supervisor.child has the unknown key 'definitoin'")
  refused({ strategy = "dynamic", child = { definition = 7 } }, "supervisor.child.definition is text, not 7")
  refused({ strategy = "dynamic", child = { restart = "always" } }, "supervisor.child.restart is 'always'")
  refused({ children = { { id = "a", supervisor = { max_restarts = "many" } } } },
    "child 'a'.supervisor.max_restarts is an integer from 0, not 'many'")

  local me = { definition = "app:main" }
  invalid("child has none of 'definition', 'server', 'supervisor' and 'start'", registry.start, {})
  invalid("child.definition is text, not 7", registry.start, { definition = 7 })
  invalid("child is missing", registry.start)
  invalid("description is missing", supervisor.start)
  invalid("description is missing", pool.start)
  for name, start in pairs { ["table or string"] = supervisor.start, table = pool.start } do
    local raised, err = pcall(start, 7)
    assert(not raised and err:find(("bad argument #1 to 'start' (%s expected, got number)"):format(name), 1, true), err)
  end
  invalid("options has the unknown key 'nmae'", registry.start, me, { nmae = "rooms" })
  invalid("options.max_processes is an integer from 0, not 'x'", registry.start, me, { max_processes = "x" })
  invalid("options has the unknown key 'nmae'", supervisor.start, {}, { nmae = "top" })
  invalid("options.name is text, not 7", supervisor.start, {}, { name = 7 })
  invalid("options has the unknown key 'args'", supervisor.start, {}, { args = {} })
  invalid("options has the unknown key 'nmae'", pool.start, { worker = "app:main" }, { nmae = "pool" })
  for _, start in ipairs { supervisor.start, registry.start, pool.start } do
    local raised, err = pcall(start, me, 7)
    assert(not raised and err:find("bad argument #2 to 'start' (table expected, got number)", 1, true), err)
  end
  invalid("description.children[1].args[2]: a function", supervisor.start, { children = { { id = "a", definition = "app:main", args = { 1, print } } } })
  invalid("options.args[2]: a function", supervisor.start, "app:main", { args = { 1, print } })
  invalid("description.args[1]: a function", pool.start, { worker = "app:main", args = { print } })
  invalid("child.args[1]: a function", registry.start, { definition = "app:main", args = { print } })
  invalid("argument.f: a function", server.start, "app:main", { f = print })
  local result, err = supervisor.run { children = { { id = "a", definition = "app:main", args = { print } } } }
  assert(not result and err:find("child 'a' did not start: child 'a'.args[1]: a function", 1, true), err)
end
