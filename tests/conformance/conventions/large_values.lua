-- Long arrays, large maps, many values and many arguments cross whole.
-- shows: C-5, C-8, D-13, S-2

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, ...)
  if role then
    return select("#", ...)
  end
  local inbox = process.inbox()
  local array, map = {}, {}
  for i = 1, 70000 do
    array[i] = i
    map["k" .. i] = i
  end
  assert(process.send(process.pid(), "array", array))
  local back = inbox:receive():payload()
  assert(#back == 70000 and back[1] == 1 and back[70000] == 70000)
  assert(process.send(process.pid(), "map", map))
  back = inbox:receive():payload()
  local count = 0
  for key, value in pairs(back) do
    assert(map[key] == value)
    count = count + 1
  end
  assert(count == 70000)
  assert(process.send(process.pid(), "many", table.unpack(array, 1, 300)))
  assert(select("#", inbox:receive():payload()) == 300)
  assert(process.exec(me, host, "count", table.unpack({}, 1, 300)) == 300)
end
