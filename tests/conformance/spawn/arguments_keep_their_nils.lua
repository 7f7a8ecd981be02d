-- Arguments keep number, nils and order; spawn says at once who it is.
-- shows: S-1, S-2, S-6

local me, host = process.id():match("[^#]+"), "app:processes"

return function(parent, ...)
  if parent then
    process.send(parent, "arguments", process.pid(), select("#", ...), ...)
    return
  end
  local got, events = process.listen("arguments"), process.events()
  for _, arguments in ipairs { table.pack(), table.pack(nil), table.pack(1, nil, "x", nil, nil), table.pack(false) } do
    local child = assert(process.spawn(me, host, process.pid(), table.unpack(arguments, 1, arguments.n)))
    local values = got:receive()
    assert(values[1] == child and values[2] == arguments.n)
    for i = 1, arguments.n do
      assert(values[2 + i] == arguments[i])
    end
  end
  assert(channel.select { events:case_receive(), default = true }.default, "a plain spawn was told")
end
