-- Unknown definitions and hosts are NOT_FOUND, and nothing starts; so is what
-- cannot cross INVALID.
-- shows: S-7, S-14, X-8, C-16

local me, host = process.id():match("[^#]+"), "app:processes"
local variants = {
  process.spawn, process.spawn_monitored, process.spawn_linked, process.spawn_linked_monitored, process.exec,
}

return function(parent)
  if parent then
    process.send(parent, "started")
    return
  end
  for _, spawn in ipairs(variants) do
    for _, where in ipairs { { "app:nothing", host }, { "other:main", host }, { me, "app:nowhere" } } do
      local value, err = spawn(where[1], where[2], process.pid())
      assert(value == nil and errors.is(err, errors.NOT_FOUND), tostring(err))
    end
    local value, err = spawn(me, host, process.pid(), { f = print })
    assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
    assert(err:find("arg", 1, true) == 1 and err:find(".f: a function", 1, true), err)
  end
  process.send(process.pid(), "marker")
  assert(process.inbox():receive():topic() == "marker", "something was started")
end
