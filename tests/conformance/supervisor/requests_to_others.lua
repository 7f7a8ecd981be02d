-- A request to a process of another kind is INVALID, also one that only looks, and with any
-- timeout; a missing destination or argument is INVALID.
-- shows: SU-18, C-3

local pool, registry, server, supervisor = require("pool"), require("registry"), require("server"), require("supervisor")

local me = process.id():match("[^#]+")

local counter = { call = function() return 7 end }

return function(...)
  if ... then
    return server.run(counter, ...)
  end
  local top, workers, seven = assert(supervisor.start {}), assert(pool.start { worker = me }), assert(server.start(me))
  local function refused(f, ...)
    local value, err = f(...)
    assert(value == nil and err:kind() == errors.INVALID, err)
    return err
  end
  for _, timeout in ipairs { 1, 2 } do
    local given = timeout == 1 and "1m" or nil
    for _, other in ipairs { workers, seven } do
      assert(refused(supervisor.count, other, given):find("is no supervisor", 1, true))
      refused(supervisor.children, other, given)
      refused(supervisor.find, other, "x", given)
      refused(supervisor.stop_child, other, "x", given)
      refused(supervisor.stop, other, given)
      assert(refused(registry.lookup, other, "x", given):find("'lookup'", 1, true))
      assert(refused(registry.keys, other, given):find("'keys'", 1, true))
      refused(registry.stop, other, "x", given)
    end
    for _, other in ipairs { top, seven } do
      assert(refused(pool.status, other, given):find("is no pool", 1, true))
      refused(pool.checkin, other, top, given)
      refused(pool.stop, other, given)
    end
  end
  refused(pool.run, top, 1)
  refused(pool.checkout, seven)
  refused(registry.start_or_get, seven, "x")
  assert(supervisor.count(top).children == 0 and pool.status(workers).size == 4 and server.call(seven) == 7)

  for _, f in ipairs {
    server.call, server.stop, server.cast, supervisor.start_child, supervisor.find, supervisor.stop,
    supervisor.children, pool.run, pool.checkout, pool.status, registry.start_or_get, registry.lookup,
    registry.keys, registry.stop,
  } do
    assert(refused(f):find("destination is missing: argument 1 is nil", 1, true))
    assert(refused(f, nil, 1):find("destination is missing", 1, true))
  end
  assert(refused(supervisor.find, top):message() == "child is missing")
  assert(refused(supervisor.start_child, top):message() == "child is missing")
  assert(refused(pool.checkin, workers):message() == "worker is missing")
  refused(registry.lookup, top)
  for name, f in pairs { find = supervisor.find, lookup = registry.lookup, keys = registry.keys, start_or_get = registry.start_or_get } do
    local raised, err = pcall(f, 7, "x")
    assert(not raised and err:find("bad argument #1 to '" .. name .. "' (string expected, got number)", 1, true), err)
  end
end
